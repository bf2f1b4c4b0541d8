"""How a site uses its sun and its battery, as its owner set it."""

from dataclasses import dataclass
from enum import StrEnum


class SurplusRule(StrEnum):
    """What counts as surplus, by the country's way of metering."""

    SUMMED = "summed"
    """The meter nets its phases: export on one pays for import on another."""

    PER_PHASE = "per_phase"
    """Each phase is metered by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSettings:
    """When a connector in a solar mode starts and stops.

    Attributes:
        rule: What counts as surplus.
        import_budget_wh: A start, or going on through a cloud, may cost so much import.
        export_margin_w: So much is left to flow out; negative: so much may flow in.
    """

    rule: SurplusRule = SurplusRule.SUMMED
    import_budget_wh: float = 50.0
    export_margin_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """What the home battery is for. States of charge are percents.

    Attributes:
        priority_soc: Below it the battery is charged before cars in a solar mode.
        buffer_soc: Above it the battery may bridge gaps of a car that charges by the sun.
        start_soc: Above it the battery may also start one; None: never.
        reserve_soc: It is never discharged into a car below this.
        feeds_cars: Whether it may be discharged into cars at all.
        lock_when_fast: Whether its discharge is locked while a car charges fast or by plan.
    """

    priority_soc: float = 0.0
    buffer_soc: float = 100.0
    start_soc: float | None = None
    reserve_soc: float = 0.0
    feeds_cars: bool = False
    lock_when_fast: bool = False
