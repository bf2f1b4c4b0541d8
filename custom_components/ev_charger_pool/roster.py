"""Who is part of the pool, and what is known of each member right now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .balancing.contract import Controller, SiteSettings
from .ceilings import Ceilings
from .chargers.contract import ConnectorReport, DeviceIdentity
from .config import PoolConfig
from .fleet import ChargerDevice, Device, SupplyDevice
from .members import (
    connector_settings,
    connector_shown_state,
    supply_settings,
    supply_shown_state,
)
from .pool.actions import LimitAction
from .pool.circuits import Circuit
from .pool.limits import Limit
from .pool.members import (
    MemberId,
    MemberKind,
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Mode,
)
from .pool.plans import Plan
from .pool.sessions import Session
from .pool.states import ChargingStatus
from .power_supplies.contract import SupplyReport
from .session_book import SessionBook
from .site import site_circuits, site_settings
from .snapshot import MemberView, PluggedVehicle
from .wishes import MemberWish, WishStore


@dataclass(slots=True, kw_only=True)
class Member:
    """A member as the coordinator knows it; `view` is what others get to see.

    `charging` is what the controller was told that its session does, `default_mode` what the site
    does where nobody chose a mode.
    """

    settings: MemberSettings
    wish: MemberWish
    identity: DeviceIdentity
    connector: ConnectorReport | None = None
    charging: ChargingStatus = ChargingStatus.UNKNOWN
    default_mode: Mode = Mode.FAST
    supply: SupplyReport | None = None
    session: Session | None = None
    user_limit: Limit | None = None
    session_limit: Limit | None = None
    last_action: LimitAction | None = None
    plan: Plan | None = None
    vehicle: PluggedVehicle | None = None
    waited: timedelta = timedelta()

    @property
    def id(self) -> MemberId:
        """Its id in the pool."""
        return self.settings.member

    @property
    def is_connector(self) -> bool:
        """Whether it is a connector, else it is a power supply."""
        return self.settings.kind is MemberKind.CONNECTOR

    @property
    def wishes(self) -> MemberWishes:
        """What the user wants of it."""
        return self.wish.wishes(self.default_mode)

    @property
    def online(self) -> bool:
        """Whether its device can be reached."""
        report = self.connector or self.supply
        return report is not None and report.online

    def view(self, status: MemberStatus | None) -> MemberView:
        """Return everything about it after a decision."""
        return MemberView(
            settings=self.settings,
            wishes=self.wishes,
            state=connector_shown_state(self.connector)
            if self.is_connector
            else supply_shown_state(self.supply),
            status=status,
            connector=self.connector,
            supply=self.supply,
            identity=self.identity,
            session=self.session,
            user_limit=self.user_limit,
            session_limit=self.session_limit,
            last_action=self.last_action,
            plan=self.plan,
            vehicle=self.vehicle,
            waited=self.waited,
        )


class Roster:
    """The members and circuits of a site, in step with what is configured and what devices can."""

    def __init__(
        self,
        controller: Controller,
        wishes: WishStore,
        sessions: SessionBook,
        ceilings: Ceilings,
        devices: Mapping[str, Device],
        clock: Callable[[], datetime],
    ) -> None:
        """Begin with nobody.

        Args:
            controller: Who has to know who is there.
            wishes: What the user wants.
            sessions: The sessions that run.
            ceilings: The ceilings that are set.
            devices: The drivers by subentry, as far as they could be made.
            clock: The time, aware UTC.
        """
        self._controller = controller
        self._wishes = wishes
        self._sessions = sessions
        self._ceilings = ceilings
        self._devices = devices
        self._clock = clock
        self._site: SiteSettings | None = None
        self.members: dict[MemberId, Member] = {}
        self.circuits: tuple[Circuit, ...] = ()

    @property
    def subjects(self) -> set[str]:
        """The ids of all members and circuits."""
        return {*self.members, *(circuit.id for circuit in self.circuits)}

    def configure(self, config: PoolConfig) -> None:
        """Tell the controller who is there and what each can do, when that changed."""
        settings = {wanted.member: wanted for wanted in self._member_settings(config)}
        gone = self.members.keys() - settings.keys()
        for member in gone:
            self._sessions.forget(member, self._clock())
            self._ceilings.release(member)
            del self.members[member]
        new = settings.keys() - self.members.keys()
        for member, wanted in settings.items():
            self._take_settings(member, wanted)
        circuits = site_circuits(config)
        site = site_settings(config, circuits, settings.values())
        if site == self._site:
            return
        self._site, self.circuits = site, circuits
        self._controller.configure(site, self._clock())
        for member in new:
            self._controller.wish(member, self.members[member].wishes)
        self.refresh_limits()

    def take_wish(self, member: MemberId) -> None:
        """Tell the controller what the user wants of a member."""
        known = self.members[member]
        known.wish, known.default_mode = self._wishes.of(member), self._wishes.default_mode
        self._controller.wish(member, known.wishes)

    def refresh_limits(self) -> None:
        """Tell the controller every ceiling that is in force."""
        circuits = {circuit.id for circuit in self.circuits}
        self._controller.set_limits(self._ceilings.in_force(set(self.members), circuits))
        for member, known in self.members.items():
            known.user_limit = self._ceilings.user_limit(member)
            known.session_limit = self._ceilings.session_limit(member)

    def _take_settings(self, member: MemberId, settings: MemberSettings) -> None:
        device = self._devices.get(member.partition(":")[0])
        identity = DeviceIdentity() if device is None else device.identity
        if (known := self.members.get(member)) is not None:
            known.settings, known.identity = settings, identity
            return
        self.members[member] = Member(
            settings=settings,
            wish=self._wishes.of(member),
            default_mode=self._wishes.default_mode,
            identity=identity,
            session=self._sessions.of(member),
        )

    def _member_settings(self, config: PoolConfig) -> list[MemberSettings]:
        found = []
        for charger in config.chargers.values():
            device = self._devices.get(charger.subentry_id)
            for member, number in charger.members.items():
                able = device.capabilities(number) if isinstance(device, ChargerDevice) else None
                wish = self._wishes.of(member)
                found.append(connector_settings(charger, number, able, wish))
        for supply in config.supplies.values():
            device = self._devices.get(supply.subentry_id)
            driver = device.supply if isinstance(device, SupplyDevice) else None
            found.append(supply_settings(supply, driver, self._wishes.of(supply.member)))
        return found
