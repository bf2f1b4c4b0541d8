"""The life of a Modbus device: found, proven to be what it should be, polled, lost, found again."""

from abc import ABC, abstractmethod
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
import logging
from typing import Final

from ..chargers.contract import DeviceIdentity
from .bus import Precedence, RequestKind
from .introduction import Introduction, WrongDeviceError
from .link import LinkError, LostError, ModbusLink, RefusedError, SilentError
from .registers import Registers, Value
from .schema import Profile, ReadGroup, Variant

_LOGGER = logging.getLogger(__name__)

DEAD_BACKOFF: Final = 30.0
"""Seconds for which a silent unit is left alone (SR-7): each try costs its neighbours a second."""

LOST_BACKOFF: Final = 5.0
"""Seconds until a refused connection is tried again; that costs nobody anything."""

SILENT_LIMIT: Final = 2
"""So many unanswered requests in a row make a unit dead; one may be a frame lost on the way."""


class Contact(IntEnum):
    """How far a device has come back."""

    AWAY = 0
    PROVEN = 1
    """It is the right one: it may be written to."""
    ONLINE = 2
    """It is where it should be."""


class ModbusDevice(ABC):
    """A device behind a link, whose subclass knows what its values mean.

    The loop that `start` begins first proves who answers, then reads each group of the profile as
    often as the device's intervals allow, the most overdue first. When the unit falls silent or
    the connection cannot be made it backs off and begins anew.
    """

    def __init__(self, profile: Profile, link: ModbusLink, now: Callable[[], datetime]) -> None:
        """Prepare the device; nothing is asked yet.

        Args:
            profile: What it should be.
            link: The way to it.
            now: The wall clock, aware UTC.
        """
        self.profile = profile
        self.counters: Counter[str] = Counter()
        self._link = link
        self._now = now
        self._identity = DeviceIdentity(manufacturer=profile.manufacturer)
        self._contact = Contact.AWAY
        self._registers: Registers | None = None
        self._variant: Variant | None = None
        self._problem: str | None = None
        self._contact_lost = False
        self._retrying = True
        self._silent = 0
        self._unread: set[ReadGroup] = set()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()

    # -- what a subclass fills in ------------------------------------------------

    @abstractmethod
    async def _on_contact(self) -> None:
        """Bring the device, just proven to be the right one, to where it should be.

        Raises:
            LinkError: It did not work; the device counts as lost.
        """

    @abstractmethod
    def _on_values(self, values: Mapping[str, Value], refused: Sequence[str], at: datetime) -> None:
        """Take what was read.

        Args:
            values: What is plausible.
            refused: The signals whose value cannot be true.
            at: When it arrived.
        """

    @abstractmethod
    async def _on_round(self) -> None:
        """Do what is due beside reading; called before each request of the loop.

        Raises:
            LinkError: It did not work.
        """

    @abstractmethod
    def _on_offline(self) -> None:
        """Tell that the device is out of reach."""

    @abstractmethod
    def _may_request(self) -> bool:
        """Whether anything may be sent to the device now (SR-4)."""

    # -- life --------------------------------------------------------------------

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device says it is."""
        return self._identity

    @property
    def online(self) -> bool:
        """Whether it can be reached now."""
        return self._contact is Contact.ONLINE

    def start(
        self, create_task: Callable[[Coroutine[object, object, None], str], asyncio.Task[None]]
    ) -> None:
        """Begin to look for the device.

        Args:
            create_task: Makes a background task of a coroutine and a name.
        """
        self._task = create_task(self._run(), f"modbus device {self.profile.id}")

    async def async_close(self) -> None:
        """Let go of the link; nothing is sent any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        self._registers = None
        self._retrying = False
        self._set_contact(Contact.AWAY)
        await self._link.async_close()

    def diagnostics(self) -> Mapping[str, object]:
        """Return counters and the newest problem."""
        return {
            "profile": self.profile.id,
            "variant": None if self._variant is None else self._variant.name,
            "online": self.online,
            "problem": self._problem,
            "counters": dict(self.counters),
        }

    async def _run(self) -> None:
        while True:
            try:
                await self._wait_for_leave()
                await self._make_contact()
                await self._poll()
                continue
            except WrongDeviceError as error:
                self._give_up("wrong_device", str(error))
                pause = DEAD_BACKOFF
            except LostError as error:
                self._give_up("lost", str(error))
                pause = LOST_BACKOFF
            except LinkError as error:
                self._give_up("silent", str(error))
                pause = DEAD_BACKOFF
            except Exception as error:
                _LOGGER.exception("%s: unexpected error, trying again later", self.profile.name)
                self._give_up("unexpected", repr(error))
                pause = DEAD_BACKOFF
            await asyncio.sleep(pause)
            self._retrying = True

    def _give_up(self, counter: str, reason: str) -> None:
        """Take the device for gone until the next try."""
        self.counters[counter] += 1
        if self._problem != reason:
            _LOGGER.warning("%s is out of reach, trying again: %s", self.profile.name, reason)
        self._problem = reason
        self._registers = None
        self._retrying = False
        self._set_contact(Contact.AWAY)
        self._on_offline()

    def _set_contact(self, contact: Contact) -> None:
        self._contact = contact
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait_for_leave(self) -> None:
        """Wait until something may be sent."""
        while not self._may_request():
            self._wake.clear()
            await self._wake.wait()

    def _nudge(self) -> None:
        """Have the loop look at once whether something is due."""
        self._wake.set()

    def _connection_dropped(self) -> None:
        """Take that the connection is gone: whoever answers next has to prove itself."""
        self.counters["connection_lost"] += 1
        self._contact_lost = True
        if self._contact is not Contact.AWAY:
            self._retrying = True
            self._set_contact(Contact.AWAY)
        self._nudge()

    async def _until(self, contact: Contact) -> None:
        """Wait for a contact that is being made.

        Raises:
            LostError: The device is given up for the moment.
        """
        while self._contact < contact:
            if not self._retrying:
                raise LostError(self._problem or "the device is out of reach")
            await self._changed.wait()

    # -- contact -----------------------------------------------------------------

    async def _make_contact(self) -> None:
        """Prove who answers, then bring it to where it should be.

        Raises:
            WrongDeviceError: It is another device.
            LinkError: It does not answer.
        """
        self._contact_lost = False
        unit = await self._link.async_open(self._connection_dropped)
        registers = Registers(unit, self.profile)
        introduction = Introduction(self.profile, registers, self._link)
        await introduction.prove()
        nominal = await introduction.nominal()
        self._variant = variant = await introduction.variant()
        if self._identity.serial is None and self._identity.model is None:
            self._identity = await introduction.identity(variant)
        if self._contact_lost:
            message = "the connection dropped while the device was looked at"
            raise LostError(message)
        scales = {} if variant is None else variant.scales
        self._registers = Registers(unit, self.profile, scales=scales, nominal=nominal)
        self._unread = {group for group in self.profile.reads if group.essential}
        self._silent = 0
        self._set_contact(Contact.PROVEN)
        await self._on_contact()
        if self._problem is not None:
            _LOGGER.warning("%s answers again", self.profile.name)
            self._problem = None
        self._set_contact(Contact.ONLINE)

    # -- reading -----------------------------------------------------------------

    async def _poll(self) -> None:
        """Read group after group until contact is lost.

        Raises:
            LinkError: The device is gone.
        """
        loop = asyncio.get_running_loop()
        registers = self._registers
        assert registers is not None  # noqa: S101 - contact was made
        readers = [(group, registers.reader(group.signals)) for group in self.profile.reads]
        due = {group: loop.time() for group, _ in readers}
        while not self._contact_lost:
            self._wake.clear()
            await self._wait_for_leave()
            await self._on_round()
            group, read = min(readers, key=lambda entry: _urgency(entry[0], due, loop.time()))
            if not await self._sleep_until(due[group]):
                continue
            due[group] = loop.time() + group.every.total_seconds()
            await self._read_group(group, read)
        self._set_contact(Contact.AWAY)

    async def _sleep_until(self, when: float) -> bool:
        """Sleep until then; False when something else is to be looked at before."""
        if when <= asyncio.get_running_loop().time():
            return True
        try:
            async with asyncio.timeout_at(when):
                await self._wake.wait()
        except TimeoutError:
            return True
        return False

    async def _read_group(
        self, group: ReadGroup, read: Callable[[], Awaitable[dict[str, Value]]]
    ) -> None:
        try:
            values = await self._read(read)
        except RefusedError as error:
            # It answers, so it is alive; the values simply grow old.
            self.counters["refused_reads"] += 1
            self._unread.discard(group)
            _LOGGER.debug("%s refuses %s: %s", self.profile.name, group.signals, error)
            return
        except SilentError:
            self.counters["unanswered_reads"] += 1
            self._count_silence()
            return
        self._silent = 0
        self._unread.discard(group)
        self._take_values(values)

    def _count_silence(self) -> None:
        """Take that the device did not answer.

        Raises:
            SilentError: It was once too often.
        """
        self._silent += 1
        self._check_silence()

    def _check_silence(self) -> None:
        """Take a unit for dead that was silent too often in a row.

        Raises:
            SilentError: It is dead.
        """
        if self._silent >= SILENT_LIMIT:
            message = f"no answer to {self._silent} requests in a row"
            raise SilentError(message)

    def _take_values(self, values: Mapping[str, Value]) -> None:
        """Hand on what is plausible and count the rest."""
        registers = self._registers
        if registers is None:
            return
        plausible: dict[str, Value] = {}
        refused: list[str] = []
        for name, value in values.items():
            if registers.is_plausible(name, value):
                plausible[name] = value
            else:
                refused.append(name)
                self.counters[f"implausible_{name}"] += 1
                _LOGGER.debug("%s: %s = %r cannot be true", self.profile.name, name, value)
        self._on_values(plausible, refused, self._now())

    @property
    def _is_known(self) -> bool:
        """Whether everything essential was read since the contact was made."""
        return self._contact is Contact.ONLINE and not self._unread

    async def _read(self, read: Callable[[], Awaitable[dict[str, Value]]]) -> dict[str, Value]:
        """Read once.

        Raises:
            LinkError: It did not work.
        """
        return await self._link.request(read, kind=RequestKind.READ, precedence=Precedence.READ)


def _urgency(group: ReadGroup, due: Mapping[ReadGroup, float], now: float) -> tuple[float, float]:
    """Order groups: what is overdue by the most of its own intervals first, then what is due next."""
    late = max(now - due[group], 0.0) / group.every.total_seconds()
    return (-late, due[group])
