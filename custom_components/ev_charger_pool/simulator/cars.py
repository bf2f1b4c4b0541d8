"""Cars: what they draw when something is offered to them."""

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

LEAST_OFFER_A: Final = 6.0
"""The smallest current that IEC 61851 can offer; less is a pause."""

SIP_S: Final = 90.0
SIP_EVERY_S: Final = 1_200.0
"""How long, and how often, a full car takes a sip."""

_FULL_BELOW_A: Final = 0.4
"""A tapering car stops once its cells take less than this per phase."""


class SwitchMood(StrEnum):
    """What a car makes of a station that switches its phases."""

    FOLLOWS = "follows"
    NEVER_RESUMES = "never_resumes"
    FAULTS = "faults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """What a car is, as far as a charger can notice.

    Attributes:
        phases: How many phases its onboard charger uses at most.
        max_current_a: Largest current per phase of the onboard charger.
        wanted_wh: Energy until it is full.
        reaction_s: Seconds until it begins to follow a changed offer (IEC 61851: up to 5).
        ramp_a_per_s: How fast its current moves then.
        start_s: Seconds from an offer to the first amp, when it drew nothing before.
        taper_from: The share of the wanted energy from which on it takes less and less.
        gain: It draws `gain * offer + offset_a`, never below zero.
        offset_a: See `gain`.
        sleeps_after_s: After a pause this long it has to be woken; None: never sleeps.
        one_phase_from: The share of the wanted energy from which on it uses one phase only.
        least_a: It takes nothing of an offer below this, though it has to by the standard.
        sulks_s: So much longer it takes to start again after a pause in its session.
        full_sip_a: What it takes for `SIP_S` of every `SIP_EVERY_S` once it is full, to keep its
            battery warm and balanced.
        mood: What it makes of fewer phases in the midst of a session; on all of them it is well.
    """

    phases: int = 3
    max_current_a: float = 16.0
    wanted_wh: float = 20_000.0
    reaction_s: float = 2.0
    ramp_a_per_s: float = 6.0
    start_s: float = 4.0
    taper_from: float = 0.92
    gain: float = 1.0
    offset_a: float = -0.2
    sleeps_after_s: float | None = None
    one_phase_from: float = 1.0
    least_a: float = LEAST_OFFER_A
    sulks_s: float = 0.0
    full_sip_a: float = 0.0
    mood: SwitchMood = SwitchMood.FOLLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A car that comes to a connector.

    Attributes:
        car: Which one.
        arrives_after: Time from the start of the simulation to the plug.
        stays: Longest time until it is unplugged.
        leaves_full_after: It is unplugged this long after it is full, if that is earlier; None:
            it stays.
    """

    car: Car
    arrives_after: timedelta
    stays: timedelta
    leaves_full_after: timedelta | None = None


class PluggedCar:
    """A car at a connector: its battery, its moods, and how it follows the offer."""

    def __init__(self, car: Car) -> None:
        self.car = car
        self.taken_wh = 0.0
        self.asleep = False
        self.current_a = 0.0
        self.phases = car.phases
        self._pending: deque[tuple[float, float]] = deque()
        self._offered_a = 0.0
        self._followed_a = 0.0
        self._idle_since_s: float | None = None
        self._may_start_s = 0.0
        self._is_upset = False

    @property
    def has_fault(self) -> bool:
        """Whether it reports a fault to the station."""
        return self._is_upset and self.car.mood is SwitchMood.FAULTS

    @property
    def full(self) -> bool:
        """Whether it wants nothing more."""
        return self.taken_wh >= self.car.wanted_wh

    @property
    def wants_energy(self) -> bool:
        """Whether it would charge if it were offered something (state C of IEC 61851)."""
        return not self.full and not self.asleep and not self._is_upset

    def offer(self, current_a: float, at_s: float) -> None:
        """Take the station's newest offer in amps per phase; 0 is a pause."""
        if current_a != self._offered_a:
            self._offered_a = current_a
            self._pending.append((at_s + self.car.reaction_s, current_a))

    def notice_switch(self, count: int, at_s: float) -> None:
        """Notice that the station switched so many phases on."""
        self._is_upset = self.car.mood is not SwitchMood.FOLLOWS and count < self.car.phases
        self._may_start_s = at_s + self.car.start_s

    def wake(self, at_s: float) -> None:
        """Have the station interrupt the pilot signal, which wakes a sleeping car."""
        self.asleep = False
        self._idle_since_s = at_s

    def advance(self, now_s: float, step_s: float) -> None:
        """Follow the offer for `step_s` seconds up to `now_s`."""
        while self._pending and self._pending[0][0] <= now_s:
            self._follow(self._pending.popleft()[1], now_s)
        self._doze(now_s)
        wanted = self._wanted_a(now_s)
        if (change := wanted - self.current_a) == 0.0:
            return
        most = self.car.ramp_a_per_s * step_s
        self.current_a += max(-most, min(most, change))

    def take(self, energy_wh: float) -> None:
        """Put energy into its battery."""
        self.taken_wh += energy_wh
        if self.taken_wh >= self.car.one_phase_from * self.car.wanted_wh and not self.full:
            self.phases = 1

    def _follow(self, offer_a: float, now_s: float) -> None:
        if self._followed_a < LEAST_OFFER_A <= offer_a:
            sulks_s = self.car.sulks_s if self.taken_wh > 0.0 else 0.0
            self._may_start_s = now_s + self.car.start_s + sulks_s
        self._followed_a = offer_a

    def _doze(self, now_s: float) -> None:
        """Fall asleep when nothing was offered for long."""
        if self._followed_a >= LEAST_OFFER_A:
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = now_s
        elif (
            self.car.sleeps_after_s is not None
            and self.taken_wh > 0.0
            and now_s - self._idle_since_s > self.car.sleeps_after_s
        ):
            self.asleep = True

    def _wanted_a(self, now_s: float) -> float:
        car = self.car
        if self._followed_a < max(LEAST_OFFER_A, car.least_a) or now_s < self._may_start_s:
            return 0.0
        if self.full:
            sips = now_s % SIP_EVERY_S < SIP_S
            return min(car.full_sip_a, self._followed_a) if sips else 0.0
        if self.asleep or self._is_upset:
            return 0.0
        wanted = min(car.gain * self._followed_a + car.offset_a, car.max_current_a)
        share = self.taken_wh / car.wanted_wh
        if share > car.taper_from:
            wanted = min(wanted, car.max_current_a * (1.0 - share) / (1.0 - car.taper_from))
            if wanted < _FULL_BELOW_A:
                self.taken_wh = car.wanted_wh
                return 0.0
        return max(wanted, 0.0)


def happens(rng: Random, share: float) -> bool:
    """Draw whether something happens that does so in `share` of all cases."""
    return rng.random() < share


_ONBOARD: Final = ((1, 16.0), (1, 32.0), (2, 16.0), (3, 16.0), (3, 16.0), (3, 32.0))
"""Phases and amps of onboard chargers on the road; three phases at 16 A are the most common."""


def draw_car(rng: Random) -> Car:
    """Draw a car."""
    phases, max_current_a = rng.choice(_ONBOARD)
    return Car(
        phases=phases,
        max_current_a=max_current_a,
        wanted_wh=rng.uniform(1_000.0, 30_000.0),
        reaction_s=rng.uniform(0.5, 4.0),
        ramp_a_per_s=rng.choice((8.0, 16.0, 32.0)),
        start_s=rng.uniform(2.0, 20.0),
        taper_from=rng.uniform(0.75, 0.97),
        gain=rng.uniform(0.97, 1.0),
        offset_a=rng.uniform(-0.5, 0.25),
        sleeps_after_s=rng.uniform(120.0, 900.0) if happens(rng, 0.2) else None,
        one_phase_from=rng.uniform(0.3, 0.9) if phases > 1 and happens(rng, 0.15) else 1.0,
    )


def draw_visits(rng: Random, duration: timedelta, *, first_within: timedelta) -> tuple[Visit, ...]:
    """Draw who comes to one connector during `duration`."""
    visits = []
    after = timedelta(seconds=rng.uniform(0.0, first_within.total_seconds()))
    while after < duration:
        stays = timedelta(seconds=rng.uniform(300.0, 7_200.0))
        leaves_full = timedelta(seconds=rng.uniform(30.0, 900.0)) if happens(rng, 0.5) else None
        visits.append(
            Visit(
                car=draw_car(rng), arrives_after=after, stays=stays, leaves_full_after=leaves_full
            )
        )
        after += stays + timedelta(seconds=rng.uniform(60.0, 1_800.0))
    return tuple(visits)


def draw_later_visits(rng: Random, first_after_s: float, first: Car) -> tuple[Visit, ...]:
    """Draw a day of visits that begins with a given car.

    Each car goes a few minutes after it is full, and another comes some minutes later.
    """
    visits = []
    car, after = first, timedelta(seconds=first_after_s)
    day = timedelta(days=1)
    while after < day:
        stays = timedelta(seconds=rng.uniform(3_600.0, 14_400.0))
        leaves_full = timedelta(seconds=rng.uniform(60.0, 300.0))
        visits.append(
            Visit(car=car, arrives_after=after, stays=stays, leaves_full_after=leaves_full)
        )
        after += timedelta(seconds=rng.uniform(1_800.0, 7_200.0))
        car = draw_car(rng)
    return tuple(visits)
