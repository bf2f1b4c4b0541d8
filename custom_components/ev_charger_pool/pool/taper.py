"""What a car takes over its state of charge, learned from its sessions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math
from statistics import median
from typing import Final

from .vehicles import FULL, Vehicle

BAND_SOC: Final = 5.0
"""A curve has a step for so many percent."""

BANDS: Final = int(FULL / BAND_SOC)

SESSIONS_KEPT: Final = 9
"""So many of the newest sessions count for a band, so that an ageing battery is followed."""

LEAST_SESSIONS: Final = 2
"""One session proves nothing: the battery may have been cold."""

LEAST_SAMPLES: Final = 3
"""So many values in a band make it count for a session."""

FOLLOWS: Final = 0.92
"""A car that takes at least this share of what it may is not held back by its battery."""

LEAST_POWER_W: Final = 500.0
"""No band is taken for slower than this, so that every plan ends."""

UNBOUND: Final = math.inf
"""Of a band where the car took whatever it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperCurve:
    """The most that a car takes, watts at the charger, never rising with the state of charge.

    Attributes:
        power_w: Of each band of `BAND_SOC` percent, from empty to full.
    """

    power_w: Sequence[float]

    def power_at(self, soc: float) -> float:
        """Return the watts that the car takes at a state of charge."""
        return self.power_w[_band(soc)]

    def hours(self, vehicle: Vehicle, from_soc: float, to_soc: float) -> float | None:
        """Return how long charging takes at full power; None without a known capacity."""
        total = 0.0
        for band, power_w in enumerate(self.power_w):
            low = max(from_soc, band * BAND_SOC)
            high = min(to_soc, (band + 1) * BAND_SOC)
            if high > low:
                energy_wh = vehicle.energy_to(high, from_soc=low)
                if energy_wh is None:
                    return None
                total += energy_wh / power_w
        return total

    def energy_wh(self, vehicle: Vehicle, from_soc: float, hours: float) -> float | None:
        """Return what is charged in a time at full power; None without a known capacity."""
        total = 0.0
        for band, power_w in enumerate(self.power_w):
            high = (band + 1) * BAND_SOC
            needed_wh = vehicle.energy_to(high, from_soc=max(from_soc, band * BAND_SOC))
            if needed_wh is None:
                return None
            charged_wh = min(needed_wh, max(0.0, hours) * power_w)
            total += charged_wh
            hours -= charged_wh / power_w
        return total


class Taper:
    """Learns from sessions where a car takes less than it may.

    A band's value is the median over sessions, which one odd session does not move. The whole is
    then made never to rise by pooling neighbours that contradict (isotonic regression), and
    bands that nobody knows are taken as flat.
    """

    def __init__(self, kept: Mapping[int, Iterable[float]] | None = None) -> None:
        """Begin, with what was learned before a restart.

        Args:
            kept: What `kept` told then.
        """
        self._sessions: dict[int, list[float]] = {
            band: [value for value in values if value > 0.0][-SESSIONS_KEPT:]
            for band, values in (kept or {}).items()
            if 0 <= band < BANDS
        }
        self._samples: dict[int, list[tuple[float, float]]] = {}

    @property
    def kept(self) -> Mapping[int, Sequence[float]]:
        """Watts of the newest sessions by band; `UNBOUND` where the car was not the limit."""
        return {band: tuple(values) for band, values in self._sessions.items()}

    def sample(self, soc: float, power_w: float, allowed_w: float) -> None:
        """Take what the car took while it might have taken more.

        Args:
            soc: Percent.
            power_w: What it took.
            allowed_w: What the pool had allowed for long enough.
        """
        if 0.0 < power_w < UNBOUND and 0.0 < allowed_w < UNBOUND and 0.0 <= soc < FULL:
            self._samples.setdefault(_band(soc), []).append((power_w, allowed_w))

    def end_session(self) -> bool:
        """Take that the session is over; return whether something was learned."""
        learned = False
        for band, samples in self._samples.items():
            if len(samples) < LEAST_SAMPLES:
                continue
            held = [power_w for power_w, allowed_w in samples if power_w < FOLLOWS * allowed_w]
            value = median(held) if 2 * len(held) > len(samples) else UNBOUND
            values = self._sessions.setdefault(band, [])
            values.append(value)
            del values[:-SESSIONS_KEPT]
            learned = True
        self._samples.clear()
        return learned

    def curve(self, most_w: float) -> TaperCurve:
        """Return the curve below the most that charger and car can do.

        Args:
            most_w: Watts, above 0.
        """
        blocks: list[_Block] = []
        for band in range(BANDS):
            values = self._sessions.get(band, ())
            if len(values) < LEAST_SESSIONS:
                # Nobody knows: it goes on as before.
                if blocks:
                    blocks[-1].bands += 1
                else:
                    blocks.append(_Block(most_w, 1.0, 1))
                continue
            blocks.append(_Block(min(most_w, median(values)), float(len(values)), 1))
            _pool_contradictions(blocks)
        least_w = min(LEAST_POWER_W, most_w)
        return TaperCurve(
            power_w=[max(least_w, block.power_w) for block in blocks for _ in range(block.bands)]
        )


@dataclass(slots=True)
class _Block:
    """Neighbouring bands with one value; the weight counts the sessions behind it."""

    power_w: float
    weight: float
    bands: int


def _pool_contradictions(blocks: list[_Block]) -> None:
    while len(blocks) > 1 and blocks[-2].power_w < blocks[-1].power_w:
        last, before = blocks.pop(), blocks[-1]
        weight = before.weight + last.weight
        before.power_w = (before.power_w * before.weight + last.power_w * last.weight) / weight
        before.weight = weight
        before.bands += last.bands


def _band(soc: float) -> int:
    return min(BANDS - 1, max(0, int(soc // BAND_SOC)))
