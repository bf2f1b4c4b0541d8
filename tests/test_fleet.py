"""Orders as they reach a driver, and drivers as they are made from what is configured."""

from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ev_charger_pool.chargers import factory as charger_factory
from custom_components.ev_charger_pool.chargers.ocpp import (
    Authorization,
    PortInUseError,
    StationConfig,
)
from custom_components.ev_charger_pool.chargers.ocpp.central_system import DATA_CENTRAL_SYSTEM
from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.fleet import ChargerDevice, Observer, SupplyDevice
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import Grant, OrderKind
from custom_components.ev_charger_pool.pool.reasons import Reason, ReasonKind
from custom_components.ev_charger_pool.power_supplies import factory as supply_factory
from custom_components.ev_charger_pool.power_supplies.contract import (
    OffOutcome,
    SupplyMode,
    SupplyWishes,
)
from tests.common import (
    FakeCharger,
    FakeLockableCharger,
    FakeSupply,
    charger,
    connector,
    site_entry,
    supply,
)

CONFIG = PoolConfig.from_entry(site_entry(charger("garage", 2), supply("bench")))
WISHES = SupplyWishes(voltage_v=48.0, current_a=10.0)


class Heard:
    """Takes what devices report."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def async_on_connector(self, member: str, report: Any) -> None:
        self.told.append(("connector", member))

    def async_on_supply(self, member: str, report: Any) -> None:
        self.told.append(("supply", member))

    def async_on_capabilities(self, device: str) -> None:
        self.told.append(("capabilities", device))


def grant(amps: float) -> Grant:
    return Grant(
        member="garage:2",
        current_a=amps,
        decided_at=dt_util.utcnow(),
        reason=Reason(kind=ReasonKind.CHARGER),
    )


def charger_device(charger: FakeCharger) -> ChargerDevice:
    return ChargerDevice(CONFIG.chargers["garage"], charger, cast("Observer", Heard()))


@pytest.mark.parametrize(
    ("kind", "plain", "lockable"),
    [
        (OrderKind.SET, "apply", "apply"),
        (OrderKind.RENEW, "apply", "apply"),
        (OrderKind.STOP, "stop", "stop"),
        (OrderKind.START, "start", "start"),
        (OrderKind.DISABLE, "stop", "disable"),
    ],
)
async def test_each_order_is_one_call(kind: OrderKind, plain: str, lockable: str) -> None:
    for fake, call in ((FakeCharger(), plain), (FakeLockableCharger(), lockable)):
        carried = grant(8.0) if kind in (OrderKind.SET, OrderKind.RENEW) else None
        device = charger_device(fake)
        assert await device.carry_out("garage:2", kind, carried) is ActionResult.ACCEPTED
        assert [(made.what, made.connector, made.grant) for made in fake.calls] == [
            (call, 2, carried)
        ]


async def test_sr6_what_was_made_inoperative_is_made_operative_before_a_start() -> None:
    fake = FakeLockableCharger()
    device = charger_device(fake)
    await device.carry_out("garage:2", OrderKind.DISABLE, None)
    fake.results["enable"] = ActionResult.TIMED_OUT
    assert await device.carry_out("garage:2", OrderKind.START, None) is ActionResult.TIMED_OUT
    fake.results.clear()
    assert await device.carry_out("garage:2", OrderKind.START, None) is ActionResult.ACCEPTED
    assert await device.carry_out("garage:2", OrderKind.START, None) is ActionResult.ACCEPTED
    calls = [made.what for made in fake.calls]
    assert calls == ["disable", "enable", "enable", "start", "start"]


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (OffOutcome.BELOW_THRESHOLD, ActionResult.ACCEPTED),
        (OffOutcome.TIMED_OUT, ActionResult.TIMED_OUT),
        (OffOutcome.COMMUNICATION_LOST, ActionResult.OFFLINE),
    ],
)
async def test_a_supply_is_stopped_by_its_safe_off(
    outcome: OffOutcome, result: ActionResult
) -> None:
    fake = FakeSupply(off_outcome=outcome)
    device = SupplyDevice(CONFIG.supplies["bench"], fake, cast("Observer", Heard()))
    for kind in (OrderKind.STOP, OrderKind.DISABLE):
        assert await device.carry_out("bench", kind, None) is result
    assert await device.carry_out("bench", OrderKind.SET, grant(3.0)) is ActionResult.ACCEPTED
    assert await device.carry_out("bench", OrderKind.START, None) is ActionResult.NOT_SUPPORTED
    assert [made.what for made in fake.calls] == ["off", "off", "apply"]
    assert device.online
    assert device.members == ("bench",)
    assert device.diagnostics()["calls"] == 3


async def test_what_is_new_of_a_device_is_told_before_its_report() -> None:
    heard = Heard()
    fake = FakeSupply()
    device = SupplyDevice(CONFIG.supplies["bench"], fake, heard)
    device.async_listen()
    fake.tell(SupplyMode.OFF)
    fake.tell(SupplyMode.OFF)
    assert heard.told == [("capabilities", "bench"), ("supply", "bench"), ("supply", "bench")]
    await device.async_close()
    assert fake.listeners == []


class Central:
    """Gives out stations."""

    def __init__(self) -> None:
        self.claimed: list[StationConfig] = []

    def claim(self, config: StationConfig) -> FakeCharger:
        self.claimed.append(config)
        return FakeCharger()


@pytest.mark.parametrize("is_taken", [False, True])
async def test_an_ocpp_charger_is_claimed_whether_its_port_is_open_or_not(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, is_taken: bool
) -> None:
    central = Central()
    hass.data[DATA_CENTRAL_SYSTEM] = cast("Any", central)

    async def get(_: HomeAssistant, port: int) -> Central:
        assert port == 9000
        if is_taken:
            raise PortInUseError(98, "taken")
        return central

    monkeypatch.setattr(charger_factory, "async_get_central_system", get)
    entry = site_entry(
        charger(
            "garage",
            authorization="tokens",
            connectors={"2": connector("l2", max_current_a=20.0, fail_safe_current_a=6.0)},
        )
    )
    config = PoolConfig.from_entry(entry).chargers["garage"]
    assert isinstance(await charger_factory.async_create_charger(hass, config, 9000), FakeCharger)
    (claimed,) = central.claimed
    assert claimed.identity == "GARAGE"
    assert claimed.authorization is Authorization.TOKENS
    assert claimed.tokens == {"04A2B3C4"}
    made = claimed.connectors[2]
    assert (made.max_current_a, made.fail_safe_a, made.phases) == (20.0, 6.0, 1)
    del hass.data[DATA_CENTRAL_SYSTEM]


async def test_modbus_drivers_get_their_connection(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[Any, ...]] = []

    async def create_charger(*args: Any) -> FakeCharger:
        made.append(args[1:])
        return FakeCharger()

    async def create_supply(*args: Any) -> FakeSupply:
        made.append(args[1:])
        return FakeSupply()

    monkeypatch.setattr(charger_factory, "async_create_modbus_charger", create_charger)
    monkeypatch.setattr(supply_factory, "async_create_supply", create_supply)
    where = {"type": "rtu_over_tcp", "host": "192.0.2.7", "port": 502}
    entry = site_entry(
        charger(
            "box", driver="modbus", profile="heidelberg_energy_control", connection=where, unit_id=3
        ),
        supply("bench"),
    )
    config = PoolConfig.from_entry(entry)
    await charger_factory.async_create_charger(hass, config.chargers["box"], 9000)
    await supply_factory.async_create_power_supply(hass, config.supplies["bench"], WISHES)
    profile, connection, settings = made[0]
    assert profile == "heidelberg_energy_control"
    assert (settings.fail_safe_current_a, settings.max_current_a) == (0.0, 16.0)
    assert (connection.host, connection.port, connection.unit_id) == ("192.0.2.7", 502, 3)
    profile, connection, wishes = made[1]
    assert (profile, connection.host, wishes) == ("riden_rd60xx", "192.0.2.9", WISHES)


async def test_an_unknown_driver_is_an_error(hass: HomeAssistant) -> None:
    entry = site_entry(charger("garage", driver="magic"), supply("bench", driver="magic"))
    config = PoolConfig.from_entry(entry)
    with pytest.raises(ValueError, match="unknown driver 'magic'"):
        await charger_factory.async_create_charger(hass, config.chargers["garage"], 9000)
    with pytest.raises(ValueError, match="unknown driver 'magic'"):
        await supply_factory.async_create_power_supply(hass, config.supplies["bench"], WISHES)
