"""Plans that stay as they were told, as far as they still make sense."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ...pool.members import MemberId
from ...pool.schedules import Schedule
from .cells import MWH
from .ledger import Ledger
from .model import Model
from .sharing import Energies, Flow

_HOUR: Final = timedelta(hours=1)


def kept(model: Model, previous: Mapping[MemberId, Schedule]) -> Flow:
    """Return what of the previous schedules lies ahead, still fits and is still needed.

    Of what is not needed any more the dearest goes, and of equals the latest.
    """
    ledger = Ledger(model)
    for member, request in enumerate(model.requests):
        schedule = previous.get(request.member)
        if schedule is None:
            continue
        for cell, energy in _energies(model, member, schedule).items():
            ledger.set(member, cell, min(energy, ledger.limit(member, cell)))
        surplus = sum(ledger.plan[member].values()) - model.needed[member]
        rated = sorted(
            (
                (ledger.worth(member, cell, energy) / energy, cell)
                for cell, energy in ledger.plan[member].items()
            ),
            reverse=True,
        )
        for _, cell in rated:
            if surplus <= 0:
                break
            given_up = min(surplus, ledger.plan[member][cell])
            ledger.set(member, cell, ledger.plan[member][cell] - given_up)
            surplus -= given_up
    return ledger.copy()


def without_savers(model: Model, base: Flow, free: Flow, tolerance: float) -> Flow:
    """Return the base without those whose own energy would be cheaper, were nothing kept."""
    kept_costs = _costs(model, base)
    free_costs = _costs(model, free)
    return [
        energies if kept_cost <= free_cost + tolerance * abs(free_cost) + 1e-9 else {}
        for energies, kept_cost, free_cost in zip(base, kept_costs, free_costs, strict=True)
    ]


def _energies(model: Model, member: int, schedule: Schedule) -> Energies:
    """Return what a schedule means in each cell of a member's window."""
    energies: Energies = {}
    first, after = model.windows[member]
    cell = first
    for slot in schedule.slots:
        while cell < after and model.cells[cell].until_at <= slot.from_at:
            cell += 1
        reading = cell
        while reading < after and model.cells[reading].from_at < slot.until_at:
            about = model.cells[reading]
            lasts = min(slot.until_at, about.until_at) - max(slot.from_at, about.from_at)
            energy = round(max(0.0, slot.power_w) * MWH * (lasts / _HOUR))
            if energy:
                energies[reading] = energies.get(reading, 0) + energy
            reading += 1
    return energies


def _costs(model: Model, flow: Flow) -> list[float]:
    """Return what each member's energy counts as, each cell's at its mean rate."""
    totals: Energies = {}
    for energies in flow:
        for cell, energy in energies.items():
            totals[cell] = totals.get(cell, 0) + energy
    rates = {cell: model.cells[cell].worth(0, total) / total for cell, total in totals.items()}
    return [sum(rates[cell] * energy for cell, energy in energies.items()) for energies in flow]
