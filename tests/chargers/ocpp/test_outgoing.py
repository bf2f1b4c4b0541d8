"""Strict out: what would break the protocol is never sent, and ids are never given twice."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ev_charger_pool.chargers.ocpp.framing import Payload
from custom_components.ev_charger_pool.chargers.ocpp.schemas import PayloadError, Schemas
from custom_components.ev_charger_pool.chargers.ocpp.transactions import (
    HIGHEST_ID,
    TransactionStore,
)
from custom_components.ev_charger_pool.chargers.ocpp.v16 import load_schemas


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas()


def profile(limit: float, **more: Any) -> Payload:
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            },
            **more,
        },
    }


@pytest.mark.parametrize("limit", [tenth / 10.0 for tenth in range(60, 330, 7)])
def test_every_limit_with_one_decimal_is_sent(schemas: Schemas, limit: float) -> None:
    schemas.check_call("SetChargingProfile", profile(limit))


@pytest.mark.parametrize(
    "payload",
    [
        profile(6.15),
        profile(6.0, stackLevel="0"),
        profile(6.0, nonsense=1),
        {"connectorId": 1},
    ],
)
def test_what_breaks_the_schema_is_not_sent(schemas: Schemas, payload: Payload) -> None:
    with pytest.raises(PayloadError, match="SetChargingProfile would break its schema"):
        schemas.check_call("SetChargingProfile", payload)


def test_answers_are_checked_too(schemas: Schemas) -> None:
    schemas.check_result("Heartbeat", {"currentTime": "2026-01-01T00:00:00Z"})
    with pytest.raises(PayloadError, match="Heartbeat"):
        schemas.check_result("Heartbeat", {})


async def test_ids_go_on_after_a_kill(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    store = TransactionStore(hass)
    await store.async_load()
    given = [store.next_id() for _ in range(500)]
    assert given == sorted(set(given))
    assert given[0] == 1
    await hass.async_block_till_done()
    await asyncio.sleep(0.01)
    await hass.async_block_till_done()
    # No orderly end: what is on disk is all there is.
    reserved = hass_storage["ev_charger_pool.ocpp"]["data"]["reserved"]
    assert reserved > given[-1]
    again = TransactionStore(hass)
    await again.async_load()
    assert again.next_id() > given[-1]


async def test_ids_that_stations_use_are_not_given(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    store = TransactionStore(hass)
    await store.async_load()
    store.seen(50_000)
    assert store.next_id() == 50_001
    store.seen(40)
    assert store.next_id() == 50_002
    store.seen(HIGHEST_ID)
    assert store.next_id() == 50_003
    await store.async_save()
