"""Whether a plan may be: what it promises against what its schedules do, instant by instant."""

from datetime import timedelta

from custom_components.ev_charger_pool.balancing.planner import PlanResult
from custom_components.ev_charger_pool.pool.quantities import PHASES

from .futures import Future
from .oracle import HOUR

SLACK_W = 0.1
SLACK_WH = 1.0


def broken(future: Future, result: PlanResult) -> list[str]:
    """Return what is wrong with a plan, in words; nothing for a sound one."""
    return [*_broken_members(future, result), *_broken_circuits(future, result)]


def _broken_members(future: Future, result: PlanResult) -> list[str]:
    """Check each member's schedule against its request and its promise."""
    found = []
    for request in future.requests:
        schedule = result.schedules[request.member]
        promise = result.promises[request.member]
        begin = max(future.now, request.begin_at or future.now)
        energy_wh = 0.0
        last = begin
        for slot in schedule.slots:
            if slot.from_at < last or slot.until_at <= slot.from_at:
                found.append(f"{request.member}: slots overlap or are empty at {slot.from_at}")
            last = slot.until_at
            if not request.min_power_w - SLACK_W <= slot.power_w <= request.max_power_w + SLACK_W:
                found.append(f"{request.member} is to run at {slot.power_w} W")
            energy_wh += slot.power_w * ((slot.until_at - slot.from_at) / HOUR)
        if last > max(begin, request.ready_at):
            found.append(f"{request.member} runs until {last}, after it has to be ready")
        if abs(energy_wh - promise.planned_wh) > SLACK_WH:
            found.append(f"{request.member}: {energy_wh} Wh planned, {promise.planned_wh} promised")
        if abs(promise.planned_wh + promise.missing_wh - request.needed_wh) > SLACK_WH:
            found.append(f"{request.member}: planned and missing are not what is needed")
        if promise.holds != (promise.missing_wh <= 0.0):
            found.append(f"{request.member}: it is said to hold wrongly")
    return found


def _broken_circuits(future: Future, result: PlanResult) -> list[str]:
    """Check what runs together against what circuits may carry."""
    found = []
    parents = {circuit.id: circuit.parent for circuit in future.circuits}
    edges = {
        at
        for schedule in result.schedules.values()
        for slot in schedule.slots
        for at in (slot.from_at, slot.until_at)
    }
    edges |= {slot.from_at for slot in future.slots}
    for at in sorted(edges):
        slot = next((s for s in future.slots if s.from_at <= at < s.until_at), None)
        carried: dict[str, list[float]] = {}
        for request in future.requests:
            power_w = result.schedules[request.member].power_at(at)
            if power_w and slot is None:
                found.append(f"{request.member} runs at {at}, where there is no slot")
            above: str | None = request.circuit
            while above is not None and power_w:
                loads = carried.setdefault(above, [0.0, 0.0, 0.0])
                for phase in request.phases:
                    loads[phase.position] += power_w / len(request.phases)
                above = parents[above]
        if slot is None:
            continue
        for circuit, loads in carried.items():
            if sum(loads) > slot.capacity_w.get(circuit, sum(loads)) + SLACK_W:
                found.append(f"{circuit} carries {sum(loads)} W at {at}")
            lanes = slot.phase_capacity_w.get(circuit)
            if lanes is not None:
                found += [
                    f"{circuit} carries {loads[phase.position]} W on {phase} at {at}"
                    for phase in PHASES
                    if loads[phase.position] > lanes[phase] + SLACK_W
                ]
    return found


def starts(result: PlanResult, pause: timedelta = timedelta()) -> int:
    """Return how often anybody starts after a pause."""
    count = 0
    for schedule in result.schedules.values():
        last = None
        for slot in schedule.slots:
            count += last is None or slot.from_at - last > pause
            last = slot.until_at
    return count
