"""What is known of each member right now, and the immutable view made of it."""

from dataclasses import dataclass

from .chargers.contract import ConnectorReport, DeviceIdentity
from .members import connector_shown_state, supply_shown_state
from .pool.actions import LimitAction
from .pool.limits import Limit
from .pool.members import MemberId, MemberKind, MemberSettings, MemberStatus
from .pool.sessions import Session
from .power_supplies.contract import SupplyReport
from .snapshot import MemberView
from .wishes import MemberWish


@dataclass(slots=True, kw_only=True)
class Member:
    """A member as the coordinator knows it; `view` is what others get to see."""

    settings: MemberSettings
    wish: MemberWish
    identity: DeviceIdentity
    connector: ConnectorReport | None = None
    supply: SupplyReport | None = None
    session: Session | None = None
    user_limit: Limit | None = None
    session_limit: Limit | None = None
    last_action: LimitAction | None = None

    @property
    def id(self) -> MemberId:
        """Its id in the pool."""
        return self.settings.member

    @property
    def is_connector(self) -> bool:
        """Whether it is a connector, else it is a power supply."""
        return self.settings.kind is MemberKind.CONNECTOR

    @property
    def online(self) -> bool:
        """Whether its device can be reached."""
        report = self.connector or self.supply
        return report is not None and report.online

    def view(self, status: MemberStatus | None) -> MemberView:
        """Return everything about it after a decision."""
        return MemberView(
            settings=self.settings,
            wishes=self.wish.wishes,
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
        )
