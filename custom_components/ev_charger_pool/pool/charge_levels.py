"""The state of charge of a vehicle, from what it tells and from what it was delivered."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import math
from typing import Final

from .vehicles import FULL, Vehicle

MARGIN_SOC: Final = 5.0
"""A battery is measured by its voltage and counted by its current: both drift by some percent."""

LEAST_CAPACITY_WH: Final = 8_000.0
"""Of a car whose capacity nobody told; smaller ones are plug-in hybrids of the first years."""

BELIEVED_AFTER: Final = timedelta(minutes=15)
"""A value that cannot be, but stays, is the truth: then it was something else that was wrong."""

SILENT_AFTER: Final = timedelta(hours=1)
"""A value older than this is told as an estimate."""

_TOLD_WH: Final = 50.0
"""Less energy than this since the newest value is no reason to call it an estimate."""


class Verdict(StrEnum):
    """What was made of a value."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    IMPLAUSIBLE = "implausible"
    NOT_A_PERCENTAGE = "not_a_percentage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A state of charge that was believed, and what had been delivered until then.

    Attributes:
        soc: Percent.
        at: When it was told, aware UTC.
        session: The session that ran; None when it was plugged in nowhere here.
        delivered_wh: What that session had delivered.
    """

    soc: float
    at: datetime
    session: str | None = None
    delivered_wh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLevel:
    """A state of charge to plan with.

    Attributes:
        soc: Percent.
        told_at: When the vehicle told the value that it rests on, aware UTC.
        is_estimated: Whether delivered energy was added, or the value is old.
    """

    soc: float
    told_at: datetime
    is_estimated: bool


class ChargeLevels:
    """Follows the state of charge of one vehicle.

    What a vehicle tells is believed when it changes. Between two such values, and when it is
    silent or tells the same one for ever, the energy that was delivered is added. While the car
    is plugged in, its state of charge cannot rise by more than was delivered, nor fall as by
    driving; a value that says so is held back until it stays. The first change after plug-in may
    be anything: it is the news of the drive, told late.
    """

    def __init__(self, vehicle: Vehicle, anchor: Anchor | None = None) -> None:
        """Begin, with what was known before a restart.

        Args:
            vehicle: Whose state of charge it is.
            anchor: The last value that was believed; None for none.
        """
        self.vehicle = vehicle
        self._anchor = anchor
        self._session = None if anchor is None else anchor.session
        self._delivered_wh = 0.0 if anchor is None else anchor.delivered_wh
        self._before: tuple[str, float] | None = None
        self._is_fresh_plug = self._session is None
        self._told: float | None = None if anchor is None else anchor.soc
        self._heard_at: datetime | None = None if anchor is None else anchor.at
        self._doubted: Anchor | None = None

    @property
    def anchor(self) -> Anchor | None:
        """What to keep over a restart."""
        return self._anchor

    @property
    def doubted_since(self) -> datetime | None:
        """Since when the vehicle has told what cannot be; None while all is well."""
        return None if self._doubted is None else self._doubted.at

    def plug_in(self, session: str, delivered_wh: float, started_at: datetime) -> None:
        """Take that the vehicle is charged in a session; also after each report of its energy.

        Args:
            session: The session.
            delivered_wh: What it has delivered since plug-in.
            started_at: Plug-in, aware UTC.
        """
        if session != self._session:
            self.unplug()
            self._session = session
            if self._anchor is not None:
                base_wh = self._counted_wh(self._anchor, session, delivered_wh, started_at)
                self._anchor = replace(self._anchor, session=session, delivered_wh=base_wh)
        self._delivered_wh = max(self._delivered_wh, delivered_wh)

    def unplug(self) -> None:
        """Take that the vehicle has left; what it was delivered is in its battery."""
        if self._session is None:
            return
        self._before = (self._session, self._delivered_wh)
        if self._anchor is not None:
            self._anchor = Anchor(soc=self._soc(self._anchor), at=self._anchor.at)
        self._session = None
        self._delivered_wh = 0.0
        self._is_fresh_plug = True
        self._doubted = None

    def hear(self, soc: float, at: datetime) -> Verdict:
        """Take a value that the vehicle told.

        Args:
            soc: Percent.
            at: When it was told, aware UTC.
        """
        if not math.isfinite(soc) or not 0.0 <= soc <= FULL:
            return Verdict.NOT_A_PERCENTAGE
        if self._heard_at is not None and at < self._heard_at:
            return Verdict.UNCHANGED
        self._heard_at = at
        if self._anchor is not None and soc == self._told:
            # Said again: the car is silent, or back at what was believed.
            self._doubted = None
            return Verdict.UNCHANGED
        if self._is_plausible(soc):
            self._believe(soc, at)
            return Verdict.TAKEN
        return self._doubt(soc, at)

    def level(self, now: datetime) -> ChargeLevel | None:
        """Return the state of charge now; None while the vehicle has never told any."""
        anchor = self._anchor
        if anchor is None:
            return None
        return ChargeLevel(
            soc=self._soc(anchor),
            told_at=anchor.at,
            is_estimated=self._since(anchor) > _TOLD_WH or now - anchor.at > SILENT_AFTER,
        )

    def _counted_wh(
        self, anchor: Anchor, session: str, delivered_wh: float, started_at: datetime
    ) -> float:
        """Return what of a session's energy the anchor holds already, as this car joins it."""
        if self._before is not None and self._before[0] == session:
            # It was taken for another one meanwhile.
            return self._before[1]
        # What it took before it was known to be this car counts, unless it told of it since.
        return delivered_wh if anchor.at > started_at else 0.0

    def _is_plausible(self, soc: float) -> bool:
        anchor = self._anchor
        if anchor is None or self._session is None or self._is_fresh_plug:
            return True
        vehicle = self.vehicle
        if vehicle.capacity_wh is None:
            vehicle = replace(vehicle, capacity_wh=LEAST_CAPACITY_WH)
        most = vehicle.soc_after(self._since(anchor), from_soc=anchor.soc)
        return anchor.soc - MARGIN_SOC <= soc <= most + MARGIN_SOC

    def _believe(self, soc: float, at: datetime) -> None:
        self._anchor = Anchor(
            soc=soc, at=at, session=self._session, delivered_wh=self._delivered_wh
        )
        self._told = soc
        self._doubted = None
        self._is_fresh_plug = self._session is None

    def _doubt(self, soc: float, at: datetime) -> Verdict:
        doubted = self._doubted
        if doubted is None or not self._goes_on_from(doubted, soc):
            self._doubted = Anchor(soc=soc, at=at, delivered_wh=self._delivered_wh)
        elif at - doubted.at >= BELIEVED_AFTER:
            self._believe(soc, at)
            return Verdict.TAKEN
        return Verdict.IMPLAUSIBLE

    def _goes_on_from(self, doubted: Anchor, soc: float) -> bool:
        gained = self.vehicle.soc_after(self._since(doubted), from_soc=doubted.soc)
        return doubted.soc - MARGIN_SOC <= soc <= gained + MARGIN_SOC

    def _since(self, anchor: Anchor) -> float:
        return max(0.0, self._delivered_wh - anchor.delivered_wh)

    def _soc(self, anchor: Anchor) -> float:
        return self.vehicle.soc_after(self._since(anchor), from_soc=anchor.soc)
