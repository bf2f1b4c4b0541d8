"""The future as cells of time, each with the order in which its energy is to be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final

from .contract import HorizonSlot, Objective, PlanRequest, PlanSettings, Unpriced

MWH: Final = 1000
"""Milliwatt hours in a watt hour: energies are counted in whole ones."""

KWH: Final = 1_000_000
"""Milliwatt hours in a kilowatt hour."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of a slot in which nobody comes or goes.

    Attributes:
        slot: The slot that it is a piece of.
        from_at: Its start.
        until_at: Its end.
        hours: Its length.
        surplus_mwh: Solar energy that is left over in it.
        sun: What a kWh of surplus counts as.
        grid: What a kWh from the grid counts as; where that is not known, more than any known.
        known: Whether what the grid's energy counts as is known.
    """

    slot: HorizonSlot
    from_at: datetime
    until_at: datetime
    hours: float
    surplus_mwh: int
    sun: float
    grid: float
    known: bool

    def energy_mwh(self, power_w: float) -> int:
        """Return what a power makes in this cell."""
        return int(power_w * MWH * self.hours)

    def worth(self, from_mwh: int, until_mwh: int) -> float:
        """Return what the energy between two amounts that are taken in all counts as."""
        from_sun = min(until_mwh, self.surplus_mwh) - min(from_mwh, self.surplus_mwh)
        from_grid = until_mwh - from_mwh - from_sun
        return (from_sun * self.sun + from_grid * self.grid) / KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Energy of a cell that counts as the same for each kWh.

    Attributes:
        rate: What a kWh counts as.
        cell: The position of the cell.
        energy_mwh: How much there is.
    """

    rate: float
    cell: int
    energy_mwh: int


def cells_of(
    slots: Sequence[HorizonSlot],
    requests: Sequence[PlanRequest],
    now: datetime,
    settings: PlanSettings,
) -> list[Cell]:
    """Cut the slots where members come and go, and leave out what is over."""
    edges = sorted(
        {
            at
            for request in requests
            for at in (request.begin_at, request.ready_at)
            if at is not None and at > now
        }
    )
    ahead = [slot for slot in slots if slot.until_at > now]
    rates = _grid_rates(ahead, settings)
    cells = []
    position = 0
    for slot, (grid, known) in zip(ahead, rates, strict=True):
        start = max(slot.from_at, now)
        while position < len(edges) and edges[position] <= start:
            position += 1
        ends = [slot.until_at]
        while position < len(edges) and edges[position] < slot.until_at:
            ends.insert(-1, edges[position])
            position += 1
        sun = _sun_rate(slot, settings)
        for end in ends:
            hours = (end - start) / _HOUR
            cells.append(
                Cell(
                    slot=slot,
                    from_at=start,
                    until_at=end,
                    hours=hours,
                    surplus_mwh=int(slot.surplus_w * MWH * hours),
                    sun=sun,
                    grid=grid,
                    known=known,
                )
            )
            start = end
    return cells


def portions_of(cells: Sequence[Cell], most_mwh: Sequence[int]) -> list[Portion]:
    """Return the energy of all cells, the best first, and of equals the earliest.

    Where surplus is worth more than the grid's energy, using it does not begin with the cheap: no
    order of portions can say that, so it counts as its mean with all that can be used there.

    Args:
        cells: The future.
        most_mwh: The most that can be used in each cell.
    """
    portions = []
    for position, (cell, most) in enumerate(zip(cells, most_mwh, strict=True)):
        if not most:
            continue
        sunny = min(cell.surplus_mwh, most)
        if sunny and cell.sun > cell.grid:
            rate = KWH * cell.worth(0, most) / most
            portions.append(Portion(rate=rate, cell=position, energy_mwh=most))
            continue
        if sunny:
            portions.append(Portion(rate=cell.sun, cell=position, energy_mwh=sunny))
        if most > sunny:
            portions.append(Portion(rate=cell.grid, cell=position, energy_mwh=most - sunny))
    portions.sort(key=lambda portion: portion.rate)
    return portions


def _grid_rates(slots: Sequence[HorizonSlot], settings: PlanSettings) -> list[tuple[float, bool]]:
    """Return what a kWh from the grid counts as in each slot, and whether that is known.

    What is not known comes after all that is.
    """
    intensities = [
        grams for slot in slots if (grams := known_number(slot.co2_g_per_kwh)) is not None
    ]
    usual_g = sum(intensities) / len(intensities) if intensities else 0.0
    rates = [_grid_rate(slot, settings, usual_g) for slot in slots]
    known = [rate for rate in rates if rate is not None]
    known += [_sun_rate(slot, settings) for slot in slots if slot.surplus_w > 0.0]
    top = max(known, default=0.0)
    spread = max(top - min(known, default=0.0), abs(top), 0.01)
    places = range(len(slots))
    ranks = reversed(places) if settings.unpriced is Unpriced.LATEST else places
    return [
        (rate, True)
        if rate is not None
        else (top + 0.1 * spread * (1.0 + (rank + 1) / len(slots)), False)
        for rate, rank in zip(rates, ranks, strict=True)
    ]


def _grid_rate(slot: HorizonSlot, settings: PlanSettings, usual_g: float) -> float | None:
    """Return what a kWh from the grid counts as, None when it is not known."""
    grams = known_number(slot.co2_g_per_kwh)
    if settings.objective is Objective.CO2:
        return grams
    price = known_number(slot.price_per_kwh)
    if price is None:
        return None
    return price + settings.co2_price_per_kg * (usual_g if grams is None else grams) / 1000.0


def _sun_rate(slot: HorizonSlot, settings: PlanSettings) -> float:
    """Return what a kWh of surplus counts as."""
    return slot.feed_in_per_kwh if settings.objective is Objective.COST else 0.0


def known_number(value: float | None) -> float | None:
    """Return a number that is one, else None."""
    return value if value is not None and math.isfinite(value) else None
