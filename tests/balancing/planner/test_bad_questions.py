"""Questions that make no sense are told with what to change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
import math
from typing import Any

import pytest

from custom_components.ev_charger_pool.balancing.planner import PlanError, PlanSettings
from custom_components.ev_charger_pool.balancing.topology import TopologyError
from custom_components.ev_charger_pool.const import ROOT_CIRCUIT
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase

from .futures import QUARTER, START, Future, circuit, request, slots_of

SOUND = Future(
    requests=[request("car", 1_000.0, 4)],
    slots=slots_of([0.1, 0.2, 0.3, 0.4], capacity_w=4_000.0),
    circuits=[circuit(ROOT_CIRCUIT, None)],
)
NAIVE = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - what is refused here
ELSEWHERE = datetime(2026, 11, 20, 13, tzinfo=timezone(timedelta(hours=1)))


def with_request(**given: Any) -> Future:
    """Return the sound question with a request that is not."""
    return replace(SOUND, requests=[replace(SOUND.requests[0], **given)])


def with_slot(**given: Any) -> Future:
    """Return the sound question with a slot that is not."""
    return replace(SOUND, slots=[SOUND.slots[0], replace(SOUND.slots[1], **given)])


@pytest.mark.parametrize(
    ("future", "message"),
    [
        (replace(SOUND, slots=[]), "there is no slot after now; plans need at least one"),
        (replace(SOUND, now=START + 4 * QUARTER), "there is no slot after now"),
        (replace(SOUND, now=NAIVE), "now, .* is not in UTC; convert it to UTC first"),
        (replace(SOUND, requests=[*SOUND.requests] * 2), "car has two requests"),
        (with_request(ready_at=NAIVE), "has to be ready, .* is not in UTC"),
        (with_request(begin_at=ELSEWHERE), "may begin, .* is not in UTC"),
        (with_request(circuit="cellar"), "circuit cellar, which does not exist"),
        (with_request(energy_wh=-1.0), "the energy of car .* at least 0 Wh, not -1"),
        (with_request(energy_wh=math.nan), "the energy of car .* not nan"),
        (with_request(delivered_wh=math.inf), "charged already .* not inf"),
        (with_request(min_power_w=-5.0), "the least power of car"),
        (with_request(max_power_w=math.nan), "the most power of car"),
        (with_request(min_power_w=5_000.0), "its least power, 5000 W, is above its most, 4000 W"),
        (with_request(phases=()), "one, two or three different phases"),
        (with_request(phases=(Phase.L1, Phase.L1)), "different phases"),
        (with_request(weight=0.0), "the weight of car has to be above 0"),
        (with_slot(until_at=START), "it has to end after its start"),
        (with_slot(from_at=NAIVE), "a slot's start, .* is not in UTC"),
        (with_slot(from_at=START), "put slots in order and let them not overlap"),
        (with_slot(surplus_w=-1.0), "the surplus in the slot .* at least 0 W"),
        (with_slot(feed_in_per_kwh=math.nan), "use 0 where nothing is paid"),
        (with_slot(capacity_w={ROOT_CIRCUIT: -1.0}), "has to be at least 0 W, not -1"),
        (with_slot(capacity_w={ROOT_CIRCUIT: math.nan}), "leave it out where there is no limit"),
        (with_slot(capacity_w={"cellar": 1.0}), "cellar, which does not exist"),
        (with_slot(phase_capacity_w={ROOT_CIRCUIT: PerPhase(1.0, -1.0, 1.0)}), "not -1"),
    ],
)
def test_what_is_wrong_is_told(future: Future, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        future.plan()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (PlanSettings(tolerance=-0.1), "the tolerance is a share"),
        (PlanSettings(tolerance=math.nan), "the tolerance is a share"),
        (PlanSettings(co2_price_per_kg=math.nan), "a kilogram of CO2"),
        (PlanSettings(co2_price_per_kg=-1.0), "a kilogram of CO2"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(settings: PlanSettings, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        SOUND.plan(settings)


def test_circuits_that_are_no_tree_are_told() -> None:
    with pytest.raises(TopologyError, match="have no parent"):
        replace(SOUND, circuits=[*SOUND.circuits, circuit("other", None)]).plan()


def test_times_in_any_spelling_of_utc_are_taken() -> None:
    zero = timezone(timedelta(0), "GMT")
    future = with_request(
        ready_at=(START + QUARTER).astimezone(zero), begin_at=START.replace(tzinfo=UTC)
    )

    assert future.plan().promises["car"].holds


def test_an_infinite_capacity_is_no_limit() -> None:
    future = with_slot(capacity_w={ROOT_CIRCUIT: math.inf})

    assert future.plan().promises["car"].holds
