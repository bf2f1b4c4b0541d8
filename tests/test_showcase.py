"""Who shows a part of the picture is told once per turn, of what is new in it only."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from custom_components.ev_charger_pool.balancing.contract import Problem, ProblemKind
from custom_components.ev_charger_pool.chargers.contract import DeviceIdentity
from custom_components.ev_charger_pool.pool.circuits import Circuit
from custom_components.ev_charger_pool.pool.members import MemberSettings, Mode
from custom_components.ev_charger_pool.pool.quantities import PerPhase
from custom_components.ev_charger_pool.roster import Member
from custom_components.ev_charger_pool.showcase import Showcase
from custom_components.ev_charger_pool.snapshot import SiteSnapshot
from custom_components.ev_charger_pool.snapshots import take_snapshot
from custom_components.ev_charger_pool.wishes import MemberWish

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GRID = Circuit(id="grid", name="Home", limit_a=PerPhase.same(25.0))
PROBLEM = Problem(kind=ProblemKind.METER_STALE, subject="grid", since=NOW)


def picture(*problems: Problem, **models: str) -> SiteSnapshot:
    """Return a picture with a member of each name, whose device is of the model."""
    members = [
        Member(
            settings=MemberSettings(member=name, circuit="grid", max_current_a=16.0, lease=None),
            wish=MemberWish(),
            identity=DeviceIdentity(model=model),
        )
        for name, model in models.items()
    ]
    return take_snapshot(NOW, members, [GRID], {}, None, problems)


def showcase() -> Showcase:
    return Showcase(asyncio.get_running_loop(), picture())


async def async_end_turn() -> None:
    await asyncio.sleep(0)


async def test_who_shows_a_member_is_told_of_it_alone_and_once_per_turn() -> None:
    shown = showcase()
    told: list[str] = []
    for name in ("one", "two"):
        shown.async_add_listener(lambda name=name: told.append(name), name)  # type: ignore[misc]
    shown.async_add_listener(lambda: told.append("any"), None)
    shown.async_show(picture(one="old", two="old"))
    await async_end_turn()
    assert sorted(told) == ["any", "one", "two"]
    told.clear()
    shown.async_show(picture(one="new", two="old"))
    shown.async_show(picture(one="newest", two="old"))
    assert told == [], "what is to be sent goes out first"
    assert shown.data == picture(one="newest", two="old")
    await async_end_turn()
    assert told == ["one", "any"]
    shown.async_show(picture(one="newest", two="old"))
    await async_end_turn()
    assert told == ["one", "any"]


async def test_what_changed_back_within_a_turn_is_told() -> None:
    # Who was told nothing of the first change may have read the picture in between.
    shown = showcase()
    shown.async_show(picture(one="old"))
    await async_end_turn()
    told: list[str] = []
    shown.async_add_listener(lambda: told.append("one"), "one")
    shown.async_show(picture(one="new"))
    shown.async_show(picture(one="old"))
    await async_end_turn()
    assert told == ["one"]


async def test_members_and_circuits_that_come_are_told() -> None:
    shown = showcase()
    members: list[str] = []
    circuits: list[str] = []
    shown.async_add_member_listener(members.append)
    shown.async_add_circuit_listener(circuits.append)
    shown.async_show(picture(one="old"))
    await async_end_turn()
    shown.async_show(picture(one="old", two="old"))
    await async_end_turn()
    assert (members, circuits) == (["one", "two"], ["grid"])


async def test_nobody_is_told_after_the_end() -> None:
    shown = showcase()
    told: list[str] = []
    shown.async_add_listener(lambda: told.append("any"), None)
    shown.async_show(picture(one="old"))
    shown.async_stop()
    await async_end_turn()
    assert told == []


async def test_what_the_site_as_a_whole_shows_is_told() -> None:
    shown = showcase()
    told: list[str] = []
    shown.async_add_listener(lambda: told.append("any"), None)
    shown.async_show(replace(picture(), default_mode=Mode.SOLAR))
    await async_end_turn()
    assert told == ["any"]
    shown.async_show(replace(picture(), default_mode=Mode.SOLAR, surplus_w=700.0))
    await async_end_turn()
    assert told == ["any", "any"]
