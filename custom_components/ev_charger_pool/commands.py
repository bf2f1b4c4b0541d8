"""What a user may ask of the pool: checked, kept, and followed at once."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from .actions import INTERRUPTED
from .errors import ErrorKey, raise_unless_accepted, wrong_input
from .fleet import SupplyDevice
from .pool.actions import ActionKind, ActionResult, ActionStatus, LimitAction
from .pool.limits import LimitUnit
from .pool.members import CircuitId, MemberId, Mode, OrderKind, PhaseChoice, Priority
from .pool.sessions import Session
from .power_supplies.contract import SupplyMode, SupplyWishes
from .roster import Member
from .wishes import LEAST_WEIGHT, MOST_WEIGHT

if TYPE_CHECKING:
    from .coordinator import SiteCoordinator

ACTION_TIMEOUT: Final = timedelta(seconds=15)
"""For a limit action: two commands of 5 s (SR-7), one that was under way and its own."""

KEPT_WITHIN: Final = timedelta(seconds=5)
"""A disk that takes longer is told of by a repair; a limit in force is not called off for it."""

MOST_BOOST: Final = timedelta(hours=24)
"""A boost that was forgotten ends by itself."""

_STEP_A: Final = 1e-6


class Commands:
    """The user's side of a site."""

    def __init__(self, coordinator: SiteCoordinator) -> None:
        self._site = coordinator

    async def async_set_user_limit(self, member: MemberId, current_a: float) -> None:
        """Set the user's ceiling of a member, amps per phase."""
        known = self._site.member(member)
        _check_range(current_a, 0.0, known.settings.max_current_a)
        known.wish = await self._site.wishes.async_change(member, user_limit_a=current_a)
        self._site.async_take_limits()

    async def async_set_minimum_current(self, member: MemberId, current_a: float) -> None:
        """Set the least current worth charging with, amps per phase."""
        settings = self._connector(member).settings
        _check_range(current_a, settings.min_current_a, settings.max_current_a)
        await self._site.wishes.async_change(member, minimum_current_a=current_a)
        self._site.async_take_wish(member)

    async def async_set_mode(self, member: MemberId, mode: Mode) -> None:
        """Set what a connector is to do."""
        self._connector(member)
        await self._site.wishes.async_change(member, mode=mode, boost_until=None)
        self._site.async_take_wish(member)

    async def async_choose_phases(self, member: MemberId, phases: PhaseChoice) -> None:
        """Set on how many phases a connector is to charge whose device can switch them."""
        self._connector(member)
        await self._site.wishes.async_change(member, phases=phases)
        self._site.async_take_wish(member)

    async def async_boost(self, member: MemberId, duration: timedelta = MOST_BOOST) -> None:
        """Have a connector charge fast for a while, until its car leaves or its mode is chosen.

        Raises:
            ServiceValidationError: It is no connector, or it is off.
        """
        self._connector(member)
        if self._site.wishes.mode_of(member) is Mode.OFF:
            raise wrong_input(ErrorKey.BOOST_WHILE_OFF, member=member)
        until = self._site.clock() + min(duration, MOST_BOOST)
        await self._site.wishes.async_change(member, boost_until=until)
        self._site.async_take_wish(member)

    async def async_end_boost(self, member: MemberId) -> None:
        """Have a connector do what its mode says again."""
        self._connector(member)
        if self._site.wishes.of(member).boost_until is not None:
            await self._site.wishes.async_change(member, boost_until=None)
            self._site.async_take_wish(member)

    async def async_set_default_mode(self, mode: Mode) -> None:
        """Set what connectors are to do whose mode nobody chose."""
        await self._site.wishes.async_set_default_mode(mode)
        self._site.async_take_default_mode()

    async def async_set_priority(self, member: MemberId, priority: Priority) -> None:
        """Set the tier of a member."""
        self._site.member(member)
        await self._site.wishes.async_change(member, priority=priority)
        self._site.async_take_wish(member)

    async def async_set_weight(self, member: MemberId, weight: float) -> None:
        """Set the share of a member inside its tier; 2 means twice the amps of 1."""
        self._site.member(member)
        _check_range(weight, LEAST_WEIGHT, MOST_WEIGHT)
        await self._site.wishes.async_change(member, weight=weight)
        self._site.async_take_wish(member)

    async def async_set_circuit_limit(self, circuit: CircuitId, current_a: float | None) -> None:
        """Set the user's ceiling below a circuit's fuse, amps per phase; None lifts it."""
        fuse_a = max(self._site.circuit(circuit).limit_a)
        if current_a is not None:
            _check_range(current_a, 0.0, fuse_a)
        await self._site.wishes.async_limit_circuit(circuit, current_a)
        self._site.async_take_limits()

    async def async_set_supply_wishes(
        self,
        member: MemberId,
        *,
        voltage_v: float | None = None,
        current_a: float | None = None,
        power_w: float | None = None,
        mode: SupplyMode | None = None,
    ) -> None:
        """Set what a power supply is to do; what is None stays as it is."""
        known = self._site.member(member)
        if known.is_connector:
            raise wrong_input(ErrorKey.NOT_A_POWER_SUPPLY, member=member)
        changes = {
            "supply_voltage_v": voltage_v,
            "supply_current_a": current_a,
            "supply_power_w": power_w,
            "supply_mode": mode,
        }
        self._check_set_points(known, voltage_v, current_a, power_w)
        await self._site.wishes.async_change(
            member, **{name: value for name, value in changes.items() if value is not None}
        )
        device = self._site.fleet.of(member)
        if isinstance(device, SupplyDevice):
            result = await device.supply.async_set_wishes(self._supply_wishes(member))
            # A supply that is out of reach keeps the newest wishes and follows once it is back.
            if result is not ActionResult.OFFLINE:
                raise_unless_accepted(result, member)
        self._site.async_take_wish(member)

    async def async_set_limit(self, member: MemberId, unit: LimitUnit, value: float) -> LimitAction:
        """Set the ceiling of the session that runs; returns when it is completed or failed."""
        session = self._session(member)
        _check_range(value, 0.0, float("inf"))
        answers = self._site.dispatcher.answers(member)
        action = self._request(member, ActionKind.SET, unit, value)
        self._site.ceilings.ask(session, action)
        self._site.async_take_limits()
        return await self._async_finish(action, answers)

    async def async_clear_limit(self, member: MemberId) -> LimitAction:
        """Lift the ceiling of the session that runs; returns when it is completed or failed."""
        session = self._session(member)
        limit = self._site.ceilings.session_limit(member)
        unit = LimitUnit.CURRENT if limit is None else limit.unit
        answers = self._site.dispatcher.answers(member)
        action = self._request(member, ActionKind.CLEAR, unit, None)
        self._site.ceilings.ask(session, action)
        self._site.async_take_limits()
        return await self._async_finish(action, answers)

    async def async_start(self, member: MemberId) -> ActionResult:
        """Start a session with the car that is plugged in, or switch a power supply on."""
        if not self._site.member(member).is_connector:
            await self.async_set_supply_wishes(member, mode=SupplyMode.EXPORT)
            return ActionResult.ACCEPTED
        self._site.starter.release(member)
        return await self._site.dispatcher.async_command(member, OrderKind.START)

    async def async_stop(self, member: MemberId) -> ActionResult:
        """End the session for good, or switch a power supply off."""
        known = self._site.member(member)
        if not known.is_connector:
            await self.async_set_supply_wishes(member, mode=SupplyMode.OFF)
        elif known.session is not None:
            self._site.starter.withhold(member, known.session.id)
        return await self._site.dispatcher.async_command(member, OrderKind.STOP)

    def _request(
        self, member: MemberId, kind: ActionKind, unit: LimitUnit, value: float | None
    ) -> LimitAction:
        return self._site.actions.request(member, kind, unit, value, self._site.clock())

    async def _async_finish(self, action: LimitAction, answers: int) -> LimitAction:
        """Wait for the end of an action and have hold what is true of it then."""
        error: str | None = INTERRUPTED
        try:
            async with asyncio.timeout(ACTION_TIMEOUT.total_seconds()):
                error = await self._async_outcome(action, answers)
        except TimeoutError:
            error = ActionResult.TIMED_OUT
        finally:
            finished = self._site.actions.finish(action, error, self._site.clock())
            if self._site.ceilings.settle(finished):
                self._site.async_take_limits()
            self._site.async_show()
        if finished.status is ActionStatus.COMPLETED:
            # It binds restarts, too (I6): a kill after the answer must not undo it.
            kept = self._site.journal.write(finished)
            await asyncio.wait([kept], timeout=KEPT_WITHIN.total_seconds())
        return finished

    async def _async_outcome(self, action: LimitAction, answers: int) -> str | None:
        """Wait until the device took what the decision made of an action; return its error.

        Args:
            action: What was asked.
            answers: How many commands the device had answered before.
        """
        member, dispatcher = action.member, self._site.dispatcher
        while True:
            if not self._site.member(member).online:
                return ActionResult.OFFLINE
            result = await dispatcher.async_idle(member)
            is_new = dispatcher.answers(member) != answers
            if is_new and result is not None and not result.is_success:
                return result
            if action.kind is ActionKind.CLEAR or self._is_followed(action):
                return None
            await self._site.async_next_decision()

    def _is_followed(self, action: LimitAction) -> bool:
        status = self._site.data.members[action.member].status
        if status is None:
            return False
        bounds = [status.granted_a]
        if action.unit is LimitUnit.CURRENT and action.value is not None:
            bounds.append(action.value)
        at_most = self._site.dispatcher.at_most(action.member)
        held_a = status.granted_a if at_most is None else at_most.current_a
        return held_a <= min(bounds) + _STEP_A

    def _session(self, member: MemberId) -> Session:
        session = self._connector(member).session
        if session is None:
            raise wrong_input(ErrorKey.NO_SESSION, member=member)
        return session

    def _connector(self, member: MemberId) -> Member:
        known = self._site.member(member)
        if not known.is_connector:
            raise wrong_input(ErrorKey.NOT_A_CONNECTOR, member=member)
        return known

    def _supply_wishes(self, member: MemberId) -> SupplyWishes:
        supply = self._site.config.supplies[member]
        return self._site.wishes.of(member).supply_wishes(supply.voltage_v, supply.current_a)

    def _check_set_points(
        self,
        known: Member,
        voltage_v: float | None,
        current_a: float | None,
        power_w: float | None,
    ) -> None:
        able = known.supply.capabilities if known.supply is not None else None
        endless = float("inf")
        bounds = (
            (voltage_v, endless if able is None else able.max_export_voltage_v),
            (current_a, endless if able is None else able.max_export_current_a),
            (power_w, self._site.config.supplies[known.id].max_power_w),
        )
        for value, most in bounds:
            if value is not None:
                _check_range(value, 0.0, most)


def _check_range(value: float, least: float, most: float) -> None:
    if not least <= value <= most or value == float("inf"):
        raise wrong_input(
            ErrorKey.VALUE_OUT_OF_RANGE,
            value=f"{value:g}",
            minimum=f"{least:g}",
            maximum=f"{most:g}",
        )
