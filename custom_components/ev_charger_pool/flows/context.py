"""What a form has to know of the site that its thing belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant

from ..balancing.failsafe import reserved_for_others
from ..config import PoolConfig
from ..const import (
    CONF_CONNECTION,
    CONF_FAIL_SAFE_CURRENT,
    CONF_FUSE,
    CONF_OCPP_PORT,
    CONF_PHASES,
    CONF_STATION,
    CONF_UNIT,
    DOMAIN,
    ROOT_CIRCUIT,
)
from ..forecasts import ForecastKind
from ..pool.circuits import Circuit
from ..pool.members import CircuitId, MemberId
from ..pool.quantities import PHASES, PerPhase, Phase, PhaseValues
from ..site import site_circuits
from ..vehicle_config import VehicleConfig
from .fields import Input

_TOLERANCE_A = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafe:
    """What one connector takes by itself once its lease has lapsed."""

    circuit: CircuitId
    phases: tuple[Phase, ...]
    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteContext:
    """A site, as far as a form needs to know it.

    Attributes:
        phases: The phases of its grid connection.
        fail_safe_current_a: What a connector takes by itself where nothing else is said.
        circuits: All of them by id, the root among them.
        ocpp_port: Where its stations connect.
        fail_safes: The fail-safe currents of all connectors, but for the one being set up.
        vehicles: Its vehicles, but for the one being set up.
        connector_names: What the connectors of its chargers are called.
        forecast_kinds: What it has forecasts of, but for the one being set up.
    """

    phases: tuple[Phase, ...]
    fail_safe_current_a: float
    circuits: Mapping[CircuitId, Circuit]
    ocpp_port: int
    fail_safes: tuple[FailSafe, ...] = field(default=())
    vehicles: tuple[VehicleConfig, ...] = field(default=())
    connector_names: Mapping[MemberId, str] = field(default_factory=dict)
    forecast_kinds: frozenset[ForecastKind] = field(default=frozenset())

    @property
    def circuit_names(self) -> dict[CircuitId, str]:
        """What the circuits are called."""
        return {key: circuit.name for key, circuit in self.circuits.items()}

    def path(self, circuit: CircuitId) -> Iterator[CircuitId]:
        """Yield a circuit and all that feed it, up to the grid connection."""
        at: CircuitId | None = circuit
        while at is not None:
            yield at
            at = self.circuits[at].parent

    def fail_safe_sum(self, circuit: CircuitId) -> PhaseValues:
        """Return what the connectors below a circuit take per phase once all leases lapsed."""
        sums = dict.fromkeys(PHASES, 0.0)
        for fail_safe in self.fail_safes:
            if circuit in self.path(fail_safe.circuit):
                for phase in fail_safe.phases:
                    sums[phase] += fail_safe.current_a
        return PerPhase(*(sums[phase] for phase in PHASES))

    def fail_safe_room(self, circuit: CircuitId, phases: tuple[Phase, ...]) -> float:
        """Return the largest fail-safe current that one more connector may have (SR-1).

        The fail-safes and what is reserved for everything else stay within every fuse above it.
        A form counts with the reserve of a site that was never measured; the controller goes on
        from there with what it learns.
        """
        return max(
            0.0,
            min(
                self.circuits[above].limit_a[phase]
                - reserved_for_others(self.circuits[above])[phase]
                - self.fail_safe_sum(above)[phase]
                for above in self.path(circuit)
                for phase in phases
            ),
        )

    def fits(self, fail_safe: FailSafe) -> bool:
        """Whether one more fail-safe current leaves every fuse what it needs (SR-1)."""
        if not fail_safe.current_a:
            return True
        room_a = self.fail_safe_room(fail_safe.circuit, fail_safe.phases)
        return fail_safe.current_a <= room_a + _TOLERANCE_A


def context_of_new_site(name: str, data: Input) -> SiteContext:
    """Return the context of a site whose form was just filled in."""
    phases = PHASES[: int(data[CONF_PHASES])]
    return SiteContext(
        phases=phases,
        fail_safe_current_a=data[CONF_FAIL_SAFE_CURRENT],
        ocpp_port=data[CONF_OCPP_PORT],
        circuits={
            ROOT_CIRCUIT: Circuit(
                id=ROOT_CIRCUIT,
                name=name,
                limit_a=PerPhase(
                    *(data[CONF_FUSE] if phase in phases else 0.0 for phase in PHASES)
                ),
            )
        },
    )


def context_of_entry(entry: ConfigEntry[Any], without: str | None = None) -> SiteContext:
    """Return the context of a site that is there.

    Args:
        entry: The site.
        without: The subentry being reconfigured, whose own fail-safes do not count.
    """
    config = PoolConfig.from_entry(entry)
    return SiteContext(
        phases=config.site.phases,
        fail_safe_current_a=config.site.fail_safe_current_a,
        ocpp_port=config.site.ocpp_port,
        circuits={circuit.id: circuit for circuit in site_circuits(config)},
        fail_safes=tuple(
            FailSafe(
                circuit=charger.circuit,
                phases=connector.rotation,
                current_a=connector.fail_safe_current_a,
            )
            for charger in config.chargers.values()
            if charger.subentry_id != without
            for connector in charger.connectors.values()
        ),
        vehicles=tuple(vehicle for vehicle in config.vehicles.values() if vehicle.id != without),
        connector_names={
            member: charger.name if len(charger.members) == 1 else f"{charger.name} {number}"
            for charger in config.chargers.values()
            for member, number in charger.members.items()
        },
        forecast_kinds=frozenset(
            forecast.kind for forecast in config.forecasts.values() if forecast.id != without
        ),
    )


def subentries_of_all_sites(
    hass: HomeAssistant, without: str | None = None
) -> Iterator[ConfigSubentry]:
    """Yield what is configured on every site: a device belongs to one of them only."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        for subentry in entry.subentries.values():
            if subentry.subentry_id != without:
                yield subentry


def names_of_sites(hass: HomeAssistant, without: ConfigEntry[Any] | None = None) -> list[str]:
    """Return what the sites are called, without the one being reconfigured."""
    return [
        entry.title
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry is not without
    ]


def is_station_taken(hass: HomeAssistant, station: str, without: str | None = None) -> bool:
    """Whether a station of this identity is configured already."""
    return any(
        subentry.data.get(CONF_STATION) == station
        for subentry in subentries_of_all_sites(hass, without)
    )


def is_link_taken(
    hass: HomeAssistant, connection: Input, unit_id: int, without: str | None = None
) -> bool:
    """Whether a Modbus unit on this link is configured already."""
    return any(
        CONF_CONNECTION in subentry.data
        and subentry.data[CONF_UNIT] == unit_id
        and endpoint(subentry.data[CONF_CONNECTION]) == endpoint(connection)
        for subentry in subentries_of_all_sites(hass, without)
    )


def endpoint(connection: Input) -> str:
    """Return what tells two Modbus links apart, whatever frames are spoken there."""
    if "device" in connection:
        return str(connection["device"])
    return f"{str(connection['host']).lower()}:{connection['port']}"
