"""What a judge finds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ROUNDING_A: Final = 0.051
"""Grants have steps; this is no breach."""


class Rule(StrEnum):
    """What was broken; the names are those of the design, of the safety rules, and of limits."""

    I1A = "i1a"
    I1B_CAUSED = "i1b_caused"
    I1B_RAISE = "i1b_raise"
    I1B_SLOW = "i1b_slow"
    I1B_THERMAL = "i1b_thermal"
    I2 = "i2"
    I3 = "i3"
    I4 = "i4"
    I5 = "i5"
    I6 = "i6"
    I7 = "i7"
    I8 = "i8"
    SR2 = "sr2"
    SR3 = "sr3"
    SR5 = "sr5"
    SR6 = "sr6"
    SR10 = "sr10"
    SR11 = "sr11"
    SR12 = "sr12"
    SR13 = "sr13"
    SR14 = "sr14"
    AVERAGE = "average"
    BALANCE = "balance"
    MODE = "mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that was broken.

    Attributes:
        rule: Which one.
        at_s: When, in seconds from the start.
        subject: The circuit and phase, or the member.
        text: What was seen, with numbers.
    """

    rule: Rule
    at_s: float
    subject: str
    text: str

    def __str__(self) -> str:
        """Return it on one line."""
        return f"{self.at_s:7.0f} s  {self.rule:<11} {self.subject}: {self.text}"


EPISODE_S = 60.0
"""The same rule at the same subject counts once in this time."""


class Findings:
    """The violations of one run, each episode once."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self._seen_s: dict[tuple[Rule, str], float] = {}

    def add(self, rule: Rule, at_s: float, subject: str, text: str) -> None:
        """Take a violation, unless it goes on from one that was told."""
        key = (rule, subject)
        last_s = self._seen_s.get(key)
        self._seen_s[key] = at_s
        if last_s is None or at_s - last_s > EPISODE_S:
            self.violations.append(Violation(rule=rule, at_s=at_s, subject=subject, text=text))
