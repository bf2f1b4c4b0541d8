"""How much of the surplus each member gets that runs by the sun."""

from collections.abc import Sequence
from typing import Final

from ..pool.circuits import Circuit
from ..pool.energy_settings import SurplusRule
from ..pool.members import Demand
from ..pool.quantities import NOMINAL_VOLTAGE_V, PHASES, PerPhase
from ..pool.reasons import Reason, ReasonKind
from .contract import Allocate
from .followers import Follower, Scene, plus, total
from .lending import HOUR_S
from .plans import PROTECTED
from .raises import DEADBAND_A
from .wiring import WATTS, each, on_phases

DIP_WH: Final = 0.3
"""So much import is waited out before anybody is lowered: 1 s of 1.1 kW, 12 s of 90 W."""

FINE_S: Final = 60.0
"""Shares grow by less than an amp only this often: each is a write."""

LEAST_STEP_A: Final = 0.1
"""Nobody is told less than this more."""

_PLENTY_A: Final = 100_000.0
_ROUNDING: Final = 1e-6

_SUN: Final = Circuit(id="sun", name="sun", limit_a=PerPhase.same(_PLENTY_A))
"""What the allocator takes the surplus for: one circuit with everybody below it."""


class SunShares:
    """Shares what was steady, when that is worth it: down for a dip that lasts, up for more.

    Args:
        allocate: The allocator that shares the surplus. Times are seconds since the epoch.
    """

    __slots__ = ("_allocate", "_dip_wh", "_shared_s", "_signature")

    def __init__(self, allocate: Allocate) -> None:
        self._allocate = allocate
        self._dip_wh = 0.0
        self._shared_s = float("-inf")
        self._signature: tuple[object, ...] = ()

    def forget(self) -> None:
        """Note that shares were given that do not come from the surplus."""
        self._signature = ()

    def pass_time(self, seconds: float, short_w: float) -> None:
        """Let time pass in which members took so many watts too much."""
        self._dip_wh = self._dip_wh + short_w * seconds / HOUR_S if short_w > 0.0 else 0.0

    def decide(self, scene: Scene, members: Sequence[Follower]) -> None:
        """Renew the shares where that is due."""
        signature = tuple(
            (one.seat.settings, one.kept, one.is_on, one.least, one.most_a(scene.now_s))
            for one in members
        )
        if signature == self._signature and not self._is_due(scene, members):
            return
        self._signature = signature
        self._share(scene, members)
        self._shared_s = scene.now_s
        self._dip_wh = 0.0

    def _is_due(self, scene: Scene, members: Sequence[Follower]) -> bool:
        """Whether shares are to fall for a dip that lasts, or to grow by what was steady."""
        if self._dip_wh >= DIP_WH:
            return any(one.share_a > one.seat.least_a + _ROUNDING for one in members)
        idle = any(
            one.share_a > max(one.seat.granted_a, one.seat.least_a) + _ROUNDING for one in members
        )
        shared = total(on_phases(one.share_a, one.phases, one.seat.voltage_v) for one in members)
        if idle and scene.shortage_w(shared, scene.now) > 0.0:
            # What nobody was granted yet costs no write, and imports nothing that would be seen.
            return True
        least_step_a = DEADBAND_A if scene.now_s < self._shared_s + FINE_S else LEAST_STEP_A
        for one in members:
            step_a = max(one.seat.settings.step_a, least_step_a)
            if not one.is_on or one.share_a + step_a > one.most_a(scene.now_s) + _ROUNDING:
                continue
            more = on_phases(step_a, one.phases, one.seat.voltage_v)
            if scene.shortage_w(plus(shared, more), scene.steady) <= 0.0:
                return True
        return False

    def _share(self, scene: Scene, members: Sequence[Follower]) -> None:
        """Share what was steady among those who run and start."""
        on = [one for one in members if one.is_on]
        free = each(max, scene.steady, total(one.least for one in on))
        free_a, free_w = PerPhase(free[0], free[1], free[2]), None
        if scene.rule is SurplusRule.SUMMED:
            free_a = PerPhase.same(_PLENTY_A)
            free_w = {_SUN.id: free[WATTS] * NOMINAL_VOLTAGE_V / scene.root.voltage_v}
        found = self._allocate(
            [_SUN], [_demand(one, scene.now_s) for one in on], {_SUN.id: free_a}, free_w=free_w
        ).current_a
        battery_first = scene.battery.owed_w > 0.0
        reason = Reason(kind=ReasonKind.BATTERY if battery_first else ReasonKind.SOLAR)
        for one in members:
            share_a = found.get(one.seat.settings.member, 0.0)
            one.give(max(share_a, one.seat.least_a) if one.kept else share_a, reason)


def _demand(follower: Follower, now_s: float) -> Demand:
    settings = follower.seat.settings
    return Demand(
        member=settings.member,
        circuit=_SUN.id,
        phases=frozenset(PHASES[position] for position in follower.phases),
        min_a=follower.seat.least_a,
        max_a=follower.most_a(now_s),
        step_a=settings.step_a,
        limited_by=follower.seat.share.reason,
        priority=settings.priority,
        weight=settings.weight,
        owed=PROTECTED if follower.kept else 0,
    )
