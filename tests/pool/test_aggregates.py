"""Sums over the pool, rules F1 to F6."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ev_charger_pool.pool.aggregates import Contribution, total
from custom_components.ev_charger_pool.pool.quantities import PerPhase, add, subtract
from custom_components.ev_charger_pool.pool.states import ChargingStatus, ConnectorState

amounts = st.none() | st.floats(-1e5, 1e5)
parts = st.lists(
    st.builds(
        Contribution,
        member=st.text(max_size=3),
        state=st.sampled_from(ConnectorState),
        charging=st.sampled_from(ChargingStatus),
        current_a=st.none() | st.builds(PerPhase, amounts, amounts, amounts),
        power_w=amounts,
    )
)


def of(*watts: float | None) -> list[Contribution]:
    return [
        Contribution(member=str(index), state=ConnectorState.EV_LOCKED, power_w=power_w)
        for index, power_w in enumerate(watts)
    ]


def test_f1_a_missing_phase_counts_as_zero() -> None:
    found = total(
        [
            Contribution(member="a", state=ConnectorState.IDLE, current_a=PerPhase(2.0, 3.0, None)),
            Contribution(
                member="b", state=ConnectorState.IDLE, current_a=PerPhase(4.0, None, None)
            ),
            Contribution(member="c", state=ConnectorState.MISSING),
        ]
    )
    assert found.current_a == PerPhase(6.0, 3.0, 0.0)
    assert found.missing == ("c",)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_f1_what_is_no_number_counts_as_zero(bad: float) -> None:
    found = total(
        [
            Contribution(
                member="a",
                state=ConnectorState.IDLE,
                current_a=PerPhase(bad, 1.0, bad),
                power_w=bad,
            )
        ]
    )
    assert (found.current_a, found.power_w) == (PerPhase(0.0, 1.0, 0.0), 0.0)


@pytest.mark.parametrize(
    ("watts", "power", "production", "consumption"),
    [
        ((2.0, 4.0, 10.0), 16.0, 0.0, 16.0),
        ((2.0, 4.0, -10.0), -4.0, 4.0, 0.0),
        ((6.0, -10.0), -4.0, 4.0, 0.0),
        ((None, None), 0.0, 0.0, 0.0),
        ((), 0.0, 0.0, 0.0),
    ],
)
def test_f2_to_f5_power_is_summed_and_the_sum_is_clipped(
    watts: tuple[float | None, ...], power: float, production: float, consumption: float
) -> None:
    found = total(of(*watts))
    assert (found.power_w, found.production_w, found.consumption_w) == (
        power,
        production,
        consumption,
    )


def test_f5_an_empty_pool_is_zero_and_not_unknown() -> None:
    found = total([])
    assert found.current_a == PerPhase(0.0, 0.0, 0.0)
    assert (found.members, found.connected, found.charging, found.missing) == (0, 0, 0, ())


def test_f6_sums_compose_with_what_else_flows() -> None:
    pool = total(
        [Contribution(member="a", state=ConnectorState.IDLE, current_a=PerPhase(6.0, 6.0, None))]
    )
    house = subtract(PerPhase(10.0, 9.0, 8.0), pool.current_a)
    assert house == PerPhase(4.0, 3.0, 8.0)
    assert add(house, pool.current_a) == PerPhase(10.0, 9.0, 8.0)


def test_counts_tell_cars_and_who_charges() -> None:
    found = total(
        [
            Contribution(
                member="a", state=ConnectorState.EV_LOCKED, charging=ChargingStatus.CHARGING
            ),
            Contribution(
                member="b",
                state=ConnectorState.EV_PLUGGED,
                charging=ChargingStatus.SUSPENDED_BY_CHARGER,
            ),
            Contribution(member="c", state=ConnectorState.ERROR, charging=ChargingStatus.FAULT),
        ]
    )
    assert (found.members, found.connected, found.charging) == (3, 2, 1)


@given(parts)
def test_sums_hold_for_all_pools(pool: list[Contribution]) -> None:
    found = total(pool)
    assert found.consumption_w - found.production_w == pytest.approx(found.power_w)
    assert min(found.consumption_w, found.production_w) == 0.0
    assert found.power_w == pytest.approx(sum(part.power_w or 0.0 for part in pool))
    assert found.connected + len(found.missing) <= found.members == len(pool)
