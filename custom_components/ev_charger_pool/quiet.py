"""When an entity tells Home Assistant about a change: what matters soon, what is noise later.

Each state that is written costs a row in the database and a message to every open browser, and a
site reports hundreds of values a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeIs

type Shown = float | str | datetime | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What an entity shows.

    Attributes:
        available: Whether there is anything to show.
        value: The state.
        attributes: What is shown beside it.
        options: Of a choice, what may be chosen.
    """

    available: bool
    value: Shown = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """How patient an entity is.

    Attributes:
        step: The least change of a number that matters, in the unit of the entity.
        share: The same as a share of the number shown; the larger of the two counts.
        spacing: Numbers that matter are written at most this often.
        patience: A smaller change is written once the number shown is this old, so that what
            stays is right in the end.
    """

    step: float = 0.0
    share: float = 0.0
    spacing: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(seconds=30)

    def wait(self, shown: Picture, now: Picture, age: timedelta) -> timedelta | None:
        """Return how long to wait before a picture replaces the one that is shown.

        Faults, states and safety are no numbers: they never wait.

        Args:
            shown: What is shown.
            now: What there is to show.
            age: How long ago the shown one was written.

        Returns:
            Zero to write at once, None where there is nothing new.
        """
        if shown == now:
            return None
        if (shown.available, shown.options) != (now.available, now.options):
            return timedelta(0)
        if shown.attributes != now.attributes:
            return timedelta(0)
        old, new = shown.value, now.value
        if not (_is_number(old) and _is_number(new)):
            return timedelta(0)
        matters = abs(new - old) >= max(self.step, self.share * abs(old))
        return max(timedelta(0), (self.spacing if matters else self.patience) - age)


def _is_number(value: Shown) -> TypeIs[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


AT_ONCE: Final = Quiet(spacing=timedelta(0), patience=timedelta(0))
"""For states, wishes and whatever else is read by a program."""

CURRENT: Final = Quiet(step=0.2, share=0.01)
VOLTAGE: Final = Quiet(step=1.0)
POWER: Final = Quiet(step=20.0, share=0.01)
ENERGY: Final = Quiet(step=0.01, patience=timedelta(seconds=60))
