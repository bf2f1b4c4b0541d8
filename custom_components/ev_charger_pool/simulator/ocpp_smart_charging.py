"""Smart charging of a simulated OCPP station: what its connectors may offer, and why."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from ocpp.v16.enums import (
    AvailabilityStatus,
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
)

from ..chargers.ocpp.framing import Payload
from .ocpp_bay import Bay, wire_time
from .ocpp_profiles import Profile, ProfileStore


class Quirk(StrEnum):
    """What a station does wrong; stations may have several."""

    REFUSES_LIMITS = "refuses_limits"
    IGNORES_LIMITS = "ignores_limits"
    KEEPS_LAPSED_LIMITS = "keeps_lapsed_limits"
    ONE_PERIOD = "one_period"
    NO_TRIGGERS = "no_triggers"


class SmartCharging:
    """Keeps the profiles of a station, and lets its connectors offer what they say.

    Attributes:
        quirks: What it does wrong; may be changed while it runs.
    """

    def __init__(
        self, bays: Mapping[int, Bay], clock: Callable[[], datetime], quirks: frozenset[Quirk]
    ) -> None:
        self.quirks = quirks
        self._bays = bays
        self._clock = clock
        self._profiles = ProfileStore()

    @property
    def max_periods(self) -> int:
        """How many periods a schedule may have."""
        return 1 if Quirk.ONE_PERIOD in self.quirks else 24

    def offer(self, bay: Bay) -> None:
        """Give a connector's car what the profiles allow."""
        offer_a = 0.0
        if bay.transaction is not None:
            offer_a = self._limit_a(bay)
            if Quirk.IGNORES_LIMITS in self.quirks:
                offer_a = bay.connector.max_current_a
            if Quirk.KEEPS_LAPSED_LIMITS in self.quirks:
                offer_a = bay.kept_a
        if offer_a != bay.connector.offered_a:
            bay.connector.offer(offer_a)

    def begin(self, bay: Bay, profile: Profile | None) -> None:
        """Take that a transaction begins, with or without a profile of its own."""
        bay.kept_a = self._limit_a(bay)
        if profile is not None:
            self.keep(profile)
        self.offer(bay)

    def end(self, bay: Bay) -> None:
        """Take that a transaction has ended: its profile dies with it."""
        self._profiles.end_transaction(bay.number)
        self.offer(bay)

    def keep(self, profile: Profile) -> None:
        """Store a profile."""
        self._profiles.add(profile)
        bay = self._bays.get(profile.connector)
        if bay is not None and profile.purpose is ChargingProfilePurposeType.tx_profile:
            bay.kept_a = profile.periods[0].current_a

    def set(self, payload: Payload) -> Payload:
        """Answer SetChargingProfile."""
        number, given = payload["connectorId"], payload["csChargingProfiles"]
        bay = self._bays.get(number) if isinstance(number, int) else None
        if Quirk.REFUSES_LIMITS in self.quirks or not isinstance(given, dict):
            return {"status": str(ChargingProfileStatus.rejected)}
        profile = Profile.read(0 if bay is None else bay.number, given)
        taken = (bay is not None or number == 0) and len(profile.periods) <= self.max_periods
        if profile.purpose is ChargingProfilePurposeType.tx_profile:
            transaction = None if bay is None else bay.transaction
            matches = transaction is not None and profile.transaction in {None, transaction.id}
            taken = taken and matches
        if not taken:
            return {"status": str(ChargingProfileStatus.rejected)}
        self.keep(profile)
        for each in self._bays.values():
            self.offer(each)
        return {"status": str(ChargingProfileStatus.accepted)}

    def clear(self, payload: Payload) -> Payload:
        """Answer ClearChargingProfile."""
        profile_id, connector = payload.get("id"), payload.get("connectorId")
        purpose, level = payload.get("chargingProfilePurpose"), payload.get("stackLevel")
        cleared = self._profiles.clear(
            profile_id=profile_id if isinstance(profile_id, int) else None,
            connector=connector if isinstance(connector, int) else None,
            purpose=purpose if isinstance(purpose, str) else None,
            stack_level=level if isinstance(level, int) else None,
        )
        status = (
            ClearChargingProfileStatus.accepted if cleared else ClearChargingProfileStatus.unknown
        )
        return {"status": str(status)}

    def composite(self, payload: Payload) -> Payload:
        """Answer GetCompositeSchedule."""
        number, duration = payload["connectorId"], payload["duration"]
        bay = self._bays.get(number) if isinstance(number, int) else None
        if bay is None or not isinstance(duration, int):
            return {"status": str(AvailabilityStatus.rejected)}
        now = self._clock()
        transaction = bay.transaction
        periods = self._profiles.composite(
            bay.number,
            now,
            timedelta(seconds=duration),
            None if transaction is None else transaction.started_at,
            bay.connector.max_current_a,
        )
        return {
            "status": str(AvailabilityStatus.accepted),
            "connectorId": bay.number,
            "scheduleStart": wire_time(now),
            "chargingSchedule": {
                "duration": duration,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": period.start_s, "limit": round(period.current_a, 1)}
                    for period in periods
                ],
            },
        }

    def _limit_a(self, bay: Bay) -> float:
        transaction = bay.transaction
        return self._profiles.limit_a(
            bay.number,
            self._clock(),
            None if transaction is None else transaction.started_at,
            bay.connector.max_current_a,
        )
