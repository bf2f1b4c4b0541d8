"""What devices tell, handed to the controller in the words of the pool."""

from collections.abc import Callable, Iterable
from datetime import datetime
import logging

from homeassistant.core import callback

from .balancing.contract import Controller
from .ceilings import Ceilings
from .chargers.contract import ConnectorReport
from .device_config import ANYONE, ChargerConfig
from .dispatch import Dispatcher, Spawn
from .members import connector_report, supply_report
from .pool.members import MemberId, OrderKind
from .pool.states import ChargingStatus
from .power_supplies.contract import SupplyReport
from .roster import Member, Roster
from .session_book import SessionBook
from .snapshot import SiteSnapshot
from .starts import SessionStarter

_LOGGER = logging.getLogger(__name__)


class Senses:
    """Takes the reports of a site's devices, keeps its sessions, and starts those that wait."""

    def __init__(
        self,
        controller: Controller,
        roster: Roster,
        sessions: SessionBook,
        ceilings: Ceilings,
        dispatcher: Dispatcher,
        starter: SessionStarter,
        clock: Callable[[], datetime],
        *,
        on_news: Callable[[], None],
        on_capabilities: Callable[[str], None],
        on_departure: Callable[[MemberId], None],
        spawn: Spawn,
    ) -> None:
        """Connect the senses.

        Args:
            controller: Who has to know.
            roster: What is known of each member.
            sessions: The sessions that run.
            ceilings: The ceilings that are set, those of sessions among them.
            dispatcher: The way to the devices.
            starter: Knows which sessions to start.
            clock: The time, aware UTC.
            on_news: Called after each report.
            on_capabilities: Called with a device that told something new about itself.
            on_departure: Called with a connector whose car has left.
            spawn: Starts a task.
        """
        self._controller = controller
        self._roster = roster
        self._sessions = sessions
        self._ceilings = ceilings
        self._dispatcher = dispatcher
        self._starter = starter
        self._clock = clock
        self._on_news = on_news
        self._on_capabilities = on_capabilities
        self._on_departure = on_departure
        self._spawn = spawn
        self._started_by_itself: set[MemberId] = set()

    @callback
    def async_on_connector(self, member: MemberId, report: ConnectorReport) -> None:
        """Take a connector's newest report."""
        if (known := self._roster.members.get(member)) is None:
            return
        before = known.session
        known.connector = report
        known.session = self._sessions.observe(member, report)
        after_id = None if known.session is None else known.session.id
        if before is not None and before.id != after_id:
            if self._ceilings.release(member):
                self._roster.refresh_limits()
            self._on_departure(member)
        self._tell(known, report)
        self._on_news()

    @callback
    def async_on_supply(self, member: MemberId, report: SupplyReport) -> None:
        """Take a power supply's newest report."""
        if (known := self._roster.members.get(member)) is None:
            return
        known.supply = report
        at_most = self._dispatcher.at_most(member)
        self._controller.observe_member(
            supply_report(known.settings, report, None if at_most is None else at_most.power_w)
        )
        self._on_news()

    @callback
    def async_on_capabilities(self, device: str) -> None:
        """Take that a device told something new about what it can do or who it is."""
        self._on_capabilities(device)

    def start_sessions(self, chargers: Iterable[ChargerConfig], data: SiteSnapshot) -> None:
        """Start what waits to be started where anyone may charge.

        Args:
            chargers: The chargers of the site.
            data: The picture after the newest decision.
        """
        self._started_by_itself = {
            member
            for charger in chargers
            if charger.authorization == ANYONE
            for member in charger.members
        }
        for member in self._started_by_itself & data.members.keys():
            known = self._roster.members[member]
            if self._starter.is_due(member, data.members[member], data.taken_at):
                self._spawn(self._async_start(member), f"start {member}")
            elif known.connector and self._charging(known, known.connector) != known.charging:
                self._tell(known, known.connector)

    def _tell(self, known: Member, report: ConnectorReport) -> None:
        session = None if known.session is None else known.session.id
        known.charging = self._charging(known, report)
        self._controller.observe_member(connector_report(known.id, report, session, known.charging))

    def _charging(self, known: Member, report: ConnectorReport) -> ChargingStatus:
        """Return what a session does; one that will be started by itself does not wait."""
        if (
            report.charging is ChargingStatus.WAITING_FOR_AUTHORIZATION
            and known.id in self._started_by_itself
            and self._starter.hopes_for(known.id, known.session, self._clock())
        ):
            return ChargingStatus.NOT_CHARGING
        return report.charging

    async def _async_start(self, member: MemberId) -> None:
        result = await self._dispatcher.async_command(member, OrderKind.START)
        if not result.is_success:
            _LOGGER.info("The session of %s could not be started by itself: %s", member, result)
