"""How long too much may flow before somebody should have given way."""


class Patience:
    """Since when one limit is exceeded."""

    __slots__ = ("_over_since_s", "_small_since_s")

    def __init__(self) -> None:
        self._over_since_s: float | None = None
        self._small_since_s: float | None = None

    def renew(self) -> None:
        """Take that nothing is exceeded, or that nobody could give way."""
        self._over_since_s = self._small_since_s = None

    def is_over(
        self,
        now_s: float,
        over: float,
        *,
        seen_s: float,
        wait_s: float,
        noise: float,
        small: float,
        unknown: float,
    ) -> bool:
        """Take an excess and return whether it should have ended by now.

        Args:
            now_s: Seconds from the start.
            over: What flows above the limit, more than `small`.
            seen_s: What was so by then has to be made room for by now.
            wait_s: How long a small excess is waited out (SR-9).
            noise: An excess of at most this is small.
            small: What the meter may not show at all.
            unknown: What of it the controller cannot know of yet.
        """
        if self._small_since_s is None:
            self._small_since_s = now_s
        if over <= noise:
            self._over_since_s = None
        elif self._over_since_s is None:
            self._over_since_s = now_s
        seen = self._over_since_s is not None and seen_s >= self._over_since_s
        seen_small = seen_s >= self._small_since_s + wait_s
        return (seen and over > noise + unknown) or (seen_small and over > small + unknown)
