"""A test stand under the sun: a surplus, a home battery, and settings for both."""

from datetime import timedelta

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.pool.circuits import (
    Circuit,
    MeterReport,
    ResourceKind,
    ResourceReport,
)
from custom_components.ev_charger_pool.pool.energy_settings import BatterySettings, SolarSettings
from custom_components.ev_charger_pool.pool.members import MemberSettings, MemberWishes, Mode
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading

from .stand import Stand, circuit, member

VOLTS = 230.0
MINUTE = 60
LEAST_W = 6.0 * VOLTS
"""What a member of one phase needs at least."""


def one_phase(name: str = "a", **changes: object) -> MemberSettings:
    return member(name, phases=(Phase.L1,), **changes)


class Sunny(Stand):
    """A stand whose house and sun are told as one surplus in watts."""

    def __init__(
        self,
        *members: MemberSettings,
        surplus_w: float = 0.0,
        solar: SolarSettings | None = None,
        battery: BatterySettings | None = None,
        circuits: tuple[Circuit, ...] | None = None,
        mode: Mode = Mode.SOLAR,
    ) -> None:
        self.solar = solar or SolarSettings()
        self.battery = battery or BatterySettings()
        self.battery_w: float | None = None
        """What the battery takes, None without one or when it is silent."""
        self.soc: float | None = None
        self.solar_w: float | None = None
        """What the plant tells of itself, passive sign; None: nothing."""
        super().__init__(*members, circuits=circuits or (circuit(35.0),))
        self.set_surplus(surplus_w)
        for settings in members:
            self.want(settings.member, mode)

    def configure(self) -> None:
        self.controller.configure(
            SiteSettings(
                circuits=self.circuits,
                members=tuple(device.settings for device in self.devices.values()),
                sharing=self.sharing,
                solar=self.solar,
                battery=self.battery,
            ),
            self.now,
        )

    def want(self, name: str, mode: Mode, *, boost_s: float | None = None) -> None:
        until = None if boost_s is None else self.now + timedelta(seconds=boost_s)
        self.controller.wish(name, MemberWishes(mode=mode, boost_until=until))

    def set_surplus(self, watts: float) -> None:
        """Set what sun less house gives, spread over the three phases."""
        self.set_other(-watts / 3.0 / VOLTS)

    def meter(self, name: str = "grid") -> MeterReport:
        stored_a = (self.battery_w or 0.0) / 3.0 / VOLTS
        values = [amps + stored_a for amps in self.load(name)]
        return MeterReport(
            circuit=name, current_a=Reading(value=PerPhase(*values), arrived_at=self.now)
        )

    def decide(self) -> Decision:
        if self.battery_w is not None:
            self.controller.observe_resource(
                ResourceReport(
                    id="battery",
                    kind=ResourceKind.BATTERY,
                    power_w=Reading(value=self.battery_w, arrived_at=self.now),
                    soc_percent=None
                    if self.soc is None
                    else Reading(value=self.soc, arrived_at=self.now),
                )
            )
        if self.solar_w is not None:
            self.controller.observe_resource(
                ResourceReport(
                    id="roof",
                    kind=ResourceKind.SOLAR,
                    power_w=Reading(value=self.solar_w, arrived_at=self.now),
                )
            )
        return super().decide()

    def draw_w(self, name: str = "a") -> float:
        return sum(self.devices[name].flow()) * VOLTS

    def grid_w(self) -> float:
        return sum(self.load()) * VOLTS + (self.battery_w or 0.0)
