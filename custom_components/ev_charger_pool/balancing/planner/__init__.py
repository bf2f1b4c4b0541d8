"""Plans: when each member charges, so that all are ready in time at the least cost."""

from .contract import (
    HorizonSlot,
    Objective,
    PlanError,
    PlanRequest,
    PlanResult,
    PlanSettings,
    Promise,
    Unpriced,
)
from .planning import plan

__all__ = [
    "HorizonSlot",
    "Objective",
    "PlanError",
    "PlanRequest",
    "PlanResult",
    "PlanSettings",
    "Promise",
    "Unpriced",
    "plan",
]
