"""Ceilings: whose they are, when one of a session begins and ends, and what a failure undoes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.balancing.contract import Decision, SiteSettings
from custom_components.ev_charger_pool.balancing.controller import SiteController
from custom_components.ev_charger_pool.ceilings import Ceilings
from custom_components.ev_charger_pool.pool.actions import (
    ActionKind,
    ActionStatus,
    LimitAction,
)
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.limits import LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.members import (
    Lease,
    MemberRecord,
    MemberSettings,
    OrderKind,
)
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.wishes import WishStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SESSION = Session(id="s1", member="garage:1", started_at=NOW)
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


def action(
    value: float | None,
    name: str = "a1",
    *,
    member: str = "garage:1",
    unit: LimitUnit = LimitUnit.CURRENT,
) -> LimitAction:
    return LimitAction(
        id=name,
        member=member,
        kind=ActionKind.CLEAR if value is None else ActionKind.SET,
        unit=unit,
        value=value,
        status=ActionStatus.REQUESTED,
        requested_at=NOW,
    )


def ended(asked: LimitAction, status: ActionStatus) -> LimitAction:
    return replace(asked, status=status, ended_at=NOW)


def value_of(ceilings: Ceilings) -> float | None:
    limit = ceilings.session_limit("garage:1")
    return None if limit is None else limit.value


@pytest.fixture
def ceilings(hass: HomeAssistant) -> Ceilings:
    return Ceilings(WishStore(hass, "01SITE"))


async def test_ceilings_of_everybody(hass: HomeAssistant) -> None:
    store = WishStore(hass, "01SITE")
    await store.async_change("garage:1", user_limit_a=10.0)
    await store.async_change("gone:1", user_limit_a=10.0)
    await store.async_limit_circuit("grid", 20.0)
    await store.async_limit_circuit("gone", 20.0)
    ceilings = Ceilings(store)
    ceilings.ask(SESSION, action(3000.0, unit=LimitUnit.POWER))
    ceilings.ask(
        Session(id="s2", member="gone:1", started_at=NOW), action(6.0, "a2", member="gone:1")
    )

    limits = {limit.id: limit for limit in ceilings.in_force({"garage:1"}, {"grid"})}
    assert set(limits) == {"user:garage:1", "user:grid", "session:garage:1"}
    assert limits["user:garage:1"].value == 10.0
    assert limits["user:grid"].circuit == "grid"
    assert limits["user:grid"].scope is LimitScope.CONNECTION, "who lowers a fuse means all of it"
    assert limits["session:garage:1"].unit is LimitUnit.POWER
    assert limits["session:garage:1"].session == "s1"
    assert {limit.source for limit in limits.values()} == {ReasonKind.USER}
    assert ceilings.user_limit("other") is None
    shown = ceilings.session_limit("garage:1")
    assert shown is not None
    assert (shown.session, shown.value) == ("s1", 3000.0)
    assert ceilings.release("garage:1")
    assert not ceilings.release("garage:1")


def test_i6_a_ceiling_of_a_session_binds_before_any_device_told_of_its_session(
    ceilings: Ceilings,
) -> None:
    assert decided_after_restart(ceilings).orders == ()
    ceilings.ask(SESSION, action(8.0))
    (order,) = decided_after_restart(ceilings).orders
    assert (order.kind, order.grant.current_a) == (OrderKind.SET, 8.0)
    ceilings.release("garage:1")
    assert decided_after_restart(ceilings).orders == ()


def test_a_ceiling_counts_from_its_request_on(ceilings: Ceilings) -> None:
    ceilings.ask(SESSION, action(8.0))
    assert value_of(ceilings) == 8.0
    assert not ceilings.settle(ended(action(8.0), ActionStatus.COMPLETED))
    assert value_of(ceilings) == 8.0


def test_what_failed_leaves_what_was_before(ceilings: Ceilings) -> None:
    ceilings.ask(SESSION, action(10.0, "first"))
    ceilings.settle(ended(action(10.0, "first"), ActionStatus.COMPLETED))
    ceilings.ask(SESSION, action(8.0, "second"))
    assert ceilings.settle(ended(action(8.0, "second"), ActionStatus.FAILED))
    assert value_of(ceilings) == 10.0
    ceilings.ask(SESSION, action(None, "third"))
    assert value_of(ceilings) is None
    assert ceilings.settle(ended(action(None, "third"), ActionStatus.FAILED))
    assert value_of(ceilings) == 10.0


def test_a_failure_takes_nothing_from_a_newer_action(ceilings: Ceilings) -> None:
    ceilings.ask(SESSION, action(8.0, "first"))
    ceilings.ask(SESSION, action(12.0, "second"))
    assert not ceilings.settle(ended(action(8.0, "first"), ActionStatus.FAILED))
    assert value_of(ceilings) == 12.0
    assert ceilings.settle(ended(action(12.0, "second"), ActionStatus.FAILED))
    assert value_of(ceilings) is None


def test_what_was_replaced_does_not_come_back(ceilings: Ceilings) -> None:
    ceilings.ask(SESSION, action(8.0, "first"))
    ceilings.ask(SESSION, action(12.0, "second"))
    ceilings.settle(ended(action(12.0, "second"), ActionStatus.COMPLETED))
    assert not ceilings.settle(ended(action(8.0, "first"), ActionStatus.COMPLETED))
    ceilings.ask(SESSION, action(6.0, "third"))
    ceilings.settle(ended(action(6.0, "third"), ActionStatus.FAILED))
    assert value_of(ceilings) == 12.0


def test_an_action_that_outlives_its_session_changes_nothing(ceilings: Ceilings) -> None:
    ceilings.ask(SESSION, action(8.0))
    ceilings.release("garage:1")
    for status in (ActionStatus.COMPLETED, ActionStatus.FAILED):
        assert not ceilings.settle(ended(action(8.0), status))
        assert value_of(ceilings) is None
