"""Modes by the sun: what the sun leaves becomes a ceiling for each member in such a mode."""

from collections.abc import Sequence
from operator import sub
from typing import Final

from ..pool.circuits import ResourceKind, ResourceReport
from ..pool.members import MemberId, Mode
from ..pool.quantities import Phase
from ..pool.reasons import Reason, ReasonKind
from .battery_rules import BatteryView, DischargeLock, HomeBattery
from .branches import Branch
from .contract import Allocate
from .followers import Follower, Scene, draw_of, total
from .lending import STANDBY_W, ImportAccount
from .policies import SUN_MODES
from .site_state import SiteState
from .sun_outlook import SunOutlook
from .sun_shares import SunShares
from .sun_turns import SunTurns
from .surplus import SolarReadings, Surplus, less, measure
from .switches import tell_gains
from .wake import DRAWING_A
from .wiring import WATTS, Lanes, each

_LONGEST_GAP_S: Final = 10.0
"""Energy is not made up for a longer time in which nobody decided."""


class Solar:
    """Gives each member in a mode by the sun its ceiling.

    Args:
        allocate: The allocator that shares the surplus.
    """

    def __init__(self, allocate: Allocate) -> None:
        self._surplus = Surplus()
        self._readings = SolarReadings()
        self._battery = HomeBattery()
        self._battery_phases: dict[str, tuple[Phase, ...]] = {}
        self._lock = DischargeLock()
        self._account = ImportAccount()
        self._turns = SunTurns()
        self._shares = SunShares(allocate)
        self._followers: dict[MemberId, Follower] = {}
        self._now_s: float | None = None
        self.surplus_w: float | None = None
        """What members in modes by the sun could take without import, watts; None: unknown."""
        self.battery_locked = False
        """Whether the battery may not be discharged now."""

    @property
    def is_implausible(self) -> bool:
        """Whether what the sun is told to give cannot be."""
        return self._readings.is_implausible

    def is_soc_erratic(self, now_s: float) -> bool:
        """Whether the battery's state of charge jumps again and again."""
        return self._battery.is_soc_erratic(now_s)

    def take(self, report: ResourceReport) -> None:
        """Take the newest power of a plant or a battery."""
        if report.kind is ResourceKind.SOLAR:
            self._readings.take(report)
        else:
            self._battery.take(report)
            self._battery_phases[report.id] = report.phases

    def follow(self, site: SiteState, now_s: float) -> None:
        """Renew the share of each member in a mode by the sun, and the battery's lock."""
        passed_s = 0.0 if self._now_s is None else min(now_s - self._now_s, _LONGEST_GAP_S)
        self._now_s = now_s
        if not site.branches:
            return
        root = site.branches[0]
        battery = self._measure(site, root, now_s)
        members = self._members(site, now_s)
        others = total(draw_of(s) for s in site.seats.values() if s.mode not in SUN_MODES)
        owed_w = battery.owed_w + site.settings.solar.export_margin_w

        def left(surplus: Lanes) -> Lanes:
            """Return what is left beside fast members, the battery and the margin."""
            return less(each(sub, surplus, others), owed_w, root)

        surplus, steady = self._surplus.now, self._surplus.steady(now_s)
        self.surplus_w = None
        if surplus is None or steady is None:
            self._without_surplus(site, root, members, now_s)
        else:
            now = left(surplus)
            self.surplus_w = round(now[WATTS])
            scene = Scene(
                site=site,
                root=root,
                battery=battery,
                now=now,
                steady=left(steady),
                known_s=now_s - (self._surplus.known_since_s or now_s),
                lent_wh=self._account.lent_wh,
                budget_wh=site.settings.solar.import_budget_wh
                * max(1, sum(member.kept for member in members)),
                now_s=now_s,
            )
            self._account_for(scene, members, passed_s)
            outlook = SunOutlook(
                soon=self._surplus.soon,
                past=self._surplus.past,
                left=left,
                rule=scene.rule,
                budget_wh=site.settings.solar.import_budget_wh,
                voltage_v=root.voltage_v,
            )
            self._turns.decide(scene, outlook, members)
            self._shares.decide(scene, members)
            tell_gains(outlook, tuple(self._followers.values()))
        self._renew_lock(site, battery, now_s)

    def _measure(self, site: SiteState, root: Branch, now_s: float) -> BatteryView:
        """Renew the surplus; return what the battery means for it."""
        grid_w = None if root.load is None or root.is_stale else root.load[WATTS]
        battery = self._battery.view(site.settings.battery, now_s, grid_w)
        self._readings.check(now_s, grid_w, battery.power_w)
        phases = set(self._battery_phases.values())
        measure(
            self._surplus,
            root,
            site.seats.values(),
            battery,
            phases.pop() if len(phases) == 1 else (),
            self._readings.production_w(now_s),
            now_s,
        )
        return battery

    def _members(self, site: SiteState, now_s: float) -> list[Follower]:
        """Return who follows the sun now and could run."""
        found = []
        before, self._followers = self._followers, {}
        for member, seat in site.seats.items():
            if seat.mode not in SUN_MODES:
                continue
            # After a start what runs goes on until its device and the meter were heard.
            held_a = seat.granted_a if site.restart.is_quiet(now_s) else 0.0
            follower = before.get(member)
            if follower is None or follower.mode is not seat.mode or follower.seat is not seat:
                # What runs already goes on where the sun allows it.
                follower = Follower(seat, seat.mode, held_a, held_a > 0.0)
            self._followers[member] = follower
            follower.learn()
            if follower.takes_part:
                found.append(follower)
            else:
                follower.rest()
                follower.kept = held_a > 0.0
                follower.give(held_a, Reason(kind=ReasonKind.SOLAR))
        return found

    def _without_surplus(
        self, site: SiteState, root: Branch, members: Sequence[Follower], now_s: float
    ) -> None:
        """Pause who may only have what the sun gives, while nobody knows what that is."""
        reason = Reason(kind=ReasonKind.STALE, subject=root.circuit.id)
        self._shares.forget()
        for follower in self._followers.values():
            follower.seat.sun_gain_w = None
        for follower in members:
            held_a = follower.seat.granted_a if site.restart.is_quiet(now_s) else 0.0
            follower.kept, follower.starts_s = held_a > 0.0, None
            follower.give(held_a, reason)

    def _account_for(self, scene: Scene, members: Sequence[Follower], passed_s: float) -> None:
        """Book what members took beyond what the sun gave them."""
        drawn = total(draw_of(one.seat) for one in members)
        always = total(one.least for one in members if one.mode is Mode.MINIMUM_SOLAR)
        short_w = scene.shortage_w(drawn, each(max, scene.now, always))
        self._shares.pass_time(passed_s, short_w)
        if scene.battery.bridges and scene.root.load is not None:
            # What the battery gives costs no import.
            short_w = min(short_w, max(0.0, scene.root.load[WATTS]))
        self._account.pass_time(passed_s, short_w, drawn[WATTS], scene.budget_wh)

    def _renew_lock(self, site: SiteState, battery: BatteryView, now_s: float) -> None:
        """Find whether the battery may be discharged while cars charge as they do."""
        settings = site.settings.battery
        charging = [
            seat
            for seat in site.seats.values()
            if seat.granted_a > 0.0 and max(draw_of(seat)[:WATTS]) > DRAWING_A
        ]
        fast = any(seat.mode in (Mode.FAST, Mode.PLAN) for seat in charging)
        by_sun_w = total(draw_of(seat) for seat in charging if seat.mode in SUN_MODES)[WATTS]
        beyond_sun = fast or by_sun_w > max(0.0, self.surplus_w or 0.0) + STANDBY_W
        self.battery_locked = self._lock.is_locked(
            now_s,
            needed=(fast and settings.lock_when_fast)
            or (bool(charging) and beyond_sun and not battery.may_feed),
        )
