"""SR-4 and SR-8: when a lease is renewed, and how its lapse is put to the test once."""

from typing import Final

from .ledger import LEASE_GRACE_S

RETRY_S: Final = 5.0
"""A renewal that failed is tried again after the timeout of a control call (SR-7)."""

LAPSE_TOLERANCE_A: Final = 1.0
"""A lapse worked when the draw fell to `f` and so much (SR-8)."""

VISIBLE_A: Final = 3.0
"""A lapse is put to the test only where the draw has to fall by so much."""

STEADY_S: Final = 600.0
"""And after a run that cars take as one: a pause should not come sooner (SR-14)."""


class LeaseWatch:
    """The renewals of one member's lease and its one exercise. Times are seconds."""

    __slots__ = ("_fed_s", "_retry_s", "_withheld_until_s", "exercised", "failed")

    def __init__(self) -> None:
        self.exercised = False
        self.failed = False
        self._fed_s = float("-inf")
        self._retry_s = float("-inf")
        self._withheld_until_s: float | None = None

    @property
    def is_withheld(self) -> bool:
        """Whether a renewal is withheld now to see the lapse."""
        return self._withheld_until_s is not None

    def feed(self, at_s: float) -> None:
        """Note that a grant or a renewal was ordered."""
        self._fed_s = at_s
        self._retry_s = float("-inf")
        self._withheld_until_s = None

    def miss(self, at_s: float) -> None:
        """Note that a renewal failed."""
        self._retry_s = at_s + RETRY_S

    def is_due(self, now_s: float, renewal_s: float) -> bool:
        """Whether to renew now."""
        if self.is_withheld:
            return False
        return now_s >= min(
            self._fed_s + renewal_s,
            self._retry_s if self._retry_s > float("-inf") else float("inf"),
        )

    def withhold(self, expires_s: float, settle_s: float) -> None:
        """Begin the exercise: no renewal until the draw had time to fall after the lapse."""
        self._withheld_until_s = expires_s + LEASE_GRACE_S + settle_s

    def judge(
        self, now_s: float, expires_s: float, sample_s: float, draw_a: float, f_a: float
    ) -> bool:
        """Return whether the exercise ended by this draw; the verdict is kept."""
        if self._withheld_until_s is None or sample_s <= expires_s:
            return False
        if draw_a <= f_a + LAPSE_TOLERANCE_A:
            self.exercised, self.failed = True, False
        elif now_s >= self._withheld_until_s:
            self.failed = True
        else:
            return False
        self._withheld_until_s = None
        return True
