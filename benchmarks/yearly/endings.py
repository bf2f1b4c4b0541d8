"""How long overloads last: from the step that made them, and beside the time that there was."""

from collections.abc import Iterable

from custom_components.ev_charger_pool.simulator.judge.truth import TOLERANCE_A, Spot, Truth


class _Episode:
    """One overload since the newest step of others that made it worse."""

    __slots__ = ("heard_s", "other_a", "since_s")

    def __init__(self, since_s: float, other_a: float) -> None:
        self.since_s = since_s
        self.other_a = other_a
        self.heard_s: float | None = None


class Endings:
    """Watches how overloads end.

    Counted are the seconds in which more flows than a limit and SR-9's noise, beyond what a device
    takes against its orders, while somebody draws who could give way. A further step of others
    begins anew. There is time for it until a reading that was measured after the step is heard,
    and link time + 10 s from then on (I1b).

    Attributes:
        longest_s: How long an overload lasted at most.
        most_of_time: The largest share of the time that there was; above 1 is too long.
    """

    def __init__(self, truth: Truth) -> None:
        self.longest_s = 0.0
        self.most_of_time = 0.0
        self._truth = truth
        self._episodes: dict[str, _Episode] = {}

    def advance(self, now_s: float, spots: Iterable[Spot]) -> None:
        """Take the second that ends now."""
        for spot in spots:
            if self._over_a(spot, now_s) <= 0.0:
                self._episodes.pop(spot.name, None)
            else:
                self._follow(spot, now_s)

    def _over_a(self, spot: Spot, now_s: float) -> float:
        """Return what somebody could take away; 0 where nobody could."""
        over_a = spot.total_a - spot.limit_a - spot.noise_a - spot.error_a
        if over_a <= 0.0:
            return 0.0
        reaction_s = self._truth.knowledge[spot.circuit].reaction_s
        if spot.controllable_a(now_s, reaction_s, blind=False) <= TOLERANCE_A:
            return 0.0
        return over_a - spot.excused_a(now_s, self._truth.decided_s, reaction_s)

    def _follow(self, spot: Spot, now_s: float) -> None:
        episode = self._episodes.get(spot.name)
        if episode is None or spot.other_a > episode.other_a + spot.noise_a:
            episode = self._episodes[spot.name] = _Episode(now_s - 1.0, spot.other_a)
        knowledge = self._truth.knowledge[spot.circuit]
        newest_s = now_s if knowledge.spec is None else knowledge.newest_s
        if episode.heard_s is None and newest_s > episode.since_s:
            episode.heard_s = now_s
        heard_s = now_s if episode.heard_s is None else episode.heard_s
        lasted_s = now_s - episode.since_s
        allowed_s = heard_s - episode.since_s + knowledge.reaction_s
        self.longest_s = max(self.longest_s, lasted_s)
        self.most_of_time = max(self.most_of_time, lasted_s / allowed_s)
