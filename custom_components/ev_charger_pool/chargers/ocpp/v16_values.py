"""Meter values of OCPP 1.6: sampled values as one measurement."""

from collections.abc import Mapping
from typing import Final

from ocpp.v16.enums import Location, Measurand, Phase, UnitOfMeasure, ValueFormat

from ...pool.quantities import PerPhase, PhaseReadings
from .fields import Fields
from .model import Measurement

_THOUSANDS: Final = frozenset({UnitOfMeasure.kw, UnitOfMeasure.kwh})

_UNITS: Final[Mapping[Measurand, frozenset[UnitOfMeasure]]] = {
    Measurand.current_import: frozenset({UnitOfMeasure.a}),
    Measurand.current_export: frozenset({UnitOfMeasure.a}),
    Measurand.current_offered: frozenset({UnitOfMeasure.a}),
    Measurand.voltage: frozenset({UnitOfMeasure.v}),
    Measurand.power_active_import: frozenset({UnitOfMeasure.w, UnitOfMeasure.kw}),
    Measurand.power_active_export: frozenset({UnitOfMeasure.w, UnitOfMeasure.kw}),
    Measurand.energy_active_import_register: frozenset({UnitOfMeasure.wh, UnitOfMeasure.kwh}),
    Measurand.soc: frozenset({UnitOfMeasure.percent}),
    Measurand.temperature: frozenset({UnitOfMeasure.celsius}),
}

_PLAUSIBLE: Final[Mapping[Measurand, tuple[float, float]]] = {
    Measurand.current_import: (-500.0, 500.0),
    Measurand.current_export: (-500.0, 500.0),
    Measurand.current_offered: (0.0, 500.0),
    Measurand.voltage: (0.0, 1_000.0),
    Measurand.power_active_import: (-500e3, 500e3),
    Measurand.power_active_export: (-500e3, 500e3),
    Measurand.energy_active_import_register: (0.0, 1e10),
    Measurand.soc: (0.0, 100.0),
    Measurand.temperature: (-60.0, 200.0),
}
"""Wide bounds: what is outside has a wrong unit or is broken."""

_POSITIONS: Final[Mapping[Phase, int]] = {
    Phase.l1: 0,
    Phase.l1_n: 0,
    Phase.l2: 1,
    Phase.l2_n: 1,
    Phase.l3: 2,
    Phase.l3_n: 2,
}

type _Values = dict[Measurand, dict[int | None, float]]


def read_measurements(fields: Fields, name: str, *, phases: int) -> list[Measurement]:
    """Return the measurements in a list of meter values, in the order of the message.

    Args:
        fields: The message.
        name: The field with the list.
        phases: How many phases the connector has; a current without a phase is meant for each.
    """
    return [
        _measurement(_collect(meter_value.objects("sampledValue")), phases).at(
            meter_value.time("timestamp")
        )
        for meter_value in fields.objects(name)
    ]


def _collect(samples: list[Fields]) -> _Values:
    """Sort the samples by measurand and phase; None is the phase of a total."""
    values: _Values = {}
    for sample in samples:
        measurand = _measurand(sample)
        if measurand is None or measurand not in _PLAUSIBLE or not _is_of_outlet(sample):
            continue
        value = sample.needed_number("value")
        unit = _unit(sample, measurand)
        phase = _phase(sample)
        if value is None or unit is None or isinstance(phase, Phase):
            continue
        value *= 1_000.0 if unit in _THOUSANDS else 1.0
        lowest, highest = _PLAUSIBLE[measurand]
        if lowest <= value <= highest:
            values.setdefault(measurand, {})[phase] = value
        else:
            sample.reject()
    return values


def _measurand(sample: Fields) -> Measurand | None:
    word = sample.text("measurand", max_length=50)
    if word is None:
        return Measurand.energy_active_import_register
    try:
        return Measurand(word)
    except ValueError:
        sample.reject()
        return None


def _is_of_outlet(sample: Fields) -> bool:
    """Whether a sample is a plain value of the outlet, which is what the car takes."""
    return sample.text("format") in {None, ValueFormat.raw} and sample.text("location") in {
        None,
        Location.outlet,
    }


def _unit(sample: Fields, measurand: Measurand) -> UnitOfMeasure | None:
    units = _UNITS[measurand]
    word = sample.text("unit", max_length=20)
    if word is None:
        # The standard's default is Wh for energy; for all else the basic unit is meant.
        return next(unit for unit in units if unit not in _THOUSANDS)
    for unit in units:
        if unit.casefold() == word.casefold():
            return unit
    sample.reject()
    return None


def _phase(sample: Fields) -> int | Phase | None:
    """Return 0 to 2 for a phase, None for a total, or a phase that is of no use here."""
    word = sample.text("phase", max_length=10)
    if word is None:
        return None
    try:
        phase = Phase(word)
    except ValueError:
        sample.reject()
        return Phase.n
    return _POSITIONS.get(phase, phase)


def _measurement(values: _Values, phases: int) -> Measurement:
    offered = values.get(Measurand.current_offered, {})
    attributes = {
        name: values[measurand][None]
        for name, measurand in (
            ("state_of_charge", Measurand.soc),
            ("temperature_c", Measurand.temperature),
        )
        if None in values.get(measurand, {})
    }
    return Measurement(
        current_a=_difference_per_phase(
            _per_phase(values.get(Measurand.current_import, {}), phases),
            _per_phase(values.get(Measurand.current_export, {}), phases),
        ),
        voltage_v=_per_phase(values.get(Measurand.voltage, {}), phases),
        power_w=_difference(
            _total(values.get(Measurand.power_active_import, {})),
            _total(values.get(Measurand.power_active_export, {})),
        ),
        energy_wh=_total(values.get(Measurand.energy_active_import_register, {})),
        offered_a=max(offered.values(), default=None),
        attributes=attributes,
    )


def _per_phase(values: dict[int | None, float], phases: int) -> PhaseReadings | None:
    if not values:
        return None
    if values.keys() == {None}:
        total = values[None]
        return PerPhase(
            total,
            total if phases > 1 else None,
            total if phases > 2 else None,  # noqa: PLR2004
        )
    return PerPhase(values.get(0), values.get(1), values.get(2))


def _total(values: dict[int | None, float]) -> float | None:
    """Return the total as told, or else the sum of the phases that were told."""
    if not values:
        return None
    return values[None] if None in values else sum(values.values())


def _difference(taken: float | None, given: float | None) -> float | None:
    if given is None:
        return taken
    return (taken or 0.0) - given


def _difference_per_phase(
    taken: PhaseReadings | None, given: PhaseReadings | None
) -> PhaseReadings | None:
    if given is None:
        return taken
    if taken is None:
        return given.map(lambda value: None if value is None else -value)
    return PerPhase(*(_difference(*pair) for pair in zip(taken, given, strict=True)))
