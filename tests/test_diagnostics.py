"""Diagnostics tell everything but secrets, in words that JSON knows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.ev_charger_pool.diagnostics import (
    async_get_config_entry_diagnostics,
    plain,
)
from custom_components.ev_charger_pool.pool.members import Priority
from custom_components.ev_charger_pool.pool.quantities import Phase
from tests.common import Workshop, charger, coordinator_of, measure, settle, site_entry, supply

pytestmark = pytest.mark.usefixtures("without_entities")


async def test_a_site(hass: HomeAssistant, workshop: Workshop) -> None:
    measure(hass, 1.0, 1.0, 1.0)
    entry = site_entry(charger("garage"), supply("bench"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    workshop.charger("garage").plug(token="04DEADBEEF")
    await settle(hass)

    told = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(told)
    assert told["entry"]["data"]["fuse_a"] == 25.0
    assert {each["subentry_id"] for each in told["entry"]["subentries"]} == {"garage", "bench"}
    assert told["snapshot"]["members"]["garage:1"]["state"] == "ev_locked"
    assert set(told["ledger"]) == {"garage:1"}
    assert told["decisions"]["failures"] == 0
    assert told["decisions"]["recent"][-1]["orders"]
    assert told["devices"]["garage"]["calls"] == 1
    assert [session["member"] for session in told["journal"]["sessions"]] == ["garage:1"]
    for secret in ("192.0.2.1", "192.0.2.9", "04A2B3C4", "04DEADBEEF"):
        assert secret not in text, secret


async def test_a_journal_that_cannot_be_read_costs_its_part_only(
    hass: HomeAssistant, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = site_entry(charger("garage"))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)

    async def broken(_: datetime) -> Any:
        raise SQLAlchemyError("no such table")

    monkeypatch.setattr(coordinator_of(entry).journal, "async_sessions", broken)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["journal"]["sessions"] == "no such table"
    assert told["snapshot"]["members"]


@dataclass(frozen=True)
class Thing:
    when: datetime
    part: Any


class Letter(Enum):
    A = "a"


def test_every_value_becomes_plain() -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    value = {
        Phase.L1: Thing(when=now, part=timedelta(seconds=1.5)),
        3: [frozenset({"b", "a"}), (1, None, True), Priority.LOW, Letter.A],
        "rest": [Path("/secret/place/file.db"), Thing, 1.5],
    }
    made = plain(value)
    assert made == {
        "l1": {"when": "2026-11-20T12:00:00+00:00", "part": 1.5},
        "3": [["a", "b"], [1, None, True], 2, "a"],
        "rest": ["file.db", str(Thing), 1.5],
    }
    json.dumps(made)
