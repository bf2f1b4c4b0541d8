"""How a site uses its sun and its battery, as its owner set it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

WHOLE_PERCENT: Final = 100.0


class SurplusRule(StrEnum):
    """What counts as surplus, by the country's way of metering."""

    SUMMED = "summed"
    """The meter nets its phases: export on one pays for import on another."""

    PER_PHASE = "per_phase"
    """Each phase is metered by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """When members in a mode by the sun start and stop, and what they leave.

    Attributes:
        rule: What counts as surplus.
        import_budget_wh: What the grid may lend to each member that runs in solar mode, for a
            start that may turn out wrong or for going on through a cloud. 3 % of what it charges
            pays it back, a pause makes it forgotten. More of it: fewer stops and more import:
            it is also how dear import is to its owner. With 50 Wh a run starts where it brings
            four times as much sun as import, with 100 Wh where it brings twice as much. 50 Wh is
            45 s of a car at 6 A on three phases without any sun.
        export_margin_w: So much is left to flow out; negative: so much may always flow in, for
            example 300 W to make up for what whole amps leave unused.
    """

    rule: SurplusRule = SurplusRule.SUMMED
    import_budget_wh: float = 50.0
    export_margin_w: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: The budget is negative, or one of the two is no number.
        """
        if not 0.0 <= self.import_budget_wh < float("inf"):
            message = f"the import budget is a number of at least 0, not {self.import_budget_wh}"
            raise ValueError(message)
        if not abs(self.export_margin_w) < float("inf"):
            message = f"the export margin is a number of watts, not {self.export_margin_w}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """What the home battery is for. States of charge are percents.

    A state of charge that nobody tells counts as an empty battery: it comes first where there is
    a `priority_soc`, and feeds nobody.

    Attributes:
        priority_soc: Below it the battery is charged before cars in a solar mode; 0: cars first.
        buffer_soc: From it on the battery may carry a car that charges by the sun through gaps,
            at the car's least current; needs `feeds_cars`.
        start_soc: From it on it may also start one; None: never. Needs `feeds_cars`.
        reserve_soc: It is never discharged into a car below this.
        feeds_cars: Whether it may be discharged into cars that charge by the sun at all.
        lock_when_fast: Whether its discharge is locked while a car charges fast or by plan.
    """

    priority_soc: float = 0.0
    buffer_soc: float = WHOLE_PERCENT
    start_soc: float | None = None
    reserve_soc: float = 0.0
    feeds_cars: bool = False
    lock_when_fast: bool = False

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: A state of charge is not between 0 and 100, or a car would be started
                by a battery that may not carry it.
        """
        for name in ("priority_soc", "buffer_soc", "start_soc", "reserve_soc"):
            soc = getattr(self, name)
            if soc is not None and not 0.0 <= soc <= WHOLE_PERCENT:
                message = f"{name} is between 0 and 100 percent, not {soc}"
                raise ValueError(message)
        if self.start_soc is not None and self.start_soc < self.buffer_soc:
            message = (
                f"start_soc ({self.start_soc}) is at least buffer_soc ({self.buffer_soc}):"
                " else the battery would start what it may not carry on"
            )
            raise ValueError(message)
