"""What the user wants outlives a restart, and a damaged file costs only what is damaged in it."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.pool.members import MemberWishes, Mode, Priority
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
    await store.async_change("garage:1", priority=Priority.HIGH, minimum_current_a=8.0)
    await store.async_change("bench", supply_mode=SupplyMode.EXPORT, supply_power_w=300.0)
    await store.async_limit_circuit("grid", 16.0)

    again = await reopened(hass)
    assert again.of("garage:1") == MemberWish(
        mode=Mode.OFF, priority=Priority.HIGH, user_limit_a=10.0, minimum_current_a=8.0
    )
    assert again.of("garage:1").wishes == MemberWishes(mode=Mode.OFF, minimum_current_a=8.0)
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
        ({"mode": "off", "user_limit_a": -5}, MemberWish(mode=Mode.OFF)),
        ({"mode": "off", "priority": 7}, MemberWish(mode=Mode.OFF)),
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
