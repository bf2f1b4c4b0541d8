"""Who is served how far, tier by tier, and then the cheapest way to do so."""

from collections.abc import Sequence
from typing import Final

from .cells import Portion, portions_of
from .model import Model
from .network import UNLIMITED, Network

ROUNDS: Final = 10
"""A tier that cannot be served in full is served in so many equal rounds: that fair it is."""

type Energies = dict[int, int]
"""The energy in each cell that a member uses."""

type Flow = list[Energies]
"""The energies of each member."""


def cheapest(model: Model, base: Flow) -> Flow:
    """Place as much as fits as cheaply as possible.

    First as much as possible for the first tier, then for the next, and so on; inside of a tier
    that falls short everybody is served about the same share of its wish, by weight. That being
    fixed, it is the cheapest there is.

    Args:
        model: The question.
        base: What is placed already and stays where it is.
    """
    portions = _open_portions(model, base)
    network = _filled(model, base, _open_needs(model, base), portions)
    short = network.hungry
    served = [sum(flow.values()) for flow in network.flow]
    if any(served[member] < _most_alone(model, base, member) for member in short):
        network = _filled(model, base, _shares(model, base), portions)
    return _together(base, network)


def around(model: Model, base: Flow) -> Flow:
    """Place as much as fits as cheaply as possible, whoever falls short.

    Args:
        model: The question.
        base: What is placed already and stays where it is.
    """
    return _together(
        base, _filled(model, base, _open_needs(model, base), _open_portions(model, base))
    )


def network_of(model: Model, base: Flow) -> Network:
    """Return the network with the room that something placed already leaves."""
    most = [list(amounts) for amounts in model.most]
    room = [list(rooms) for rooms in model.room]
    for member, flow in enumerate(base):
        for cell, amount in flow.items():
            most[member][cell] -= amount
            for circuit in model.chains[member]:
                room[circuit][cell] -= amount
    return Network(model.chains, most, room)


def _open_needs(model: Model, base: Flow) -> list[int]:
    """Return what each member needs beyond what is placed."""
    return [
        max(0, needed - sum(flow.values())) for needed, flow in zip(model.needed, base, strict=True)
    ]


def _open_portions(model: Model, base: Flow) -> list[Portion]:
    """Return the energy that is left of all cells, the best first."""
    taken = [0] * len(model.cells)
    for flow in base:
        for cell, amount in flow.items():
            taken[cell] += amount
    most = [sum(amounts) for amounts in zip(*model.most, strict=True)]
    root = _root_room(model)
    if root is not None:
        most = [min(one, other) for one, other in zip(most, root, strict=True)]
    portions = []
    for portion in portions_of(model.cells, most):
        used = min(taken[portion.cell], portion.energy_mwh)
        taken[portion.cell] -= used
        if portion.energy_mwh > used:
            portions.append(
                Portion(rate=portion.rate, cell=portion.cell, energy_mwh=portion.energy_mwh - used)
            )
    return portions


def _root_room(model: Model) -> list[int] | None:
    """Return the room of a circuit that all members flow through, None without one."""
    common = set(range(len(model.room))).intersection(*model.chains)
    if not common:
        return None
    return [
        min(model.room[circuit][cell] for circuit in common) for cell in range(len(model.cells))
    ]


def _filled(model: Model, base: Flow, needs: Sequence[int], portions: Sequence[Portion]) -> Network:
    """Use the best portions first until everybody has what it needs."""
    network = network_of(model, base)
    for member, needed in enumerate(needs):
        network.feed(member, needed)
    for portion in portions:
        if not network.is_hungry:
            break
        network.fill(portion.cell, portion.energy_mwh)
    return network


def _most_alone(model: Model, base: Flow, member: int) -> int:
    """Return what a member could have if nobody else needed anything more."""
    network = network_of(model, base)
    rooms = [network.room[circuit] for circuit in model.chains[member]]
    first, after = model.windows[member]
    most = network.most[member]
    return sum(
        min(most[cell], *(room[cell] for room in rooms), UNLIMITED) for cell in range(first, after)
    )


def _shares(model: Model, base: Flow) -> list[int]:
    """Return how much of its need each member can have, tier by tier."""
    network = network_of(model, base)
    shares = [0] * len(model.needed)
    needs = _open_needs(model, base)
    for tier in model.tiers:
        alone = network.copy()
        for member in tier:
            alone.feed(member, needs[member])
        _fill_all(alone)
        if not alone.hungry:
            network = alone
            for member in tier:
                shares[member] = needs[member]
            continue
        _serve_in_rounds(model, network, tier, needs, shares)
    return shares


def _serve_in_rounds(
    model: Model, network: Network, tier: Sequence[int], needs: Sequence[int], shares: list[int]
) -> None:
    """Serve a tier that falls short, round after round.

    Who cannot be served more at some time can never be: what others get leaves it nothing.
    """
    heaviest = max(model.requests[member].weight for member in tier)
    active = list(tier)
    turn = 0
    while active:
        turn += 1
        for member in active:
            weight = model.requests[member].weight / heaviest
            goal = min(needs[member], int(needs[member] * weight * turn / ROUNDS) + 1)
            network.feed(member, goal - shares[member])
            shares[member] = goal
        _fill_all(network)
        for member in network.hungry:
            shares[member] -= network.needed[member]
            network.starve(member)
            active.remove(member)
        active = [member for member in active if shares[member] < needs[member]]


def _fill_all(network: Network) -> None:
    """Use any cell until everybody has what it needs or nothing is left."""
    for cell in range(network.cells):
        if not network.is_hungry:
            return
        network.fill(cell, UNLIMITED)


def _together(base: Flow, network: Network) -> Flow:
    """Return what was placed before and what flows now."""
    return [_sum(mine, new) for mine, new in zip(base, network.flow, strict=True)]


def _sum(one: Energies, other: Energies) -> Energies:
    """Return what two flows of a member make together."""
    found = dict(one)
    for cell, amount in other.items():
        found[cell] = found.get(cell, 0) + amount
    return found
