"""Where anyone may charge, a station that waits for a word is given one, three times at most."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.ev_charger_pool.chargers.contract import ConnectorReport, DeviceIdentity
from custom_components.ev_charger_pool.pool.members import (
    MemberSettings,
    MemberStatus,
    MemberWishes,
    Mode,
)
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.pool.sessions import Session
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState
from custom_components.ev_charger_pool.snapshot import MemberView
from custom_components.ev_charger_pool.starts import SessionStarter

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STATUS = MemberStatus(
    member="garage:1",
    granted_a=10.0,
    commitment_a=10.0,
    limited_by=Reason(kind=ReasonKind.CHARGER),
)
REPORT = ConnectorReport(
    connector=1,
    arrived_at=NOW,
    online=True,
    charging=ChargingStatus.WAITING_FOR_AUTHORIZATION,
)
VIEW = MemberView(
    settings=MemberSettings(member="garage:1", circuit="grid", max_current_a=16.0, lease=None),
    wishes=MemberWishes(),
    state=ConnectorState.EV_PLUGGED,
    status=STATUS,
    connector=REPORT,
    identity=DeviceIdentity(),
    session=Session(id="s1", member="garage:1", started_at=NOW),
)


def attempts(starter: SessionStarter, view: MemberView, seconds: int = 600) -> list[int]:
    return [
        second
        for second in range(seconds)
        if starter.is_due("garage:1", view, NOW + timedelta(seconds=second))
    ]


def test_three_attempts_with_growing_pauses() -> None:
    assert attempts(SessionStarter(), VIEW) == [0, 30, 90]


def test_a_new_session_is_a_new_chance() -> None:
    starter = SessionStarter()
    attempts(starter, VIEW)
    again = replace(VIEW, session=Session(id="s2", member="garage:1", started_at=NOW))
    assert attempts(starter, again) == [0, 30, 90]


@pytest.mark.parametrize(
    "view",
    [
        replace(VIEW, session=None),
        replace(VIEW, connector=None),
        replace(VIEW, connector=replace(REPORT, online=False)),
        replace(VIEW, connector=replace(REPORT, charging=ChargingStatus.SUSPENDED_BY_CHARGER)),
        replace(VIEW, state=ConnectorState.IDLE),
        replace(VIEW, wishes=MemberWishes(mode=Mode.OFF)),
        replace(VIEW, status=None),
        replace(VIEW, status=replace(STATUS, granted_a=0.0)),
    ],
)
def test_nothing_is_started_that_does_not_wait_or_may_not_charge(view: MemberView) -> None:
    assert attempts(SessionStarter(), view) == []


def test_what_a_user_stopped_stays_stopped_until_a_user_starts_it() -> None:
    starter = SessionStarter()
    starter.withhold("garage:1", "s1")
    assert attempts(starter, VIEW) == []
    starter.release("garage:1")
    assert attempts(starter, VIEW) == [0, 30, 90]
    starter.withhold("garage:1", "earlier")
    other = replace(VIEW, session=Session(id="s3", member="garage:1", started_at=NOW))
    assert attempts(starter, other) == [0, 30, 90]


def test_hope_ends_a_minute_after_the_last_attempt() -> None:
    starter = SessionStarter()
    assert starter.hopes_for("garage:1", VIEW.session, NOW)
    attempts(starter, VIEW)
    for seconds, hope in ((91, True), (149, True), (150, False)):
        at = NOW + timedelta(seconds=seconds)
        assert starter.hopes_for("garage:1", VIEW.session, at) is hope
    assert not starter.hopes_for("garage:1", None, NOW)
    starter.withhold("garage:1", "s1")
    assert not starter.hopes_for("garage:1", VIEW.session, NOW)
