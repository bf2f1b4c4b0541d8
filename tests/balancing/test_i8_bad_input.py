"""I8: one broken device, source or meter never stops the others; bad input is counted."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ev_charger_pool.balancing.contract import ProblemKind
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.circuits import (
    MeterReport,
    ResourceKind,
    ResourceReport,
)
from custom_components.ev_charger_pool.pool.members import MemberReport, MemberWishes
from custom_components.ev_charger_pool.pool.quantities import PerPhase, Phase
from custom_components.ev_charger_pool.pool.readings import Reading
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState

from .stand import START, Stand, circuit, member

anything: st.SearchStrategy[Any] = (
    st.none()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.integers()
    | st.text(max_size=4)
    | st.booleans()
)
times: st.SearchStrategy[Any] = st.none() | st.datetimes() | st.just(START) | st.text(max_size=3)
triples = st.builds(PerPhase, anything, anything, anything)


@st.composite
def readings(draw: st.DrawFn, value: st.SearchStrategy[Any]) -> Reading[Any]:
    return Reading(value=draw(value), arrived_at=draw(times), measured_at=draw(times))


reports = st.builds(
    MemberReport,
    member=st.sampled_from(["a", "gone"]),
    arrived_at=times,
    online=st.booleans(),
    state=st.sampled_from(ConnectorState),
    charging=st.sampled_from(ChargingStatus),
    current=st.none() | readings(triples | anything),
    power_w=st.none() | readings(anything),
    demand_w=anything,
    set_current_a=anything,
    limit_a=anything,
    booted_at=times,
    session=st.none() | st.text(max_size=2),
)
meters = st.builds(
    MeterReport,
    circuit=st.sampled_from(["grid", "gone"]),
    current_a=st.none() | readings(triples | anything),
    power_w=st.none() | readings(triples | anything),
    total_power_w=st.none() | readings(anything),
)
resources = st.builds(
    ResourceReport,
    id=st.just("sun"),
    kind=st.sampled_from(ResourceKind),
    power_w=readings(anything),
)


@settings(max_examples=40)
@given(st.lists(reports | meters | resources, max_size=12))
def test_i8_nothing_that_is_told_raises_out_of_the_controller(
    told: list[MemberReport | MeterReport | ResourceReport],
) -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(5)
    for one in told:
        match one:
            case MemberReport():
                stand.controller.observe_member(one)
            case MeterReport():
                stand.controller.observe_meter(one)
            case ResourceReport():
                stand.controller.observe_resource(one)
        stand.tick()
    stand.run(5)
    assert stand.decision.members["b"].granted_a >= 0.0


def test_i8_a_bad_field_costs_that_field_only() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    device = stand.devices["a"]
    nan = float("nan")
    for _ in range(5):
        device.change = {
            "current": Reading(value=PerPhase(nan, 0.0, 0.0), arrived_at=stand.now),
            "limit_a": -3.0,
            "demand_w": nan,
            "set_current_a": 1e9,
            "power_w": Reading(value=1e12, arrived_at=stand.now),
            "booted_at": datetime(2026, 1, 1),  # noqa: DTZ001
            "charging": ChargingStatus.FAULT,
        }
        stand.tick()
    # The rest of the report still counts.
    assert stand.granted() == 0.0
    refused = stand.controller.refused
    assert {name: refused[name] for name in sorted(refused)} == {
        "member_booted_at": 5,
        "member_current": 5,
        "member_demand": 5,
        "member_limit": 5,
        "member_power": 5,
        "member_reports": 5,
        "member_set_current": 5,
    }


def test_i8_unknown_subjects_are_counted() -> None:
    stand = Stand(member("a"), circuits=(circuit(25.0, metered=False),))
    stand.controller.observe_member(replace(stand.devices["a"].report(stand.now), member="x"))
    stand.controller.observe_meter(stand.meter())
    stand.controller.observe_member(
        replace(stand.devices["a"].report(stand.now), arrived_at=datetime(2026, 1, 1))  # noqa: DTZ001
    )
    assert stand.controller.refused == {
        "unknown_member": 1,
        "unknown_meter": 1,
        "member_time": 1,
    }
    stand.controller.wish("x", MemberWishes())


def test_i8_answers_for_members_that_are_gone_are_ignored() -> None:
    stand = Stand(member("a"), member("b"), other_a=5.0)
    orders = stand.orders(40)
    order = next(o for o in orders if o.member == "b")
    del stand.devices["b"]
    stand.configure()
    stand.controller.sent(order, stand.now)
    stand.controller.answered(order, ActionResult.ACCEPTED, stand.now)
    stand.run(40)
    assert set(stand.decision.members) == {"a"}
    assert stand.granted() == 16.0


def test_i8_an_older_report_does_not_replace_a_newer_one() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    old = replace(
        stand.devices["a"].report(stand.now - timedelta(seconds=30)), state=ConnectorState.IDLE
    )
    stand.controller.observe_member(old)
    stand.run(2)
    assert stand.granted() == 16.0


@pytest.mark.parametrize("result", [r for r in ActionResult if r is not ActionResult.ACCEPTED])
def test_i8_a_device_that_takes_nothing_does_not_stop_the_others(result: ActionResult) -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.devices["a"].answer = result
    stand.run(200)
    # Nobody knows what it does: its ceiling stays committed.
    assert stand.decision.members["a"].commitment_a == 16.0
    assert stand.granted("b") == 6.0
    assert stand.devices["b"].draw_a == stand.granted("b")
    assert max(stand.load()) <= 25.0


def test_i8_an_offline_member_is_told_and_the_others_go_on() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.run(200)
    stand.devices["a"].online = False
    stand.devices["a"].draw_a = 0.0
    stand.run(300)
    assert stand.problems()[ProblemKind.MEMBER_OFFLINE] == "a"
    # Its lease has lapsed: what it had is free.
    assert stand.granted("b") == 16.0


def test_i8_an_overload_is_told_with_its_figures() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.set_other(30.0)
    stand.run(10)
    problem = next(p for p in stand.decision.problems if p.kind is ProblemKind.OVERLOAD)
    assert (problem.subject, problem.figures["limit_a"]) == ("grid", 25.0)
    assert stand.decision.circuits["grid"].overloaded
    stand.set_other(5.0)
    stand.run(5)
    assert ProblemKind.OVERLOAD not in stand.problems()


def test_the_same_calls_give_the_same_decisions() -> None:
    def run() -> list[object]:
        stand = Stand(member("a"), member("b"), member("c"), other_a=3.0)
        found: list[object] = []
        for second in range(400):
            stand.set_other(3.0 + second % 37 / 4.0)
            found.append(stand.tick())
        return found

    assert run() == run()


def test_an_unchanged_member_keeps_its_status_object() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(100)
    before = stand.decision.members["a"]
    stand.run(5)
    assert stand.decision.members["a"] is before


def test_i8_settings_may_change_between_a_reading_and_a_decision() -> None:
    stand = Stand(member("a"), member("b"), other_a=5.0)
    stand.run(60)
    stand.set_other(20.0)
    stand.controller.observe_meter(stand.meter())
    stand.configure()
    stand.decide()
    stand.devices["c"] = type(stand.devices["a"])(member("c"))
    stand.configure()
    stand.decide()
    stand.run(10)
    assert set(stand.decision.members) == {"a", "b", "c"}
    assert max(stand.load()) <= 25.0


def test_i8_a_meter_may_come_and_go() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    stand.circuits = (circuit(25.0, metered=False),)
    stand.configure()
    stand.run(30)
    assert stand.granted() == 12.0
    stand.circuits = (circuit(25.0),)
    stand.configure()
    stand.run(30)
    assert stand.granted() == 16.0


def test_i8_news_of_hours_do_not_pile_up() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    for _ in range(5_000):
        stand.now += timedelta(seconds=1)
        stand.controller.observe_member(stand.devices["a"].report(stand.now))
        stand.controller.observe_meter(stand.meter())
    decision = stand.decide()
    assert not decision.circuits["grid"].stale


@pytest.mark.parametrize("wants_a", [16.0, 0.0])
def test_a_device_that_tells_power_only(wants_a: float) -> None:
    stand = Stand(member("a", phases=(Phase.L2,)), other_a=5.0)
    device = stand.devices["a"]
    device.measures, device.wants_a, device.car_phases = False, wants_a, (0,)
    for _ in range(60):
        device.change = {"power_w": Reading(value=device.draw_a * 230.0, arrived_at=stand.now)}
        stand.tick()
    status = stand.decision.members["a"]
    assert (status.settled, status.ignoring) == (True, False)
    assert status.commitment_a == pytest.approx(max(16.0, wants_a + 0.5))


def test_a_three_phase_device_that_tells_no_power_draws_nothing() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.run(60)
    device = stand.devices["a"]
    device.measures, device.wants_a = False, 0.0
    stand.set_other(14.0)
    for _ in range(30):
        device.change = {"power_w": Reading(value=40.0, arrived_at=stand.now)}
        stand.tick()
    assert stand.is_settled()


def test_i8_a_connector_with_its_sign_turned_counts_as_one_that_does_not_measure() -> None:
    stand = Stand(member("a"), member("b"), other_a=2.0)
    stand.devices["b"].plugged = False

    def turned() -> None:
        backwards = PerPhase[float | None].same(-stand.devices["a"].draw_a)
        stand.devices["a"].change = {"current": Reading(value=backwards, arrived_at=stand.now)}

    for _ in range(90):
        turned()
        stand.tick()
    assert stand.problems()[ProblemKind.MEMBER_SIGN_TURNED] == "a"
    assert stand.controller.refused["member_backwards"] > 50
    stand.devices["b"].plugged = True
    most_a = 0.0
    for _ in range(120):
        turned()
        stand.tick()
        most_a = max(most_a, *stand.load())
    assert most_a <= 25.0, "its grant counts, though it tells that it gives"
    stand.devices["a"].change = {}
    stand.run(5)
    assert ProblemKind.MEMBER_SIGN_TURNED not in stand.problems()


def test_i8_a_current_transformer_without_a_load_may_be_a_little_off() -> None:
    stand = Stand(member("a"))
    stand.devices["a"].plugged = False
    small = PerPhase[float | None].same(-0.4)
    for _ in range(20):
        stand.devices["a"].change = {"current": Reading(value=small, arrived_at=stand.now)}
        stand.tick()
    assert ProblemKind.MEMBER_SIGN_TURNED not in stand.problems()
