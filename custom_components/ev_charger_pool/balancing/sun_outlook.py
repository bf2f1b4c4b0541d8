"""Whether the sun of now and of the recent past is worth the import that a run costs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import add, sub
from typing import Final, Self

from ..pool.energy_settings import SolarSettings, SurplusRule
from .followers import Follower
from .surplus import shortage_w, sunlight_w
from .wiring import NO_FLOW, Lanes, each, on_phases

START_PRICE: Final = 4.0
"""A run starts where it takes so many watt-hours of the sun for each that it imports.

Found over simulated days of other seasons, skies and cars than those of the benchmark. Days of
broken clouds have little to choose from where only starts and stops fill a gap: over eight of them
0.93 of the optimum is taken at 6.9 % of import. A price of 10 takes 0.87 at 7.0 %, stops that look
at the past above all 0.98 at 7.9 %, from two thirds of the starts; but these go on into the dusk.
"""

STOP_PRICE: Final = 3.0
"""One goes on for a little less: a start costs ten minutes that cannot be taken back."""

MOST_PRICE: Final = 100.0
"""With next to no budget import is not bought, but a little of it has to be possible."""

START_SHARE: Final = 0.5
STOP_SHARE: Final = 0.7
"""So much of what is to come is judged by now, the rest by the recent past: a cloud or a gap
between two lasts a minute or two, a run ten, a pause five."""

_DEFAULT_BUDGET_WH: Final = SolarSettings().import_budget_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What some members take of the sun together, lane by lane.

    Attributes:
        least: With all at their least current: what is not there is imported.
        most: With all at the most that they could use.
    """

    least: Lanes = NO_FLOW
    most: Lanes = NO_FLOW

    @classmethod
    def of(cls, followers: Iterable[Follower]) -> Self:
        """Return what members take together."""
        claim = cls()
        for follower in followers:
            claim = claim.plus(follower)
        return claim

    def plus(self, follower: Follower, phases: tuple[int, ...] | None = None) -> Self:
        """Return what they take with one more, on other phases than it uses now if so told."""
        return self._with(add, follower, phases or follower.phases)

    def less(self, follower: Follower) -> Self:
        """Return what they take without one of them."""
        return self._with(sub, follower, follower.phases)

    def _with(
        self,
        combine: Callable[[float, float], float],
        follower: Follower,
        phases: tuple[int, ...],
    ) -> Self:
        seat = follower.seat
        least = on_phases(seat.least_a, phases, seat.voltage_v)
        most = on_phases(follower.usable_a, phases, seat.voltage_v)
        return type(self)(
            least=each(combine, self.least, least), most=each(combine, self.most, most)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SunOutlook:
    """The sun of now and of the recent past.

    Attributes:
        soon: The surplus of the last seconds.
        past: That of the recent past, in equal stretches.
        left: What of a surplus would be left for members, with all else as it is now.
        rule: What counts as surplus.
        budget_wh: What the grid may lend to a member by its owner: twice as much halves the price
            of import.
        voltage_v: Volts per phase.
    """

    soon: Lanes
    past: Sequence[Lanes]
    left: Callable[[Lanes], Lanes]
    rule: SurplusRule
    budget_wh: float
    voltage_v: float

    def invites(self, claim: Claim) -> bool:
        """Whether the sun of a run that starts now is worth its import."""
        return self._worth_w(claim, START_PRICE, START_SHARE) > 0.0

    def carries(self, claim: Claim) -> bool:
        """Whether going on is worth its import."""
        return self._worth_w(claim, STOP_PRICE, STOP_SHARE) >= 0.0

    def run_w(self, claim: Claim) -> float:
        """Return the sun that a run takes less the price of its import, watts."""
        return self._worth_w(claim, START_PRICE, START_SHARE)

    def _worth_w(self, claim: Claim, price: float, share_now: float) -> float:
        """Return the sun that is taken less the price of what is imported, watts."""
        if self.budget_wh * MOST_PRICE <= price * _DEFAULT_BUDGET_WH:
            price = MOST_PRICE
        else:
            price *= _DEFAULT_BUDGET_WH / self.budget_wh
        now_w = self._at_w(claim, price, self.soon)
        if not self.past:
            return now_w
        past_w = sum(self._at_w(claim, price, surplus) for surplus in self.past) / len(self.past)
        return share_now * now_w + (1.0 - share_now) * past_w

    def _at_w(self, claim: Claim, price: float, surplus: Lanes) -> float:
        left = self.left(surplus)
        missing_w = shortage_w(claim.least, left, self.rule, self.voltage_v)
        return sunlight_w(claim.most, left, self.rule, self.voltage_v) - price * missing_w
