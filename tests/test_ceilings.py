"""A ceiling of a session binds from before the first command after a restart, until it ends."""

from datetime import UTC, datetime, timedelta

from homeassistant.core import HomeAssistant

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.ceilings import Ceilings
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.members import (
    Lease,
    MemberRecord,
    MemberSettings,
    OrderKind,
)
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.wishes import WishStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITE = SiteSettings(
    circuits=(Circuit(id="grid", name="Home", limit_a=PerPhase.same(25.0)),),
    members=(
        MemberSettings(
            member="garage:1",
            circuit="grid",
            max_current_a=16.0,
            lease=Lease(duration=timedelta(seconds=180), renewal=timedelta(seconds=75)),
        ),
    ),
)
KEPT = MemberRecord(
    member="garage:1",
    granted_a=12.0,
    outstanding_a=12.0,
    lapse_to_a=0.0,
    expires_at=NOW + timedelta(seconds=100),
    decided_at=NOW - timedelta(seconds=80),
    session="s1",
)


def decided_after_restart(ceilings: Ceilings) -> Decision:
    controller = SiteController()
    controller.configure(SITE, NOW)
    controller.restore([KEPT], [], NOW)
    controller.set_limits(ceilings.in_force({"garage:1"}, {"grid"}))
    return controller.decide(NOW)


async def test_i6_a_ceiling_of_a_session_binds_before_any_device_told_of_its_session(
    hass: HomeAssistant,
) -> None:
    ceilings = Ceilings(WishStore(hass, "01SITE"))
    assert decided_after_restart(ceilings).orders == ()
    ceilings.bind(Session(id="s1", member="garage:1", started_at=NOW), LimitUnit.CURRENT, 8.0)
    (order,) = decided_after_restart(ceilings).orders
    assert (order.kind, order.grant.current_a) == (OrderKind.SET, 8.0)
    ceilings.release("garage:1")
    assert decided_after_restart(ceilings).orders == ()
