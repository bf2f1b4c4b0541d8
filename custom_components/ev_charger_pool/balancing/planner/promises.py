"""What members may rely on, and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from .cells import MWH, Cell, known_number
from .contract import Promise
from .ledger import ENOUGH_MWH, Ledger
from .model import Model, most_of
from .network import UNLIMITED, Network
from .schedules import Run

_HOUR: Final = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Bill:
    """What a member's energy is made of."""

    cost: float = 0.0
    co2_g: float = 0.0
    solar_wh: float = 0.0
    unpriced_wh: float = 0.0


def promises_of(ledger: Ledger, runs: Sequence[Mapping[int, Run]]) -> list[Promise]:
    """Return the promise of each member."""
    model = ledger.model
    bills = _bills(model, runs)
    missing = [
        short if (short := ledger.missing(member)) > ENOUGH_MWH else 0
        for member in range(len(model.requests))
    ]
    later = _earliest_ready(ledger, missing)
    promises = []
    for member, request in enumerate(model.requests):
        done_at = max((run.until_at for run in runs[member].values()), default=None)
        bill = bills[member]
        promises.append(
            Promise(
                member=request.member,
                holds=not missing[member],
                planned_wh=sum(ledger.plan[member].values()) / MWH,
                missing_wh=missing[member] / MWH,
                done_at=done_at,
                earliest_ready_at=later[member] if missing[member] else done_at,
                cost=bill.cost,
                co2_g=bill.co2_g,
                solar_wh=bill.solar_wh,
                unpriced_wh=bill.unpriced_wh,
            )
        )
    return promises


def _bills(model: Model, runs: Sequence[Mapping[int, Run]]) -> list[Bill]:
    """Return what each member's energy is made of; surplus is shared by power."""
    bills = [Bill() for _ in runs]
    by_cell: dict[int, list[tuple[int, Run]]] = {}
    for member, its_runs in enumerate(runs):
        for cell, run in its_runs.items():
            by_cell.setdefault(cell, []).append((member, run))
    for cell, together in by_cell.items():
        edges = sorted({at for _, run in together for at in (run.from_at, run.until_at)})
        for from_at, until_at in pairwise(edges):
            running = [
                (member, run.power_w)
                for member, run in together
                if run.from_at <= from_at and until_at <= run.until_at
            ]
            _charge(bills, model.cells[cell], running, (until_at - from_at) / _HOUR)
    return bills


def _charge(
    bills: Sequence[Bill], cell: Cell, running: Sequence[tuple[int, float]], hours: float
) -> None:
    """Add what members take together in a piece of a cell to their bills."""
    total_w = sum(power_w for _, power_w in running)
    if total_w <= 0.0:
        return
    sunny = min(1.0, cell.slot.surplus_w / total_w)
    price = known_number(cell.slot.price_per_kwh)
    intensity = known_number(cell.slot.co2_g_per_kwh)
    for member, power_w in running:
        bill = bills[member]
        solar_wh = power_w * hours * sunny
        grid_wh = power_w * hours - solar_wh
        bill.solar_wh += solar_wh
        bill.cost += solar_wh / 1000.0 * cell.slot.feed_in_per_kwh
        if price is None:
            bill.unpriced_wh += grid_wh
        else:
            bill.cost += grid_wh / 1000.0 * price
        if intensity is not None:
            bill.co2_g += grid_wh / 1000.0 * intensity


def _earliest_ready(ledger: Ledger, missing: Sequence[int]) -> list[datetime | None]:
    """Return when those that fall short could have everything, each beside those before it.

    The others keep what they are promised, but may have it at other times of their own windows.
    """
    found: list[datetime | None] = [None] * len(missing)
    if not any(missing):
        return found
    model = ledger.model
    network = Network(
        model.chains,
        [list(most) for most in model.most],
        [list(room) for room in model.room],
    )
    for member, energies in enumerate(ledger.plan):
        for cell, energy in energies.items():
            network.place(member, cell, energy)
    for member, short in enumerate(missing):
        if short:
            found[member] = _stay(model, network, member, short)
    return found


def _stay(model: Model, network: Network, member: int, short: int) -> datetime | None:
    """Let a member use all cells after its deadline until it has everything."""
    start = max(model.windows[member])
    request = model.requests[member]
    most = most_of(request, model.cells, start, len(model.cells))
    network.feed(member, UNLIMITED)
    left = short
    for cell in range(start, len(model.cells)):
        if not most[cell]:
            continue
        network.admit(member, cell, most[cell])
        gained = network.crowd_into(member, cell)
        if gained < left:
            left -= gained
            continue
        network.place(member, cell, left - gained)
        network.starve(member)
        about = model.cells[cell]
        return about.from_at + (about.until_at - about.from_at) * (left / gained)
    network.starve(member)
    return None
