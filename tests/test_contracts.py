"""Limits that change with time: by a timetable, or as an entity tells."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.ev_charger_pool.config import PoolConfig
from custom_components.ev_charger_pool.contracts import Contracts
from custom_components.ev_charger_pool.pool.limits import Limit, LimitScope, LimitUnit
from custom_components.ev_charger_pool.pool.reasons import ReasonKind
from tests.common import site_entry

ENTITY = "sensor.contract"


@pytest.fixture
def told() -> list[list[Limit]]:
    return []


def contracts(hass: HomeAssistant, told: list[list[Limit]], **limits: Any) -> Contracts:
    made = Contracts(hass, told.append)
    made.async_configure(PoolConfig.from_entry(site_entry(limits=limits)))
    return made


def values(limits: list[Limit]) -> list[tuple[float, LimitUnit]]:
    return [(limit.value, limit.unit) for limit in limits]


@pytest.mark.parametrize(
    ("state", "unit", "expected"),
    [
        ("5.75", "kW", (5_750.0, LimitUnit.POWER)),
        ("4600", "W", (4_600.0, LimitUnit.POWER)),
        ("20", "A", (20.0, LimitUnit.CURRENT)),
        ("0", "W", (0.0, LimitUnit.POWER)),
    ],
)
async def test_an_entity_tells_the_limit(
    hass: HomeAssistant,
    told: list[list[Limit]],
    state: str,
    unit: str,
    expected: tuple[float, LimitUnit],
) -> None:
    hass.states.async_set(ENTITY, state, {"unit_of_measurement": unit})
    contracts(hass, told, contract_entity=ENTITY)
    ((limit,),) = told
    assert (limit.value, limit.unit) == expected
    assert limit.circuit == "grid"
    assert limit.scope is LimitScope.CONNECTION
    assert limit.source is ReasonKind.CONTRACT


@pytest.mark.parametrize(
    ("state", "unit"),
    [
        ("-5", "kW"),
        ("nan", "W"),
        ("inf", "W"),
        ("much", "W"),
        ("5", None),
        ("5", "kWh"),
    ],
)
async def test_what_is_no_limit_leaves_the_last_one(
    hass: HomeAssistant,
    told: list[list[Limit]],
    state: str,
    unit: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hass.states.async_set(ENTITY, "5", {"unit_of_measurement": "kW"})
    contracts(hass, told, contract_entity=ENTITY)
    for _ in range(2):
        hass.states.async_set(ENTITY, state, {"unit_of_measurement": unit}, force_update=True)
        await hass.async_block_till_done()
    assert [values(limits) for limits in told] == [[(5_000.0, LimitUnit.POWER)]]
    assert caplog.text.count(f"Entity {ENTITY} tells no limit") == 1
    hass.states.async_set(ENTITY, "6", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert values(told[-1]) == [(6_000.0, LimitUnit.POWER)]


@pytest.mark.parametrize("gone", ["unavailable", "unknown"])
async def test_an_entity_that_is_gone_leaves_the_last_limit(
    hass: HomeAssistant, told: list[list[Limit]], gone: str
) -> None:
    made = contracts(hass, told, contract_entity=ENTITY)
    assert told == []
    hass.states.async_set(ENTITY, "5", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    hass.states.async_set(ENTITY, gone)
    await hass.async_block_till_done()
    assert len(told) == 1
    made.async_stop()
    hass.states.async_set(ENTITY, "7", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert len(told) == 1


async def test_a_timetable_is_followed_by_the_clock(
    hass: HomeAssistant, told: list[list[Limit]], freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Madrid")
    freezer.move_to("2026-03-02T06:59:30+00:00")
    made = contracts(
        hass, told, contract_times=["mon-fri 08:00-24:00 3450", "daily 00:00-08:00 4600"]
    )
    assert values(told[-1]) == [(4_600.0, LimitUnit.POWER)]
    freezer.move_to("2026-03-02T07:00:01+00:00")
    async_fire_time_changed(hass, dt_util.utcnow())
    await hass.async_block_till_done()
    assert values(told[-1]) == [(3_450.0, LimitUnit.POWER)]
    assert len(told) == 2
    made.async_stop()


async def test_what_entities_tell_is_told_apart_from_what_stands_in_a_timetable(
    hass: HomeAssistant, told: list[list[Limit]]
) -> None:
    made = contracts(hass, told, contract_times=["daily 00:00-24:00 3450"], contract_entity=ENTITY)
    assert made.told_limits() == []
    hass.states.async_set(ENTITY, "5", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert values(made.told_limits()) == [(5_000.0, LimitUnit.POWER)]
    assert len(told[-1]) == 2
    made.async_stop()


async def test_what_is_no_longer_configured_is_gone(
    hass: HomeAssistant, told: list[list[Limit]]
) -> None:
    made = contracts(hass, told, contract_times=["daily 00:00-24:00 3450"])
    made.async_configure(PoolConfig.from_entry(site_entry()))
    assert told[-1] == []
    made.async_configure(PoolConfig.from_entry(site_entry()))
    assert len(told) == 2
