"""What sensors show of a circuit: its load, what is left, and its average limit."""

from collections.abc import Callable, Mapping

from homeassistant.const import EntityCategory

from .entity import is_decided
from .pool.circuits import CircuitStatus
from .pool.quantities import Phase, PhaseReadings, PhaseValues
from .sensor_kinds import (
    CurrentDescription,
    PoolSensorDescription,
    PowerDescription,
    off_by_default,
    per_phase,
)
from .snapshot import CircuitView, SiteSnapshot


def circuit_has_phase(view: CircuitView, phase: Phase) -> bool:
    """Whether a circuit has a phase."""
    return view.circuit.limit_a[phase] > 0


def _of_circuit(
    key: str,
    value_fn: Callable[[CircuitStatus], PhaseReadings | PhaseValues],
    name: str | None = None,
) -> tuple[PoolSensorDescription[CircuitView], ...]:
    def values(view: CircuitView) -> PhaseReadings | PhaseValues | None:
        return value_fn(view.status) if view.status else None

    return per_phase(
        CurrentDescription,
        key,
        values,
        circuit_has_phase,
        name=name,
        available_fn=is_decided,
    )


_HELD_OF_CIRCUIT = off_by_default(
    (
        *_of_circuit("other_load", lambda status: status.other_a),
        *_of_circuit("committed", lambda status: status.committed_a),
        *_of_circuit("fail_safe_sum", lambda status: status.fail_safe_sum_a),
    ),
    EntityCategory.DIAGNOSTIC,
)
"""What the pool holds of a circuit: for whoever looks for a reason."""


def _average_attributes(view: CircuitView, _: SiteSnapshot) -> Mapping[str, object]:
    average = view.status.average if view.status else None
    limit = view.circuit.average
    if average is None or limit is None:
        return {}
    return {
        "limit_w": limit.power_w,
        "window_ends_at": average.ends_at,
        "used_kwh": round(average.used_wh / 1000, 3),
    }


def _has_average(view: CircuitView) -> bool:
    return view.circuit.average is not None


def _average_is_known(view: CircuitView) -> bool:
    return view.status is not None and view.status.average is not None


_AVERAGE: tuple[PoolSensorDescription[CircuitView], ...] = (
    PowerDescription(
        key="projected_average",
        value_fn=lambda view: (
            view.status.average.projected_w if view.status and view.status.average else None
        ),
        attributes_fn=_average_attributes,
        available_fn=_average_is_known,
        exists_fn=_has_average,
    ),
    PowerDescription(
        key="average_allowance",
        value_fn=lambda view: (
            view.status.average.allowance_w if view.status and view.status.average else None
        ),
        available_fn=_average_is_known,
        exists_fn=_has_average,
    ),
)
"""How a circuit stands in the window of its average limit."""

CIRCUIT_SENSORS: tuple[PoolSensorDescription[CircuitView], ...] = (
    *_of_circuit("load", lambda status: status.load_a),
    *_of_circuit("available_current", lambda status: status.available_a),
    PowerDescription(
        key="available_power",
        value_fn=lambda view: view.status.available_w if view.status else None,
        available_fn=is_decided,
    ),
    *_AVERAGE,
    *_HELD_OF_CIRCUIT,
)

ROOT_SENSORS: tuple[PoolSensorDescription[CircuitView], ...] = (
    *_of_circuit("load", lambda status: status.load_a, "grid_current"),
    *_AVERAGE,
    *_HELD_OF_CIRCUIT,
)
"""What the pool itself shows is not told twice: its available power is the root circuit's."""
