"""The devices of a site: made from their configuration, each for itself, and let go again."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Final, Protocol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .chargers.contract import (
    CanDisable,
    Charger,
    ConnectorCapabilities,
    ConnectorReport,
    DeviceIdentity,
    HasDiagnostics,
)
from .chargers.factory import async_create_charger
from .device_config import ChargerConfig, SupplyConfig
from .pool.actions import ActionResult
from .pool.members import Grant, MemberId, OrderKind
from .power_supplies.contract import (
    OffOutcome,
    PowerSupply,
    SupplyReport,
    SupplyWishes,
)
from .power_supplies.factory import async_create_power_supply

_LOGGER = logging.getLogger(__name__)

RETRY: Final = timedelta(seconds=30)
"""After a device could not be made (its port is taken, its profile is gone)."""

_OFF_RESULTS: Final = {
    OffOutcome.BELOW_THRESHOLD: ActionResult.ACCEPTED,
    OffOutcome.TIMED_OUT: ActionResult.TIMED_OUT,
    OffOutcome.COMMUNICATION_LOST: ActionResult.OFFLINE,
}


class Observer(Protocol):
    """Who is told what the devices report."""

    @callback
    def async_on_connector(self, member: MemberId, report: ConnectorReport) -> None:
        """Take a connector's newest report."""
        ...

    @callback
    def async_on_supply(self, member: MemberId, report: SupplyReport) -> None:
        """Take a power supply's newest report."""
        ...

    @callback
    def async_on_capabilities(self, device: str) -> None:
        """Take that a device told something new about what it can do or who it is."""
        ...


class ChargerDevice:
    """A charger, as the way to its connectors."""

    def __init__(self, config: ChargerConfig, charger: Charger, observer: Observer) -> None:
        self.charger = charger
        self._connectors = dict(config.members)
        self._members = {number: member for member, number in self._connectors.items()}
        self._observer = observer
        self._device = config.subentry_id
        self._disabled: set[int] = set()
        self._told: tuple[DeviceIdentity, Mapping[int, ConnectorCapabilities]] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @callback
    def async_listen(self) -> None:
        """Hear what the device reports from now on."""
        self._unsubscribe = self.charger.subscribe(self._on_report)

    @property
    def members(self) -> tuple[MemberId, ...]:
        """The connectors' ids in the pool."""
        return tuple(self._connectors)

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device says it is."""
        return self.charger.identity

    @property
    def online(self) -> bool:
        """Whether it can be reached now."""
        return self.charger.online

    def capabilities(self, number: int) -> ConnectorCapabilities | None:
        """Return what a connector can do; None until known."""
        return self.charger.connectors.get(number)

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grants until then."""
        self.charger.vouch(until)

    async def carry_out(
        self, member: MemberId, kind: OrderKind, grant: Grant | None
    ) -> ActionResult:
        """Carry a command out."""
        connector = self._connectors[member]
        if grant is not None and kind in (OrderKind.SET, OrderKind.RENEW):
            return await self.charger.async_apply(connector, grant)
        if kind is OrderKind.DISABLE and isinstance(self.charger, CanDisable):
            self._disabled.add(connector)
            return await self.charger.async_disable(connector)
        if kind is OrderKind.START:
            return await self._async_start(connector)
        return await self.charger.async_stop(connector)

    async def async_close(self) -> None:
        """Let go of the device; its leases are left to lapse."""
        self._unsubscribe()
        await self.charger.async_close()

    def diagnostics(self) -> Mapping[str, object]:
        """Return what the driver has to tell to whoever looks for a fault."""
        return self.charger.diagnostics() if isinstance(self.charger, HasDiagnostics) else {}

    async def _async_start(self, connector: int) -> ActionResult:
        if connector in self._disabled and isinstance(self.charger, CanDisable):
            result = await self.charger.async_enable(connector)
            if not result.is_success:
                return result
            self._disabled.discard(connector)
        return await self.charger.async_start(connector)

    @callback
    def _on_report(self, report: ConnectorReport) -> None:
        told = (self.charger.identity, dict(self.charger.connectors))
        if told != self._told:
            self._told = told
            self._observer.async_on_capabilities(self._device)
        if (member := self._members.get(report.connector)) is not None:
            self._observer.async_on_connector(member, report)


class SupplyDevice:
    """A power supply, as the way to itself."""

    def __init__(self, config: SupplyConfig, supply: PowerSupply, observer: Observer) -> None:
        self.supply = supply
        self._member = config.member
        self._observer = observer
        self._told: object = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @callback
    def async_listen(self) -> None:
        """Hear what the device reports from now on."""
        self._unsubscribe = self.supply.subscribe(self._on_report)

    @property
    def members(self) -> tuple[MemberId, ...]:
        """The one member that it is."""
        return (self._member,)

    @property
    def identity(self) -> DeviceIdentity:
        """Who the device says it is."""
        return self.supply.identity

    @property
    def online(self) -> bool:
        """Whether it answers now."""
        return self.supply.online

    def vouch(self, until: datetime) -> None:
        """Tell that a fresh decision stands behind the newest grant until then."""
        self.supply.vouch(until)

    async def carry_out(
        self,
        member: MemberId,  # noqa: ARG002 - it is the only one
        kind: OrderKind,
        grant: Grant | None,
    ) -> ActionResult:
        """Carry a command out; a supply has no session, so that a start is left to its wishes."""
        if grant is not None and kind in (OrderKind.SET, OrderKind.RENEW):
            return await self.supply.async_apply(grant)
        if kind is OrderKind.START:
            return ActionResult.NOT_SUPPORTED
        return _OFF_RESULTS[await self.supply.async_off()]

    async def async_close(self) -> None:
        """Let go of the device."""
        self._unsubscribe()
        await self.supply.async_close()

    def diagnostics(self) -> Mapping[str, object]:
        """Return what the driver has to tell to whoever looks for a fault."""
        return self.supply.diagnostics() if isinstance(self.supply, HasDiagnostics) else {}

    @callback
    def _on_report(self, report: SupplyReport) -> None:
        told = (self.supply.identity, self.supply.capabilities, self.supply.lease)
        if told != self._told:
            self._told = told
            self._observer.async_on_capabilities(self._member)
        self._observer.async_on_supply(self._member, report)


type Device = ChargerDevice | SupplyDevice
type FirstWishes = Callable[[SupplyConfig], SupplyWishes]


class Fleet:
    """Every device of a site by the subentry that it comes from.

    A device that cannot be made is tried again; the others do not wait for it (I8).
    """

    def __init__(
        self,
        hass: HomeAssistant,
        observer: Observer,
        first_wishes: FirstWishes,
        on_device: Callable[[str, Device], None],
        devices: dict[str, Device],
    ) -> None:
        """Make an empty fleet.

        Args:
            hass: Home Assistant.
            observer: Who is told what the devices report.
            first_wishes: What the user wants of a power supply.
            on_device: Called with each device that was made, before it reports anything.
            devices: Where the devices are kept, by subentry.
        """
        self._hass = hass
        self._observer = observer
        self._first_wishes = first_wishes
        self._on_device = on_device
        self._retries: dict[str, CALLBACK_TYPE] = {}
        self._broken: set[str] = set()
        self.devices = devices

    async def async_add(self, config: ChargerConfig | SupplyConfig, ocpp_port: int) -> None:
        """Make a device and hear what it reports."""
        key = config.subentry_id
        self._forget_retry(key)
        try:
            device = await self._async_make(config, ocpp_port)
        except Exception:
            if key not in self._broken:
                self._broken.add(key)
                _LOGGER.exception(
                    "Device %s could not be set up; it is tried again every %s s, the others go on",
                    config.name,
                    RETRY.seconds,
                )
            self._retries[key] = async_call_later(self._hass, RETRY, self._retry(config, ocpp_port))
            return
        self._broken.discard(key)
        self.devices[key] = device
        self._on_device(key, device)
        device.async_listen()

    async def async_remove(self, key: str) -> None:
        """Let a device go; its leases are left to lapse."""
        self._forget_retry(key)
        self._broken.discard(key)
        device = self.devices.pop(key, None)
        if device is None:
            return
        try:
            await device.async_close()
        except Exception:
            _LOGGER.exception("Device %s could not be closed cleanly", key)

    def of(self, member: MemberId) -> Device | None:
        """Return the device that a member belongs to; None while it could not be made."""
        return self.devices.get(member.partition(":")[0])

    def vouch(self, until: datetime) -> None:
        """Tell every device that a fresh decision stands behind its grants until then (SR-4)."""
        for key, device in self.devices.items():
            try:
                device.vouch(until)
            except Exception:
                _LOGGER.exception("Device %s took no word for its grants; its lease lapses", key)

    async def _async_make(self, config: ChargerConfig | SupplyConfig, ocpp_port: int) -> Device:
        if isinstance(config, ChargerConfig):
            charger = await async_create_charger(self._hass, config, ocpp_port)
            return ChargerDevice(config, charger, self._observer)
        supply = await async_create_power_supply(self._hass, config, self._first_wishes(config))
        return SupplyDevice(config, supply, self._observer)

    def _forget_retry(self, key: str) -> None:
        if (cancel := self._retries.pop(key, None)) is not None:
            cancel()

    def _retry(
        self, config: ChargerConfig | SupplyConfig, ocpp_port: int
    ) -> Callable[[datetime], Coroutine[Any, Any, None]]:
        async def retry(_: datetime) -> None:
            await self.async_add(config, ocpp_port)

        return retry
