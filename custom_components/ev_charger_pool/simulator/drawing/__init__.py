"""Drawing random sites: everything of a scenario comes from its seed."""

from .electricity import other_load_max_a
from .scenario import ENERGY_FROM, MOST_MEMBERS, draw_scenario

__all__ = ["ENERGY_FROM", "MOST_MEMBERS", "draw_scenario", "other_load_max_a"]
