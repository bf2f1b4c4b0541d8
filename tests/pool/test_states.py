"""The 9 x 6 state table and rules M1 to M4 of what is shown."""

import itertools

import pytest

from custom_components.ev_charger_pool.pool.quantities import PerPhase, PhaseReadings, known
from custom_components.ev_charger_pool.pool.states import (
    CableState,
    ComponentState,
    ConnectorState,
    connector_state,
    shown_state,
)

# One row per component state, one column per cable state, in the order of the enums:
# unspecified, unplugged, plugged at the station, locked at the station, plugged and locked at
# the car. U unspecified, E error, I idle, P plugged, L locked.
TABLE = {
    ComponentState.UNSPECIFIED: "UUUUUU",
    ComponentState.STARTING: "UIIIPL",
    ComponentState.NOT_READY: "UIIIPL",
    ComponentState.READY: "UIIIPL",
    ComponentState.CHARGING: "UIIIPL",
    ComponentState.DISCHARGING: "UIIIPL",
    ComponentState.ERROR: "EEEEEE",
    ComponentState.AUTHORIZATION_REJECTED: "EEEEEE",
    ComponentState.INTERRUPTED: "UIIIPL",
}
LETTERS = {
    "U": ConnectorState.UNSPECIFIED,
    "E": ConnectorState.ERROR,
    "I": ConnectorState.IDLE,
    "P": ConnectorState.EV_PLUGGED,
    "L": ConnectorState.EV_LOCKED,
}
CELLS = [
    (component, cable, LETTERS[letter])
    for component, row in TABLE.items()
    for cable, letter in zip(CableState, row, strict=True)
]


def test_the_table_has_all_54_cells() -> None:
    assert {cell[:2] for cell in CELLS} == set(itertools.product(ComponentState, CableState))
    assert len(CELLS) == 54


@pytest.mark.parametrize(("component", "cable", "expected"), CELLS)
def test_s1_s2_state_of_each_cell(
    component: ComponentState, cable: CableState, expected: ConnectorState
) -> None:
    assert connector_state(component, cable) is expected


def test_s3_a_car_is_connected_only_when_plugged_or_locked_at_the_car() -> None:
    assert {state for state in ConnectorState if state.is_ev_connected} == {
        ConnectorState.EV_PLUGGED,
        ConnectorState.EV_LOCKED,
    }


def test_s4_an_error_hides_the_car() -> None:
    assert connector_state(ComponentState.READY, CableState.EV_LOCKED).is_ev_connected
    assert not connector_state(ComponentState.ERROR, CableState.EV_LOCKED).is_ev_connected


def test_s5_missing_is_never_derived() -> None:
    assert ConnectorState.MISSING not in {expected for *_, expected in CELLS}


def test_m1_each_phase_is_missing_by_itself() -> None:
    assert known(PerPhase(2.0, 3.0, None)) == PerPhase(2.0, 3.0, 0.0)
    assert known(PerPhase(4.0, None, None)) == PerPhase(4.0, 0.0, 0.0)


@pytest.mark.parametrize("tracked", list(ConnectorState))
@pytest.mark.parametrize(
    "current", [PerPhase(2.0, 3.0, None), PerPhase(4.0, None, None), PerPhase(0.0, None, None)]
)
def test_m2_one_phase_is_enough_to_show_the_tracked_state(
    tracked: ConnectorState, current: PerPhase[float | None]
) -> None:
    assert shown_state(tracked, current) is tracked


@pytest.mark.parametrize("current", [None, PerPhase(None, None, None)])
def test_m3_without_any_phase_it_is_missing_whatever_is_plugged(
    current: PerPhase[float | None] | None,
) -> None:
    assert shown_state(ConnectorState.EV_LOCKED, current) is ConnectorState.MISSING


def test_m3_the_true_state_comes_back_with_a_phase() -> None:
    tracked = ConnectorState.EV_LOCKED
    gone: PhaseReadings = PerPhase(None, None, None)
    back: PhaseReadings = PerPhase(None, None, 6.0)
    assert [shown_state(tracked, current) for current in (back, gone, back)] == [
        ConnectorState.EV_LOCKED,
        ConnectorState.MISSING,
        ConnectorState.EV_LOCKED,
    ]


def test_m4_the_first_item_is_missing_with_all_currents_there() -> None:
    assert shown_state(None, PerPhase(2.0, 3.0, 5.0)) is ConnectorState.MISSING
