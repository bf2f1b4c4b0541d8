"""Commands to an OCPP 1.6 station: limits, start, stop, availability."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.util import dt as dt_util
from ocpp.v16.enums import (
    Action,
    AvailabilityStatus,
    AvailabilityType,
    ChargingProfileStatus,
    RemoteStartStopStatus,
)

from ...pool.actions import ActionResult
from ...pool.members import Grant, Lease
from .calls import (
    CallFailedError,
    CallOfflineError,
    CallPriority,
    CallRefusedError,
    CallTimeoutError,
)
from .config import Timings
from .framing import ErrorCode, Payload
from .link import StationLink
from .model import AppliedGrant, Availability, ConnectorModel
from .schemas import PayloadError
from .smart_charging import LeaseForm, Verdicts
from .station import Station
from .v16_profiles import (
    LEASE,
    Limit,
    offerable,
    shows_lapse,
    tx_default_profile,
    tx_id,
    tx_profile,
)

_LOGGER = logging.getLogger(__name__)

OWN_TOKEN: Final = "EVPOOL"  # noqa: S105 - a name, no secret
"""The token of a transaction that the pool starts, followed by the connector's number."""

_TOKEN_VALID: Final = timedelta(minutes=5)
"""How long after a remote start its token is still good."""

_START_UNDER_WAY: Final = timedelta(seconds=20)
"""How long after one another one would only disturb it."""

_WEAKER_FORMS: Final = (LeaseForm.TWO_PERIODS, LeaseForm.DURATION, LeaseForm.NONE)


def own_token(connector: int) -> str:
    """Return the token with which the pool starts a transaction."""
    return f"{OWN_TOKEN}{connector}"


class V16Control:
    """What may be told to a station over one connection."""

    def __init__(self, station: Station, link: StationLink, timings: Timings) -> None:
        self._station = station
        self._link = link
        self._timings = timings

    @property
    def _verdicts(self) -> Verdicts:
        return self._station.model.verdicts

    def lease(self, connector: int) -> Lease | None:
        """Return the lease that the station can keep now (SR-8)."""
        found = self._station.model.connectors.get(connector)
        if found is None or self._lease_form(found) is LeaseForm.NONE:
            return None
        return LEASE

    async def apply(self, connector: int, grant: Grant) -> ActionResult:
        """Bring a grant onto the station, as far as there is something to limit.

        Without a transaction there is nothing that a limit could be bound to: the station's
        default profile holds the fail-safe current, and the grant follows the start.
        """
        found = self._station.model.connectors[connector]
        if not found.is_occupied:
            return ActionResult.ACCEPTED
        return await self._guard(lambda: self._limit(found, grant))

    async def resend(self, found: ConnectorModel) -> None:
        """Send the newest grant again, if a fresh decision stands behind it (SR-4)."""
        applied = found.applied
        if applied is None or not self._station.is_vouched or not found.is_occupied:
            return
        result = await self._guard(
            lambda: self._limit(found, applied.grant, CallPriority.REDUCTION)
        )
        if not result.is_success:
            _LOGGER.warning(
                "Station %s did not take the limit of connector %d: %s",
                self._station.identity,
                found.number,
                result,
            )

    def may_check_lapse(self) -> bool:
        """Whether a lease is in force of which the station was never asked."""
        verdicts = self._verdicts
        return not verdicts.lapse_asked and verdicts.proven_form not in {None, LeaseForm.NONE}

    async def check_lapse(self, connector: int) -> None:
        """Ask the station once whether its own schedule shows that the lease ends.

        What it answers is shown, no more: many a composite schedule is wrong, and whether the
        limit really ends shows when a renewal is withheld (SR-8).
        """
        verdicts = self._verdicts
        verdicts.lapse_asked = True

        async def ask() -> ActionResult:
            answer = await self._link.call(
                str(Action.get_composite_schedule),
                {"connectorId": connector, "duration": int(2.0 * LEASE.duration.total_seconds())},
                priority=CallPriority.OTHER,
                timeout_s=self._timings.other_s,
            )
            verdicts.lapse_shown = shows_lapse(answer)
            return ActionResult.ACCEPTED

        await self._guard(ask)
        if verdicts.lapse_shown is False:
            _LOGGER.warning(
                "Station %s accepts limits that end by themselves, but its schedule does not show "
                "their end",
                self._station.identity,
            )

    async def set_default(self, found: ConnectorModel) -> ActionResult:
        """Make the fail-safe current the limit of whatever has no other one (SR-1)."""
        fail_safe_a = found.config.fail_safe_a
        limit = Limit(
            current_a=fail_safe_a,
            lapse_to_a=fail_safe_a,
            phases=found.config.phases,
            form=LeaseForm.NONE,
            told_at=None,
        )

        async def send() -> ActionResult:
            result = await self._set_profile(
                found.number,
                tx_default_profile(found.number, limit, self._verdicts.facts),
                CallPriority.RENEWAL,
            )
            found.default_a = fail_safe_a if result.is_success else None
            return result

        return await self._guard(send)

    async def clear(self, connector: int) -> None:
        """Remove what a transaction that has ended may have left behind."""
        await self._guard(
            lambda: self._answered(
                Action.clear_charging_profile,
                {"id": tx_id(connector)},
                CallPriority.OTHER,
                self._timings.other_s,
            )
        )

    async def start(self, connector: int) -> ActionResult:
        """Start a transaction, or wake the one that is suspended by sending its limit again."""
        found = self._station.model.connectors.get(connector)
        if found is None:
            return ActionResult.FAILED
        if found.is_occupied:
            if found.applied is None:
                return ActionResult.ACCEPTED
            grant = found.applied.grant
            return await self._guard(lambda: self._limit(found, grant))
        now = dt_util.utcnow()
        if found.start_asked_at is not None and now < found.start_asked_at + _START_UNDER_WAY:
            return ActionResult.ACCEPTED
        return await self._guard(lambda: self._remote_start(found, now))

    async def stop(self, connector: int) -> ActionResult:
        """End the transaction; without one there is nothing to end."""
        found = self._station.model.connectors.get(connector)
        if found is None:
            return ActionResult.FAILED
        if not found.is_occupied:
            return ActionResult.ACCEPTED
        if found.transaction is None:
            # A transaction whose id nobody told cannot be ended in OCPP 1.6.
            return ActionResult.NOT_SUPPORTED
        transaction_id = int(found.transaction.id)

        async def send() -> ActionResult:
            answer = await self._call(
                Action.remote_stop_transaction,
                {"transactionId": transaction_id},
                CallPriority.REDUCTION,
            )
            return _result(answer, {RemoteStartStopStatus.accepted})

        return await self._guard(send)

    async def change_availability(self, connector: int, availability: Availability) -> ActionResult:
        """Make a connector operative or inoperative; at the latest when its transaction ends."""
        inoperative = availability is Availability.INOPERATIVE
        kind = AvailabilityType.inoperative if inoperative else AvailabilityType.operative

        async def send() -> ActionResult:
            answer = await self._call(
                Action.change_availability,
                {"connectorId": connector, "type": str(kind)},
                CallPriority.REDUCTION if inoperative else CallPriority.OTHER,
            )
            return _result(answer, {AvailabilityStatus.accepted, AvailabilityStatus.scheduled})

        return await self._guard(send)

    def accepts_own_token(self, token: str, now: datetime) -> bool:
        """Whether a token is that of a remote start of ours that may still be under way."""
        return any(
            connector.start_asked_at is not None
            and now < connector.start_asked_at + _TOKEN_VALID
            and token.casefold() == own_token(number).casefold()
            for number, connector in self._station.model.connectors.items()
        )

    async def _remote_start(self, found: ConnectorModel, now: datetime) -> ActionResult:
        found.start_asked_at = now
        request: Payload = {"connectorId": found.number, "idTag": own_token(found.number)}
        applied = found.applied
        result = ActionResult.REJECTED
        if applied is not None and self._station.is_vouched and self._verdicts.supported:
            limit = self._bounded(found, applied, applied.grant)
            if offerable(limit.current_a) > 0.0:
                profile = tx_profile(found.number, None, limit, self._verdicts.facts)
                answer = await self._call(
                    Action.remote_start_transaction,
                    {**request, "chargingProfile": profile},
                    CallPriority.RAISE,
                )
                result = _result(answer, {RemoteStartStopStatus.accepted})
        if not result.is_success:
            # Some stations take no profile here; theirs follows when the transaction has started.
            answer = await self._call(Action.remote_start_transaction, request, CallPriority.RAISE)
            result = _result(answer, {RemoteStartStopStatus.accepted})
        if not result.is_success:
            found.start_asked_at = None
        return result

    async def _limit(
        self, found: ConnectorModel, grant: Grant, priority: CallPriority | None = None
    ) -> ActionResult:
        """Send a limit for the running transaction, with a weaker lease where it has to be."""
        if priority is None:
            priority = _priority(found.limit_a, grant.current_a)
        applied = found.applied or AppliedGrant(grant=grant, at=dt_util.utcnow())
        limit = self._bounded(found, applied, grant)
        if self._would_outlive(found, grant, limit):
            return ActionResult.FAILED
        transaction = None if found.transaction is None else found.transaction.id
        facts = self._verdicts.facts
        before_a = found.limit_a
        if before_a is not None:
            # Until it is answered, either of the two may be in force.
            found.limit_a = max(before_a, limit.current_a)
        result = await self._set_profile(
            found.number, tx_profile(found.number, transaction, limit, facts), priority
        )
        if result.is_success and limit.lapse_to_a < limit.current_a:
            self._verdicts.proven_form = limit.form
        elif result is ActionResult.REJECTED and self._may_weaken(limit, transaction):
            self._verdicts.weakened_for = transaction
            for form in _WEAKER_FORMS[_WEAKER_FORMS.index(limit.form) + 1 :]:
                limit = replace(limit, form=form)
                result = await self._set_profile(
                    found.number, tx_profile(found.number, transaction, limit, facts), priority
                )
                if result.is_success:
                    self._verdicts.strongest_form = self._verdicts.proven_form = form
                    self._station.publish_all()
                    break
        found.limit_a = limit.current_a if result.is_success else before_a
        return result

    def _would_outlive(self, found: ConnectorModel, grant: Grant, limit: Limit) -> bool:
        """Whether a raise is meant to have a lease that the station cannot keep at the moment.

        A cut is sent all the same: without a lease is better than too late.
        """
        in_force_a = found.config.fail_safe_a if found.limit_a is None else found.limit_a
        return (
            grant.lease is not None
            and limit.form is LeaseForm.NONE
            and limit.lapse_to_a < limit.current_a
            and limit.current_a > in_force_a
            and self._verdicts.proven_form is not LeaseForm.NONE
        )

    def _may_weaken(self, limit: Limit, transaction: str | None) -> bool:
        """Whether to try a refused limit with a weaker lease: once, and not for a proven form."""
        return (
            limit.form is not LeaseForm.NONE
            and limit.lapse_to_a < limit.current_a
            and self._verdicts.proven_form is not limit.form
            and self._verdicts.weakened_for != transaction
        )

    def _bounded(self, found: ConnectorModel, applied: AppliedGrant, grant: Grant) -> Limit:
        form = LeaseForm.NONE if grant.lease is None else self._lease_form(found)
        skew = self._station.model.clock.skew
        return Limit(
            current_a=min(grant.current_a, found.config.max_current_a),
            lapse_to_a=min(grant.lapse_to_a, grant.current_a),
            phases=min(found.config.phases, grant.phases or found.config.phases),
            form=form,
            told_at=None if skew is None else applied.at + skew,
        )

    def _lease_form(self, found: ConnectorModel) -> LeaseForm:
        verdicts = self._verdicts
        trusted = verdicts.known and self._station.model.clock.is_trusted
        if not trusted or not verdicts.supported:
            return LeaseForm.NONE
        form = verdicts.strongest_form
        if form is LeaseForm.TWO_PERIODS and verdicts.facts.max_periods < len(("now", "later")):
            form = LeaseForm.DURATION
        if form is LeaseForm.DURATION and found.default_a is None:
            # Without anything underneath, its end would be the end of every limit (6.6).
            form = LeaseForm.NONE
        return form

    async def _set_profile(
        self, connector: int, profile: Payload, priority: CallPriority
    ) -> ActionResult:
        self._station.counters.writes += 1
        answer = await self._call(
            Action.set_charging_profile,
            {"connectorId": connector, "csChargingProfiles": profile},
            priority,
        )
        if answer.get("status") == ChargingProfileStatus.not_supported:
            self._verdicts.supported = False
            self._station.publish_all()
            return ActionResult.NOT_SUPPORTED
        return _result(answer, {ChargingProfileStatus.accepted})

    async def _answered(
        self, action: Action, payload: Payload, priority: CallPriority, timeout_s: float
    ) -> ActionResult:
        await self._link.call(str(action), payload, priority=priority, timeout_s=timeout_s)
        return ActionResult.ACCEPTED

    async def _call(self, action: Action, payload: Payload, priority: CallPriority) -> Payload:
        return await self._link.call(
            str(action), payload, priority=priority, timeout_s=self._timings.control_s
        )

    async def _guard(self, send: Callable[[], Awaitable[ActionResult]]) -> ActionResult:
        """Turn whatever goes wrong into a result."""
        try:
            result = await send()
        except CallTimeoutError:
            return ActionResult.TIMED_OUT
        except CallOfflineError:
            return ActionResult.OFFLINE
        except CallRefusedError as error:
            _LOGGER.debug("Station %s: %s", self._station.identity, error)
            unknown = {ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED}
            return ActionResult.NOT_SUPPORTED if error.code in unknown else ActionResult.REJECTED
        except CallFailedError, PayloadError:
            self._station.counters.errors += 1
            _LOGGER.exception("A command to station %s failed", self._station.identity)
            return ActionResult.FAILED
        if result is ActionResult.REJECTED:
            self._station.counters.refused_calls += 1
        return result


def _priority(limit_a: float | None, current_a: float) -> CallPriority:
    """Return how urgent a limit is; where nothing is known of the last one, it may be a cut."""
    if limit_a is None or current_a < limit_a:
        return CallPriority.REDUCTION
    return CallPriority.RENEWAL if current_a == limit_a else CallPriority.RAISE


def _result(answer: Payload, accepted: set[str]) -> ActionResult:
    """Read the status of an answer."""
    return ActionResult.ACCEPTED if answer.get("status") in accepted else ActionResult.REJECTED
