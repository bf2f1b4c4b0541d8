"""What every test has: the integration under test, and reproducible chance."""

import logging
import os
from pathlib import Path

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# The test package of Home Assistant ships a package `custom_components` too: the first import wins,
# so ours has to come before any of its fixtures runs.
import custom_components.ev_charger_pool  # noqa: F401
from tests import common
from tests.forecast_sources import (  # noqa: F401 - fixtures
    energy_platforms,
    follow_forecast,
    forecast_home,
    forecast_news,
)

# The test package has every statement logged, in the tests of Home Assistant's recorder. Here it is
# the journal's thread that tells them, at times between two phases of a test, past pytest's capture.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "thorough", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def integration_enabled(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration, in the tests that have a Home Assistant."""
    if "hass" not in request.fixturenames:
        return
    # A recorder has to be there before Home Assistant is.
    if "async_test_recorder" in request.fixturenames:
        request.getfixturevalue("async_test_recorder")
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def workshop(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> common.Workshop:
    """Have the devices of every site made by a workshop for fakes, with files in a folder of its own."""
    hass.config.config_dir = str(tmp_path)
    workshop = common.Workshop()
    fleet = "custom_components.ev_charger_pool.fleet"
    monkeypatch.setattr(f"{fleet}.async_create_charger", workshop.async_make_charger)
    monkeypatch.setattr(f"{fleet}.async_create_power_supply", workshop.async_make_supply)
    monkeypatch.setattr(
        "custom_components.ev_charger_pool.ocpp_port.async_get_central_system",
        workshop.central.async_get,
    )
    return workshop


@pytest.fixture
def without_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set sites up without their entities, which have tests of their own."""
    monkeypatch.setattr("custom_components.ev_charger_pool.PLATFORMS", [])


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare with what was seen before as Home Assistant does: without ids and times."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
