"""Each limit action goes from requested to completed or failed, and nowhere else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from custom_components.ev_charger_pool.actions import INTERRUPTED, LimitActions
from custom_components.ev_charger_pool.pool.actions import ActionKind, ActionStatus, LimitAction
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.sessions import Session

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SESSION = Session(id="s1", member="garage:1", started_at=NOW)


class Ledger:
    """The actions with what was kept and told of them."""

    def __init__(self) -> None:
        ids = count(1)
        self.kept: list[LimitAction] = []
        self.told: list[LimitAction] = []
        self.actions = LimitActions(self.kept.append, lambda: f"a{next(ids)}")
        self.unsubscribe = self.actions.add_listener(self.told.append)

    def set_limit(self, value: float = 10.0, seconds: float = 0) -> LimitAction:
        at = NOW + timedelta(seconds=seconds)
        return self.actions.request("garage:1", ActionKind.SET, LimitUnit.CURRENT, value, at)


@pytest.mark.parametrize(
    ("error", "status"), [(None, ActionStatus.COMPLETED), ("timed_out", ActionStatus.FAILED)]
)
def test_the_life_of_an_action(error: str | None, status: ActionStatus) -> None:
    ledger = Ledger()
    asked = ledger.set_limit()
    assert (asked.status, asked.ended_at) == (ActionStatus.REQUESTED, None)
    assert ledger.actions.last("garage:1") == asked
    ended = ledger.actions.finish(asked, error, NOW + timedelta(seconds=2))
    assert (ended.id, ended.status, ended.error) == (asked.id, status, error)
    assert ended.ended_at == NOW + timedelta(seconds=2)
    assert ledger.kept == ledger.told == [asked, ended]
    ledger.unsubscribe()
    ledger.set_limit()
    assert len(ledger.told) == 2


def test_the_newest_stays_the_last_when_an_older_one_ends_later() -> None:
    ledger = Ledger()
    old = ledger.set_limit(10.0)
    new = ledger.set_limit(8.0, seconds=1)
    ledger.actions.finish(old, "failed", NOW + timedelta(seconds=3))
    assert ledger.actions.last("garage:1") == new


def test_what_was_under_way_at_a_kill_has_failed() -> None:
    action = Ledger().set_limit()
    ledger = Ledger()
    assert ledger.actions.restore([action], [], NOW) == []
    last = ledger.actions.last("garage:1")
    assert last is not None
    assert (last.status, last.error) == (ActionStatus.FAILED, INTERRUPTED)
    assert ledger.kept == [last]


def test_i6_the_ceiling_of_a_session_that_resumes_is_still_there() -> None:
    done = replace(Ledger().set_limit(), status=ActionStatus.COMPLETED, ended_at=NOW)
    newer = replace(done, id="a9", value=8.0, requested_at=NOW + timedelta(seconds=5))
    cleared = replace(newer, id="a10", kind=ActionKind.CLEAR, value=None)
    before = replace(done, requested_at=NOW - timedelta(seconds=1))
    assert Ledger().actions.restore([done, newer], [SESSION], NOW) == [(SESSION, newer)]
    assert Ledger().actions.restore([done, cleared], [SESSION], NOW) == []
    failed = replace(newer, id="a11", status=ActionStatus.FAILED)
    uncleared = replace(cleared, status=ActionStatus.FAILED)
    killed = replace(newer, status=ActionStatus.REQUESTED, ended_at=None)
    for late in (failed, uncleared, killed):
        assert Ledger().actions.restore([done, late], [SESSION], NOW) == [(SESSION, done)]
        assert Ledger().actions.restore([late], [SESSION], NOW) == []
    assert Ledger().actions.restore([before], [SESSION], NOW) == []
    assert Ledger().actions.restore([], [SESSION], NOW) == []
