"""Charging profiles as a simulated OCPP 1.6 station keeps and obeys them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType as Purpose,
    ChargingRateUnitType,
    RecurrencyKind,
)

from ..pool.quantities import NOMINAL_VOLTAGE_V

type Json = Mapping[str, object]

_RECURRENCE: Final = {
    RecurrencyKind.daily: timedelta(days=1),
    RecurrencyKind.weekly: timedelta(days=7),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A part of a schedule: from when on, in seconds, and how many amps per phase."""

    start_s: int
    current_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A charging profile.

    Attributes:
        id: Its id; the same id replaces it.
        connector: Where it holds; 0 is all of them.
        purpose: Of the three.
        stack_level: The highest that is valid counts within a purpose.
        transaction: The transaction that it is bound to.
        kind: What the times count from.
        every: Of a recurring one, its interval.
        start: Of an absolute or recurring one, when its schedule starts.
        duration: How long that holds.
        valid_from: From when on it counts.
        valid_to: Until when.
        periods: The schedule.
    """

    id: int
    connector: int
    purpose: Purpose
    stack_level: int
    transaction: int | None
    kind: ChargingProfileKindType
    every: timedelta | None
    start: datetime | None
    duration: timedelta | None
    valid_from: datetime | None
    valid_to: datetime | None
    periods: tuple[Period, ...]

    @classmethod
    def read(cls, connector: int, profile: Json) -> Self:
        """Read a profile of SetChargingProfile.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        schedule = _object(profile["chargingSchedule"])
        watts = ChargingRateUnitType(_text(schedule["chargingRateUnit"])) == "W"
        recurrency = profile.get("recurrencyKind")
        duration = schedule.get("duration")
        entries = schedule["chargingSchedulePeriod"]
        if not isinstance(entries, list) or not entries:
            raise ValueError("a schedule has at least one period")
        return cls(
            id=_whole(profile["chargingProfileId"]),
            connector=connector,
            purpose=Purpose(_text(profile["chargingProfilePurpose"])),
            stack_level=_whole(profile["stackLevel"]),
            transaction=None
            if profile.get("transactionId") is None
            else _whole(profile["transactionId"]),
            kind=ChargingProfileKindType(_text(profile["chargingProfileKind"])),
            every=None if recurrency is None else _RECURRENCE[RecurrencyKind(_text(recurrency))],
            start=_time(schedule.get("startSchedule")),
            duration=None if duration is None else timedelta(seconds=_whole(duration)),
            valid_from=_time(profile.get("validFrom")),
            valid_to=_time(profile.get("validTo")),
            periods=tuple(_period(_object(entry), watts=watts) for entry in entries),
        )

    def limit_a(self, now: datetime, transaction_start: datetime | None) -> float | None:
        """Return the limit at a time; None when it says nothing about it."""
        if self.valid_from is not None and now < self.valid_from:
            return None
        if self.valid_to is not None and now >= self.valid_to:
            return None
        start = transaction_start if self.kind == "Relative" else self.start
        if start is None or now < start:
            return None
        elapsed = now - start
        if self.every is not None:
            elapsed %= self.every
        if self.duration is not None and elapsed >= self.duration:
            return None
        current: float | None = None
        for period in self.periods:
            if elapsed >= timedelta(seconds=period.start_s):
                current = period.current_a
        return current

    def changes(self, transaction_start: datetime | None) -> Iterable[datetime]:
        """Return the times at which its limit may change."""
        start = transaction_start if self.kind == "Relative" else self.start
        if start is not None:
            yield start
            for period in self.periods:
                yield start + timedelta(seconds=period.start_s)
            if self.duration is not None:
                yield start + self.duration
        if self.valid_from is not None:
            yield self.valid_from
        if self.valid_to is not None:
            yield self.valid_to


class ProfileStore:
    """The profiles that a station has stored."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []

    def add(self, profile: Profile) -> None:
        """Store a profile in place of the one with its id, or with its purpose and level."""
        place = (profile.connector, profile.purpose, profile.stack_level)
        self._profiles = [
            other
            for other in self._profiles
            if other.id != profile.id
            and (other.connector, other.purpose, other.stack_level) != place
        ]
        self._profiles.append(profile)

    def clear(
        self,
        *,
        profile_id: int | None = None,
        connector: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> bool:
        """Remove what meets all criteria that are given; answer whether anything did."""
        if profile_id is not None:
            kept = [profile for profile in self._profiles if profile.id != profile_id]
        else:
            kept = [
                profile
                for profile in self._profiles
                if (connector is not None and profile.connector != connector)
                or (purpose is not None and profile.purpose != purpose)
                or (stack_level is not None and profile.stack_level != stack_level)
            ]
        cleared = len(kept) < len(self._profiles)
        self._profiles = kept
        return cleared

    def end_transaction(self, connector: int) -> None:
        """Drop the profile of a transaction: it dies with it."""
        self.clear(connector=connector, purpose=Purpose.tx_profile)

    def limit_a(
        self, connector: int, now: datetime, transaction_start: datetime | None, most_a: float
    ) -> float:
        """Return what a connector may take at a time; `most_a` where no profile says less."""

        def of(purpose: Purpose, place: int) -> float | None:
            candidates = [
                (profile.stack_level, limit)
                for profile in self._profiles
                if profile.purpose == purpose
                and profile.connector == place
                and (limit := profile.limit_a(now, transaction_start)) is not None
            ]
            return max(candidates)[1] if candidates else None

        limits = [most_a]
        for choice in (
            (
                of(Purpose.tx_profile, connector),
                of(Purpose.tx_default_profile, connector),
                of(Purpose.tx_default_profile, 0),
            ),
            (of(Purpose.charge_point_max_profile, 0),),
        ):
            limits += [limit for limit in choice if limit is not None][:1]
        return min(limits)

    def composite(
        self,
        connector: int,
        now: datetime,
        duration: timedelta,
        transaction_start: datetime | None,
        most_a: float,
    ) -> tuple[Period, ...]:
        """Return what holds over a time, as one schedule from now."""
        times = {now}
        for profile in self._profiles:
            times.update(
                time
                for time in profile.changes(transaction_start or now)
                if now < time < now + duration
            )
        periods: list[Period] = []
        for time in sorted(times):
            limit = self.limit_a(connector, time, transaction_start or now, most_a)
            if not periods or periods[-1].current_a != limit:
                periods.append(Period(start_s=round((time - now).total_seconds()), current_a=limit))
        return tuple(periods)


def _period(entry: Json, *, watts: bool) -> Period:
    limit = float(_number(entry["limit"]))
    phases = entry.get("numberPhases")
    volts = NOMINAL_VOLTAGE_V * (3 if phases is None else _whole(phases))
    return Period(start_s=_whole(entry["startPeriod"]), current_a=limit / volts if watts else limit)


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("an integer was expected")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number was expected")
    return value


def _time(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_text(value))
