"""What the user wants outlives a restart, and a damaged file costs only what is damaged in it."""

from datetime import UTC, datetime, time
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.plan_wishes import VehicleChoice
from custom_components.ev_charger_pool.pool.departures import Once, Repeating, Weekday
from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, PhaseChoice, Priority
from custom_components.ev_charger_pool.pool.plans import PlanWish, TargetKind
from custom_components.ev_charger_pool.power_supplies.contract import SupplyMode, SupplyWishes
from custom_components.ev_charger_pool.wishes import MemberWish, WishStore

KEY = "ev_charger_pool.01SITE.wishes"


async def reopened(hass: HomeAssistant) -> WishStore:
    store = WishStore(hass, "01SITE")
    await store.async_load()
    return store


async def test_a_change_is_kept_at_once(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    store = await reopened(hass)
    assert store.of("garage:1") == MemberWish()
    await store.async_change("garage:1", mode=Mode.OFF, user_limit_a=10.0)
    await store.async_change("garage:1", priority=Priority.HIGH, minimum_current_a=8.0, weight=2.5)
    await store.async_change("garage:1", phases=PhaseChoice.ONE)
    await store.async_change("bench", supply_mode=SupplyMode.EXPORT, supply_power_w=300.0)
    await store.async_limit_circuit("grid", 16.0)

    again = await reopened(hass)
    assert again.of("garage:1") == MemberWish(
        mode=Mode.OFF,
        priority=Priority.HIGH,
        user_limit_a=10.0,
        minimum_current_a=8.0,
        weight=2.5,
        phases=PhaseChoice.ONE,
    )
    assert again.of("garage:1").wishes(Mode.SOLAR) == MemberWishes(
        mode=Mode.OFF, minimum_current_a=8.0, phases=PhaseChoice.ONE
    )
    assert again.of("bench").supply_wishes(48.0, 10.0) == SupplyWishes(
        mode=SupplyMode.EXPORT, voltage_v=48.0, current_a=10.0, power_w=300.0
    )
    assert again.circuit_limits_a == {"grid": 16.0}

    await again.async_limit_circuit("grid", None)
    await again.async_forget({"garage:1", "unheard"})
    last = await reopened(hass)
    assert last.circuit_limits_a == {}
    assert set(last.members) == {"bench"}
    await last.async_remove()
    assert KEY not in hass_storage


async def test_nothing_is_written_when_nothing_is_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    await (await reopened(hass)).async_forget({"unheard"})
    assert KEY not in hass_storage


@pytest.mark.parametrize(
    ("stored", "wish"),
    [
        ({"mode": "party", "user_limit_a": 10.0}, MemberWish(user_limit_a=10.0)),
        ({"mode": "off", "user_limit_a": "much"}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "phases": "two"}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "boost_until": "soon"}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "boost_until": 17}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "user_limit_a": -5}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "priority": 7}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "weight": 0}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "weight": 11}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "weight": "nan"}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "weight": "heavy"}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "supply_voltage_v": [1]}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "supply_voltage_v": float("inf")}, MemberWish(mode=Mode.OFF)),
        ({"unheard": 1, "supply_voltage_v": 12}, MemberWish(supply_voltage_v=12.0)),
        (None, MemberWish()),
    ],
)
async def test_a_field_that_cannot_be_understood_costs_itself(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    stored: object,
    wish: MemberWish,
) -> None:
    hass_storage[KEY] = {
        "version": 1,
        "key": KEY,
        "data": {"members": {"garage:1": stored}, "circuits": {"grid": 16, "garage": "?"}},
    }
    store = await reopened(hass)
    assert store.of("garage:1") == wish
    assert store.circuit_limits_a == {"grid": 16.0}


async def test_a_file_of_another_shape_is_as_good_as_none(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    hass_storage[KEY] = {"version": 1, "key": KEY, "data": {"members": [1], "circuits": None}}
    assert (await reopened(hass)).members == {}


PLAN = PlanWish(
    kind=TargetKind.SOC,
    energy_wh=12_000.0,
    soc=90.0,
    departure=Repeating(at=time(7, 15), weekdays=frozenset({Weekday.MONDAY, Weekday.FRIDAY})),
    mode_before=Mode.SOLAR,
)


async def test_plans_and_vehicles_are_kept(hass: HomeAssistant) -> None:
    store = await reopened(hass)
    assert store.plan_of("garage:1") == PlanWish()
    once = PlanWish(departure=Once(at=datetime(2026, 11, 21, 6, 0, tzinfo=UTC)))
    await store.async_plan("garage:1", PLAN)
    await store.async_plan("garage:2", once)
    await store.async_choose_vehicle("garage:1", VehicleChoice(vehicle="blue", session="s1"))
    await store.async_choose_vehicle("garage:2", VehicleChoice(vehicle=None))

    again = await reopened(hass)
    assert again.plans == {"garage:1": PLAN, "garage:2": once}
    assert again.vehicles == {
        "garage:1": VehicleChoice(vehicle="blue", session="s1"),
        "garage:2": VehicleChoice(vehicle=None),
    }
    await again.async_choose_vehicle("garage:2", None)
    await again.async_choose_vehicle("garage:3", None)
    await again.async_forget({"garage:1"})
    last = await reopened(hass)
    assert last.plans == {"garage:2": once}
    assert last.vehicles == {}


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"kind": "energy", "energy_wh": "much", "soc": 80},
        {"kind": "energy", "energy_wh": float("nan"), "soc": 80},
        {"kind": "energy", "energy_wh": 1000, "soc": 180},
        {"kind": "party", "energy_wh": 1000, "soc": 80},
        {"kind": "soc", "energy_wh": 1000, "soc": 80, "ready_at": "tomorrow"},
        {"kind": "soc", "energy_wh": 1000, "soc": 80, "ready_by": "07:00"},
        {"kind": "soc", "energy_wh": 1000, "soc": 80, "ready_by": "07:00", "weekdays": ["so"]},
        {"kind": "soc", "energy_wh": 1000, "soc": 80, "mode_before": "party"},
    ],
)
async def test_a_plan_that_cannot_be_understood_is_left_out(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    stored: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sound = {"kind": "energy", "energy_wh": 1000.0, "soc": 80.0}
    hass_storage[KEY] = {
        "version": 1,
        "key": KEY,
        "data": {
            "plans": {"garage:1": stored, "garage:2": sound},
            "vehicles": {"garage:1": {"vehicle": 5, "session": None}, "garage:2": stored},
        },
    }
    store = await reopened(hass)
    assert store.plans == {"garage:2": PlanWish(energy_wh=1000.0)}
    assert store.vehicles == {}
    assert "Ignoring the stored plan of garage:1" in caplog.text


async def test_the_mode_of_the_site_counts_where_none_was_chosen(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    store = await reopened(hass)
    assert store.mode_of("garage:1") is Mode.FAST
    await store.async_change("yard:1", mode=Mode.OFF)
    await store.async_change("garage:1", priority=Priority.HIGH)
    await store.async_set_default_mode(Mode.MINIMUM_SOLAR)
    again = await reopened(hass)
    assert again.default_mode is Mode.MINIMUM_SOLAR
    modes = [again.mode_of(member) for member in ("garage:1", "yard:1", "unheard:1")]
    assert modes == [Mode.MINIMUM_SOLAR, Mode.OFF, Mode.MINIMUM_SOLAR]
    assert again.of("garage:1").wishes(again.default_mode).mode is Mode.MINIMUM_SOLAR


async def test_a_boost_is_kept_with_its_end(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    until = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    await (await reopened(hass)).async_change("garage:1", boost_until=until)
    wish = (await reopened(hass)).of("garage:1")
    assert wish == MemberWish(boost_until=until)
    assert wish.wishes(Mode.SOLAR).mode_at(until) is Mode.SOLAR
    assert wish.wishes(Mode.SOLAR).mode_at(until.replace(hour=17)) is Mode.FAST


@pytest.mark.parametrize("kept", ["party", 7, ["off"]])
async def test_a_damaged_default_mode_is_left_out(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    kept: object,
) -> None:
    hass_storage[KEY] = {
        "version": 1,
        "minor_version": 1,
        "key": KEY,
        "data": {"default_mode": kept},
    }
    assert (await reopened(hass)).default_mode is Mode.FAST
    assert "Ignoring the stored default mode" in caplog.text
