"""The actions, with right and wrong targets and values."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.ev_charger_pool.const import DOMAIN
from custom_components.ev_charger_pool.plan_commands import PlanOrder
from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.departures import WEEK, Once, Repeating, Weekday
from custom_components.ev_charger_pool.pool.limits import LimitUnit
from custom_components.ev_charger_pool.pool.shares import Period
from tests.pool_double import (
    GARAGE,
    NOW,
    SINGLE,
    SINGLE_1,
    SITE,
    SUPPLY,
    TWIN,
    TWIN_1,
    PoolDouble,
    async_set_up_double,
    device_id,
    shares_of_the_day,
)


@pytest.fixture
async def pool(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PoolDouble:
    return await async_set_up_double(hass, monkeypatch, Platform.EVENT)


async def async_act(
    hass: HomeAssistant, action: str, device: str, *, response: bool = False, **data: Any
) -> Any:
    return await hass.services.async_call(
        DOMAIN,
        action,
        {ATTR_DEVICE_ID: device, **data},
        blocking=True,
        return_response=response,
    )


@pytest.mark.parametrize(
    ("key", "member"),
    [(TWIN_1, TWIN_1), (SUPPLY, SUPPLY), (SINGLE_1, SINGLE_1), (SINGLE, SINGLE_1)],
)
async def test_a_limit_is_set_on_the_device_that_was_named(
    hass: HomeAssistant, pool: PoolDouble, key: str, member: str
) -> None:
    await async_act(hass, "set_limit", device_id(hass, key), unit="current", value=10)
    assert pool.calls == [("set_limit", member, LimitUnit.CURRENT, 10.0)]


async def test_the_limit_action_is_returned(hass: HomeAssistant, pool: PoolDouble) -> None:
    answer = await async_act(
        hass, "set_limit", device_id(hass, TWIN_1), response=True, unit="power", value=4_000
    )
    assert answer == {
        "id": "01ACTION",
        "member": TWIN_1,
        "kind": "set",
        "unit": "power",
        "value": 4_000.0,
        "status": "completed",
        "requested_at": "2026-11-20T12:00:00+00:00",
        "ended_at": "2026-11-20T12:00:01+00:00",
    }


async def test_a_boost_lasts_as_long_as_asked(hass: HomeAssistant, pool: PoolDouble) -> None:
    await async_act(hass, "boost", device_id(hass, TWIN_1), duration={"hours": 1, "minutes": 30})
    assert pool.calls == [("boost", TWIN_1, timedelta(minutes=90))]


@pytest.mark.parametrize("duration", ["00:00:00", "24:00:01", "-01:00:00", "long"])
async def test_a_boost_lasts_a_day_at_most(
    hass: HomeAssistant, pool: PoolDouble, duration: str
) -> None:
    with pytest.raises(vol.Invalid):
        await async_act(hass, "boost", device_id(hass, TWIN_1), duration=duration)
    assert pool.calls == []


async def test_a_limit_is_cleared(hass: HomeAssistant, pool: PoolDouble) -> None:
    answer = await async_act(hass, "clear_limit", device_id(hass, TWIN_1), response=True)
    assert pool.calls == [("clear_limit", TWIN_1)]
    assert answer["kind"] == "clear"
    assert answer["value"] is None


@pytest.mark.parametrize(
    ("action", "data"), [("set_limit", {"unit": "current", "value": 10}), ("clear_limit", {})]
)
async def test_a_limit_that_fails_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, action: str, data: dict[str, Any]
) -> None:
    pool.action_error = "timed_out"
    with pytest.raises(
        HomeAssistantError, match="Twin Connector 1 did not take the limit: timed_out"
    ):
        await async_act(hass, action, device_id(hass, TWIN_1), **data)


@pytest.mark.parametrize("action", ["start", "stop"])
async def test_start_and_stop_ask_the_charger(
    hass: HomeAssistant, pool: PoolDouble, action: str
) -> None:
    await async_act(hass, action, device_id(hass, TWIN_1))
    assert pool.calls == [(action, TWIN_1)]


@pytest.mark.parametrize("action", ["start", "stop"])
async def test_a_charger_that_refuses_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, action: str
) -> None:
    pool.result = ActionResult.REJECTED
    with pytest.raises(HomeAssistantError, match="Twin Connector 1 refused the command"):
        await async_act(hass, action, device_id(hass, TWIN_1))


@pytest.mark.parametrize("key", [SITE, GARAGE])
async def test_a_device_that_is_no_member_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, key: str
) -> None:
    with pytest.raises(ServiceValidationError, match="is no charger or power supply of a pool"):
        await async_act(hass, "start", device_id(hass, key))
    assert pool.calls == []


async def test_a_station_with_several_connectors_is_no_target(
    hass: HomeAssistant, pool: PoolDouble
) -> None:
    with pytest.raises(ServiceValidationError, match="Twin has several connectors"):
        await async_act(hass, "stop", device_id(hass, TWIN))
    assert pool.calls == []


async def test_an_unknown_device_is_an_error(hass: HomeAssistant, pool: PoolDouble) -> None:
    with pytest.raises(ServiceValidationError):
        await async_act(hass, "start", "no-such-device")


async def test_a_device_of_another_integration_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, device_registry: dr.DeviceRegistry
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = device_registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "1")}, name="Kettle"
    )
    with pytest.raises(ServiceValidationError):
        await async_act(hass, "start", device.id)


async def test_a_site_that_is_not_loaded_is_an_error(hass: HomeAssistant, pool: PoolDouble) -> None:
    device = device_id(hass, TWIN_1)
    assert await hass.config_entries.async_unload(SITE)
    with pytest.raises(ServiceValidationError):
        await async_act(hass, "start", device)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"unit": "current"},
        {"unit": "amps", "value": 10},
        {"unit": "current", "value": -1},
        {"unit": "current", "value": "much"},
        {"unit": "power", "value": 1e9},
        {"unit": "current", "value": "nan"},
    ],
)
async def test_a_wrong_value_is_an_error(
    hass: HomeAssistant, pool: PoolDouble, data: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await async_act(hass, "set_limit", device_id(hass, TWIN_1), **data)
    assert pool.calls == []


class TestPlans:
    @pytest.mark.parametrize(
        ("data", "order"),
        [
            (
                {"energy_kwh": 20, "ready_at": "2026-11-21 07:00:00+01:00"},
                PlanOrder(
                    departure=Once(at=datetime(2026, 11, 21, 6, 0, tzinfo=UTC)), energy_wh=20_000.0
                ),
            ),
            (
                {"soc_percent": 80, "ready_by": "07:30"},
                PlanOrder(departure=Repeating(at=time(7, 30), weekdays=frozenset(WEEK)), soc=80.0),
            ),
            (
                {"soc_percent": 80, "ready_by": "07:30", "weekdays": ["mon", "fri"]},
                PlanOrder(
                    departure=Repeating(
                        at=time(7, 30), weekdays=frozenset({Weekday.MONDAY, Weekday.FRIDAY})
                    ),
                    soc=80.0,
                ),
            ),
        ],
    )
    async def test_a_plan_is_answered_with_what_is_promised(
        self, hass: HomeAssistant, pool: PoolDouble, data: dict[str, Any], order: PlanOrder
    ) -> None:
        response = await async_act(hass, "set_plan", device_id(hass, TWIN_1), response=True, **data)
        assert pool.calls == [("set_plan", TWIN_1, order)]
        assert response == {
            "feasible": False,
            "state": "cannot_be_met",
            "counted_by": "soc",
            "ready_at": "2026-11-21T06:00:00+00:00",
            "needed_kwh": 32.5,
            "missing_kwh": 2.5,
            "next_start": "2026-11-20T22:00:00+00:00",
            "earliest_ready": "2026-11-21T07:00:00+00:00",
            "cost": 6.25,
            "currency": "EUR",
            "unpriced_kwh": 1.0,
            "co2_kg": 9.1,
        }

    async def test_a_time_without_a_zone_is_that_of_the_clock_on_the_wall(
        self, hass: HomeAssistant, pool: PoolDouble
    ) -> None:
        await hass.config.async_set_time_zone("Europe/Amsterdam")
        await async_act(
            hass,
            "set_plan",
            device_id(hass, TWIN_1),
            energy_kwh=10,
            ready_at="2026-11-21 07:00:00",
        )
        ((_, _, order),) = pool.calls
        assert order.departure == Once(at=datetime(2026, 11, 21, 6, 0, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"ready_by": "07:30"}, "either the energy or the state of charge"),
            (
                {"ready_by": "07:30", "energy_kwh": 5, "soc_percent": 50},
                "either the energy or the state of charge",
            ),
            ({"energy_kwh": 5}, "either one date and time, or a time of day"),
            (
                {"energy_kwh": 5, "ready_by": "07:30", "ready_at": "2026-11-21 07:00:00"},
                "either one date and time, or a time of day",
            ),
            (
                {"energy_kwh": 5, "weekdays": ["mon"], "ready_at": "2026-11-21 07:00:00"},
                "either one date and time, or a time of day",
            ),
        ],
    )
    async def test_what_cannot_be_meant_is_an_error(
        self, hass: HomeAssistant, pool: PoolDouble, data: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ServiceValidationError, match=message):
            await async_act(hass, "set_plan", device_id(hass, TWIN_1), **data)
        assert pool.calls == []

    @pytest.mark.parametrize(
        "data",
        [
            {"energy_kwh": 0, "ready_by": "07:30"},
            {"energy_kwh": "nan", "ready_by": "07:30"},
            {"soc_percent": 101, "ready_by": "07:30"},
            {"soc_percent": 50, "ready_by": "soon"},
            {"soc_percent": 50, "ready_by": "07:30", "weekdays": ["someday"]},
            {"soc_percent": 50, "ready_at": "tomorrow"},
        ],
    )
    async def test_a_wrong_value_of_a_plan_is_an_error(
        self, hass: HomeAssistant, pool: PoolDouble, data: dict[str, Any]
    ) -> None:
        with pytest.raises(vol.Invalid):
            await async_act(hass, "set_plan", device_id(hass, TWIN_1), **data)
        assert pool.calls == []

    async def test_a_plan_is_cleared(self, hass: HomeAssistant, pool: PoolDouble) -> None:
        response = await async_act(hass, "clear_plan", device_id(hass, TWIN_1), response=True)
        assert pool.calls == [("clear_plan", TWIN_1)]
        assert response == {"member": TWIN_1, "state": "not_in_plan_mode"}


class TestShares:
    @pytest.fixture(autouse=True)
    def somebody_got_something(self, pool: PoolDouble) -> None:
        pool.shares = shares_of_the_day()

    async def async_ask(self, hass: HomeAssistant, **data: Any) -> Any:
        return await hass.services.async_call(
            DOMAIN, "get_shares", data, blocking=True, return_response=True
        )

    async def test_the_shares_of_the_only_site_are_told(
        self, hass: HomeAssistant, pool: PoolDouble
    ) -> None:
        answer = await self.async_ask(hass)
        assert pool.calls == [("shares", Period.DAY, NOW)]
        assert answer["period"] == "day"
        assert answer["since"] == "2026-11-19T12:00:00+00:00"
        assert answer["until"] == "2026-11-20T12:00:00+00:00"
        assert answer["currency"] == "EUR"
        single, twin = answer["connectors"]
        assert (single["name"], twin["name"]) == ("Single Connector", "Twin Connector 1")
        assert single["unseen_seconds"] == 86_400
        assert single["given_share"] is None
        assert twin | {"reasons": []} == {
            "member": TWIN_1,
            "device_id": device_id(hass, TWIN_1),
            "name": "Twin Connector 1",
            "since": "2026-11-19T12:00:00+00:00",
            "energy_kwh": 41.4,
            "cost": 10.35,
            "co2_kg": 12.42,
            "given_share": 0.536,
            "charging_seconds": 21_600,
            "waiting_seconds": 3_600,
            "waiting_for_turn_seconds": 3_600,
            "resting_seconds": 7_200,
            "empty_seconds": 0,
            "out_of_order_seconds": 0,
            "unseen_seconds": 54_000,
            "turns": 2,
            "pauses": 1,
            "wants": {
                "mode": "fast",
                "priority": "normal",
                "weight": 1.0,
                "plan": "cannot_be_met",
                "needed_kwh": 32.5,
                "ready_at": "2026-11-21T06:00:00+00:00",
            },
            "reasons": [],
        }
        assert [reason["activity"] for reason in twin["reasons"]] == [
            "unseen",
            "charging",
            "resting",
            "waiting",
        ]
        assert twin["reasons"][1] == {
            "activity": "charging",
            "reason": "circuit",
            "circuit": "Garage",
            "circuit_id": GARAGE,
            "seconds": 21_600,
            "share": 0.25,
            "energy_kwh": 41.4,
            "pauses": 0,
        }
        assert twin["reasons"][3]["circuit"] == "gone", "its id is better than nothing"
        assert sum(reason["share"] for reason in twin["reasons"]) == pytest.approx(1.0, abs=0.002)

    async def test_a_site_and_a_period_can_be_named(
        self, hass: HomeAssistant, pool: PoolDouble
    ) -> None:
        answer = await self.async_ask(hass, config_entry_id=SITE, period="session")
        assert pool.calls == [("shares", Period.SESSION, NOW)]
        assert answer["since"] is None

    async def test_who_is_gone_meanwhile_is_left_out(
        self, hass: HomeAssistant, pool: PoolDouble
    ) -> None:
        pool.shares = {**pool.shares, "gone:1": shares_of_the_day()[SINGLE_1]}
        answer = await self.async_ask(hass)
        assert len(answer["connectors"]) == 2

    async def test_an_unknown_site_is_an_error(self, hass: HomeAssistant, pool: PoolDouble) -> None:
        with pytest.raises(ServiceValidationError):
            await self.async_ask(hass, config_entry_id="nowhere")
        with pytest.raises(vol.Invalid):
            await self.async_ask(hass, period="century")
        assert pool.calls == []
