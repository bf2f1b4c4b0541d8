"""Drives a charger that has a lock of its own."""

from ...modbus.bus import Precedence
from ...modbus.device import Contact
from ...modbus.teller import Step
from ...pool.actions import ActionResult
from .charger import CONNECTOR, CONTROL_LIMIT, ModbusCharger


class LockableModbusCharger(ModbusCharger):
    """A charger with a lock of its own, apart from its limit (last rung of SR-6)."""

    async def async_disable(self, connector: int) -> ActionResult:
        """Make the connector inoperative until it is enabled again."""
        lock = self._traits.lock
        if connector != CONNECTOR or lock is None:
            return ActionResult.NOT_SUPPORTED
        return await self._work.do(self._set_lock((lock.signal, lock.off)), CONTROL_LIMIT)

    async def async_enable(self, connector: int) -> ActionResult:
        """Make it operative again."""
        lock = self._traits.lock
        if connector != CONNECTOR or lock is None:
            return ActionResult.NOT_SUPPORTED
        return await self._work.do(self._set_lock((lock.signal, lock.on)), CONTROL_LIMIT)

    async def _set_lock(self, step: Step) -> None:
        """Set the lock, now or as soon as the device is back."""
        self._lock_step = step
        await self._until(Contact.PROVEN)
        lock = self._traits.lock
        is_locking = lock is not None and step == (lock.signal, lock.off)
        await self._write(step, Precedence.REDUCTION, self._orders.number, may_be_stale=is_locking)
