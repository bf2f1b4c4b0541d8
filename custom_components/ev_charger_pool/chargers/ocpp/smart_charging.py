"""What a station can do with charging profiles: by its own word, and as it turned out."""

from dataclasses import dataclass, field
from enum import StrEnum


class LeaseForm(StrEnum):
    """How a limit is made to end by itself."""

    TWO_PERIODS = "two_periods"
    DURATION = "duration"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartCharging:
    """What a station can do with profiles; the defaults are the least (6.7).

    Attributes:
        max_periods: How many periods a schedule may have.
        max_stack_level: The highest stack level.
        watts_only: Whether limits have to be in watts.
        switches_phases: Whether it says that it can switch between one and three phases.
    """

    max_periods: int = 1
    max_stack_level: int = 0
    watts_only: bool = False
    switches_phases: bool = False


@dataclass(slots=True, kw_only=True)
class Verdicts:
    """What was learned of a station; survives its connections.

    Attributes:
        facts: What its configuration says.
        known: Whether that was read from it, or is the least that can be.
        supported: Whether it takes charging profiles.
        strongest_form: The strongest way in which it lets a limit end.
        proven_form: The one that it accepted last.
        weakened_for: The transaction for which weaker ones were tried.
        lapse_asked: Whether the station was asked if its limits end by themselves.
        lapse_shown: Whether its own schedule shows that; None where it does not tell.
    """

    facts: SmartCharging = field(default_factory=SmartCharging)
    known: bool = False
    supported: bool = True
    strongest_form: LeaseForm = LeaseForm.TWO_PERIODS
    proven_form: LeaseForm | None = None
    weakened_for: str | None = ""
    lapse_asked: bool = False
    lapse_shown: bool | None = None
