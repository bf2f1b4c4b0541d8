"""In which order members are placed where their cars use different phases and not all can be full.

Flows know no phases: what they leave on one phase while another is full is lost. Members that are
placed one after the other fill each phase as far as it goes, so the right order loses little.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from .ledger import ENOUGH_MWH, Ledger
from .minimums import place
from .model import Model
from .sharing import Flow

TRIES: Final = 60
"""So many orders are tried at most,"""

CELLS: Final = 40_000
"""and about so many cells looked at: some 40 ms."""

type _Order = list[int]
type _Short = tuple[float, ...]
"""What each tier falls short, by weight."""


def has_uneven_phases(model: Model) -> bool:
    """Whether cars use different phases, so that one can be full while another is not."""
    return len({frozenset(request.phases) for request in model.requests}) > 1


def reordered(ledger: Ledger) -> Ledger:
    """Return a plan with more energy in all, tier by tier; the same where there is none.

    From the best of some orders on, each member is put at each other place of its tier as long as
    that gains something.
    """
    model = ledger.model
    best, least = ledger, _short_of(ledger)
    tries = _Tries(model)
    order: _Order = []
    least_of_order: _Short = ()
    for key in _keys(model):
        if not tries.left:
            break
        candidate = sorted(range(len(model.requests)), key=key)
        tried = tries.place_all(candidate)
        short = _short_of(tried)
        if not order or short < least_of_order:
            order, least_of_order = candidate, short
        if _is_less(short, least):
            best, least = tried, short
    searching = True
    while searching and tries.left:
        searching = False
        for candidate in _moved(model, order):
            if not tries.left:
                break
            tried = tries.place_all(candidate)
            short = _short_of(tried)
            if _is_less(short, least_of_order):
                order, least_of_order, searching = candidate, short, True
                if _is_less(short, least):
                    best, least = tried, short
                break
    return best


def added(ledger: Ledger, base: Flow) -> Ledger:
    """Return a plan that leaves what is kept, and serves who needs more one after the other.

    The plan itself comes back where that gains nothing.
    """
    model = ledger.model
    found = Ledger(model)
    found.restore(base)
    for member in sorted(range(len(model.requests)), key=_keys(model)[0]):
        if found.missing(member) > ENOUGH_MWH:
            before = dict(found.plan[member])
            place(found, member, model.needed[member])
            if sum(found.plan[member].values()) < sum(before.values()):
                found.put(member, before)
    return found if _is_less(_short_of(found), _short_of(ledger)) else ledger


class _Tries:
    """Places members in orders, as often as there is time for."""

    def __init__(self, model: Model) -> None:
        self._model = model
        looked_at = sum(after - first for first, after in model.windows)
        self.left = max(1, min(TRIES, CELLS // max(1, looked_at)))

    def place_all(self, order: Sequence[int]) -> Ledger:
        """Return a plan of members that were placed one after the other."""
        self.left -= 1
        ledger = Ledger(self._model)
        for member in order:
            place(ledger, member, self._model.needed[member])
        return ledger


def _keys(model: Model) -> tuple[Callable[[int], tuple[float, ...]], ...]:
    """Return what members are sorted by at first: the tightest, the first to leave, the widest."""
    requests = model.requests
    until = [after for _, after in model.windows]
    tightness = [
        needed / max(1, sum(most)) for needed, most in zip(model.needed, model.most, strict=True)
    ]
    width = [len(request.phases) for request in requests]
    return (
        lambda m: (requests[m].priority, -tightness[m], m),
        lambda m: (requests[m].priority, until[m], -width[m], m),
        lambda m: (requests[m].priority, -width[m], until[m], m),
        lambda m: (requests[m].priority, -width[m], -tightness[m], m),
        lambda m: (requests[m].priority, -width[m], -model.needed[m], m),
    )


def _moved(model: Model, order: _Order) -> Iterator[_Order]:
    """Yield orders with one member at another place of its tier."""
    for member in range(len(order)):
        others = [other for other in order if other != member]
        for place_at in range(len(order)):
            candidate = [*others[:place_at], member, *others[place_at:]]
            tiers = [model.requests[m].priority for m in candidate]
            if candidate != order and tiers == sorted(tiers):
                yield candidate


def _short_of(ledger: Ledger) -> _Short:
    """Return what each tier falls short, the first tier first."""
    model = ledger.model
    return tuple(
        sum(ledger.missing(member) * model.requests[member].weight for member in tier)
        for tier in model.tiers
    )


def _is_less(one: _Short, other: _Short) -> bool:
    """Whether the first tier that differs by more than a trifle falls less short."""
    for mine, its in zip(one, other, strict=True):
        if abs(mine - its) > ENOUGH_MWH:
            return mine < its
    return False
