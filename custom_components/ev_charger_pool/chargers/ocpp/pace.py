"""How fast somebody may do something."""


class TokenBucket:
    """Allows bursts, and a steady pace in the long run."""

    def __init__(self, burst: int, per_s: float, now_s: float) -> None:
        """Fill the bucket.

        Args:
            burst: How often at once.
            per_s: How often per second in the long run.
            now_s: The time on a clock that never runs backwards, in seconds.
        """
        self._burst = float(burst)
        self._per_s = per_s
        self._left = float(burst)
        self._at_s = now_s

    def take(self, now_s: float) -> float:
        """Do it once more; answer for how many seconds to wait before, 0 for none."""
        self._refill(now_s)
        self._left -= 1.0
        return max(0.0, -self._left / self._per_s)

    def admits(self, now_s: float) -> bool:
        """Do it once more if that is possible without waiting; answer whether it was."""
        self._refill(now_s)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def _refill(self, now_s: float) -> None:
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
