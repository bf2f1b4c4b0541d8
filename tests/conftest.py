"""What every test has: the integration under test, and reproducible chance."""

import os

from hypothesis import HealthCheck, settings
import pytest

# The test package of Home Assistant ships a package `custom_components` too: the first import wins,
# so ours has to come before any of its fixtures runs.
import custom_components.ev_charger_pool  # noqa: F401

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
