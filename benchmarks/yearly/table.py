"""The figures of each scene as a table: the pool beside the strategies that it is compared with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_KEY_WIDTH: Final = 42
_WIDTH: Final = 14

_NOTHING: Final = "-"


def lines(
    figures: Mapping[str, float], scenes: Sequence[str], strategies: Mapping[str, str]
) -> Iterator[str]:
    """Yield a table for each scene that has figures.

    Args:
        figures: By key, of a scene `scene_figure`, of a strategy beside the pool `strategy_` before.
        scenes: The scenes, in order.
        strategies: The prefix of each strategy's keys by its name; the first has all rows.
    """
    first = next(iter(strategies.values()))
    for scene in scenes:
        others = [other for other in scenes if other.startswith(f"{scene}_")]
        start = f"{first}{scene}_"
        keys = [
            key.removeprefix(start)
            for key in figures
            if key.startswith(start) and not any(key.startswith(f"{first}{o}_") for o in others)
        ]
        if not keys:
            continue
        yield f"{scene:<{_KEY_WIDTH}}" + "".join(f"{name:>{_WIDTH}}" for name in strategies)
        for key in keys:
            values = (figures.get(f"{prefix}{scene}_{key}") for prefix in strategies.values())
            cells = "".join(f"{_told(value):>{_WIDTH}}" for value in values)
            yield f"  {key:<{_KEY_WIDTH - 2}}{cells}"


def _told(value: float | None) -> str:
    """Return a figure in five digits at most."""
    if value is None:
        return _NOTHING
    return f"{value:.0f}" if value == round(value) or abs(value) >= 1e4 else f"{value:.4g}"
