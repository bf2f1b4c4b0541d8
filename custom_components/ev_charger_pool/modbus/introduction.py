"""Finds out who answers behind a link: whether it is the device of the profile, and which model."""

from collections.abc import Mapping

from modbus_connection import ExceptionCode

from ..chargers.contract import DeviceIdentity
from .bus import Precedence, RequestKind
from .link import ModbusLink, RefusedError
from .registers import Registers, Value
from .schema import Profile, Variant


class WrongDeviceError(Exception):
    """What answers is not the device of the profile; it is not written to."""


class Introduction:
    """Reads what tells who a device is, each value once; nothing is written.

    Every method raises a `LinkError` when the device does not answer.
    """

    def __init__(self, profile: Profile, registers: Registers, link: ModbusLink) -> None:
        """Prepare to ask.

        Args:
            profile: What it should be.
            registers: Its values, as the profile says.
            link: The way to it.
        """
        self._profile = profile
        self._registers = registers
        self._link = link
        self._found: dict[str, Value] = {}

    async def prove(self) -> None:
        """See that it is what it should be.

        Raises:
            WrongDeviceError: It is another device.
        """
        for probe in self._profile.identify:
            try:
                value = await self._ask(probe.signal)
            except RefusedError as error:
                if error.code == ExceptionCode.SERVER_DEVICE_FAILURE:
                    raise
                message = (
                    f"this is no {self._profile.name}: it does not tell {probe.means} ({error}); "
                    "check the address and the unit id"
                )
                raise WrongDeviceError(message) from error
            if not probe.fits(value):
                message = (
                    f"this is no {self._profile.name}: {value!r} is not {probe.means}; check the "
                    "address and the unit id"
                )
                raise WrongDeviceError(message)

    async def nominal(self) -> Mapping[str, float]:
        """Return the values of the signals that others are relative to.

        Raises:
            WrongDeviceError: One of them cannot be true.
        """
        found: dict[str, float] = {}
        for name in sorted(
            {
                signal.relative_to
                for signal in self._profile.signals.values()
                if signal.relative_to is not None
            }
        ):
            value = await self._ask(name)
            if not isinstance(value, float | int) or not self._registers.is_plausible(name, value):
                message = f"this is no {self._profile.name}: {value!r} is no {name}"
                raise WrongDeviceError(message)
            found[name] = float(value)
        return found

    async def variant(self) -> Variant | None:
        """Return which model of its family it is; None where the family has no models.

        Raises:
            WrongDeviceError: It is none that is known.
        """
        variants = self._profile.variants
        if variants is None:
            return None
        conditions = {name: await self._ask(name) for name in sorted(variants.conditions)}
        model = await self._ask(variants.signal)
        chosen = variants.choose(model, conditions) if isinstance(model, float | int) else None
        if chosen is None:
            message = f"{self._profile.name}: model number {model!r} is not known"
            raise WrongDeviceError(message)
        return chosen

    async def identity(self, variant: Variant | None) -> DeviceIdentity:
        """Return who it says it is; what a firmware does not tell is left open.

        Args:
            variant: The model that it was found to be.
        """
        signals = self._profile.identity
        return DeviceIdentity(
            manufacturer=await self._text(signals.manufacturer) or self._profile.manufacturer,
            model=await self._text(signals.model)
            or (self._profile.models[0] if variant is None else variant.name),
            serial=await self._text(signals.serial),
            firmware=await self._text(signals.firmware),
        )

    async def _text(self, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            value = await self._ask(name)
        except RefusedError:
            return None
        if isinstance(value, str):
            return value.strip() or None
        return None if value is None else f"{value:g}" if value % 1 else f"{value:.0f}"

    async def _ask(self, name: str) -> Value:
        if name not in self._found:
            self._found |= await self._link.request(
                self._registers.reader((name,)), kind=RequestKind.READ, precedence=Precedence.READ
            )
        return self._found[name]
