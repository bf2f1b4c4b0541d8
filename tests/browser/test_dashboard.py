"""The simulated site on its dashboard: cars charge, and give way when the main fuse is lowered."""

from collections.abc import Callable
import os
import re
import time

from playwright.sync_api import Locator, Page, expect
import pytest

from .conftest import ROOT, Place, states

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(900),
]

PICTURE = ROOT / "docs" / "images" / "dashboard.png"
"""The README shows it. Set the variable RENEW_PICTURE to have it made anew."""

SHARES_PICTURE = ROOT / "docs" / "images" / "shares.png"
"""The documentation shows it; likewise."""

PICTURE_CARS = 4
PICTURE_SECONDS = 600

CONNECTORS = 5
FUSE_A = 25
LOWERED_A = 8
BUSY_A = LOWERED_A + 2.0
"""So much flows on a phase before the fuse is lowered, that it has to become less."""

BUSY_SECONDS = 150
"""The cars come one by one; each raise waits for the one before."""

FALL_SECONDS = 30
"""An overload ends within the meter's age, the time that device and car need, and 10 s (I1b)."""

METER_NOISE_A = 0.5

HELD_SAMPLES = 10
"""The house's meter tells one a second."""


def eventually(page: Page, condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds, looking whenever the page has drawn itself anew."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        page.evaluate(
            "() => new Promise(drawn => setTimeout(() => requestAnimationFrame(drawn), 200))"
        )


class Dashboard:
    """What a person sees on the page, and can do there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.slider = self._tile("Main fuse limit").get_by_role("slider")

    def _tile(self, name: str) -> Locator:
        return self.page.locator("hui-tile-card").filter(has_text=name)

    @property
    def charging(self) -> int:
        """The number of cars that are shown as charging."""
        return self._tile("Car").filter(has_text=re.compile(r"Car\s*Charging")).count()

    def grid_a(self) -> list[float]:
        """What the gauges of L1, L2 and L3 show."""
        gauges = self.page.locator("hui-gauge-card ha-gauge")
        expect(gauges).to_have_count(3)
        return [float(gauge.evaluate("gauge => gauge.value")) for gauge in gauges.all()]

    def lower_fuse(self, to_a: int) -> None:
        """Move the slider with the keyboard, step by step."""
        self.slider.focus()
        for amps in range(FUSE_A - 1, to_a - 1, -1):
            self.slider.press("ArrowLeft")
            expect(self.slider).to_have_attribute("aria-valuenow", str(amps))


def true_grid(page: Page, place: Place) -> tuple[str, list[float]]:
    """Return when the simulated house's meter told what, amps on L1 to L3."""
    found = {state["entity_id"]: state for state in states(page, place)}
    phases = [found[f"sensor.simulated_house_grid_current_l{phase}"] for phase in (1, 2, 3)]
    return phases[0]["last_reported"], [float(phase["state"]) for phase in phases]


def test_the_currents_fall_when_the_main_fuse_is_lowered(
    start: Callable[..., Place], page: Page
) -> None:
    place = start()
    page.goto(place.url)
    dashboard = Dashboard(page)
    expect(dashboard.slider).to_have_attribute("aria-valuenow", str(FUSE_A))

    eventually(page, lambda: dashboard.charging >= 3, BUSY_SECONDS, "three cars charge")
    eventually(
        page, lambda: max(dashboard.grid_a()) > BUSY_A, BUSY_SECONDS, "the cars use the fuse"
    )
    assert max(true_grid(page, place)[1]) <= FUSE_A + METER_NOISE_A
    if os.environ.get("RENEW_PICTURE"):
        eventually(page, lambda: dashboard.charging >= PICTURE_CARS, PICTURE_SECONDS, "a busy site")
        page.screenshot(path=PICTURE)

    dashboard.lower_fuse(LOWERED_A)
    eventually(
        page,
        lambda: max(true_grid(page, place)[1]) <= LOWERED_A + METER_NOISE_A,
        FALL_SECONDS,
        "the grid connection carries no more than the lowered fuse",
    )
    eventually(
        page,
        lambda: max(dashboard.grid_a()) <= LOWERED_A + METER_NOISE_A,
        FALL_SECONDS,
        "the page shows that",
    )
    held: set[str] = set()

    def is_held() -> bool:
        at, amps = true_grid(page, place)
        assert max(amps) <= LOWERED_A + METER_NOISE_A
        held.add(at)
        return len(held) >= HELD_SAMPLES

    eventually(page, is_held, FALL_SECONDS, "ten more samples")
    # Some still charge: the fuse is shared, not switched off.
    assert dashboard.charging >= 1


def test_the_dashboard_shows_who_got_what_and_why(start: Callable[..., Place], page: Page) -> None:
    place = start()
    page.goto(place.url)
    card = page.locator("ev-charger-pool-shares")
    card.get_by_role("button", name="This session").wait_for()
    bars = card.get_by_role("img")
    eventually(page, lambda: bars.count() >= 3, BUSY_SECONDS, "three cars have a bar of reasons")
    expect(card.get_by_role("alert")).to_have_count(0)
    expect(bars.first).to_have_attribute("aria-label", re.compile(r"Connector.*: .*%"))
    if os.environ.get("RENEW_PICTURE"):
        page.wait_for_timeout(1_000 * PICTURE_SECONDS)
        card.screenshot(path=SHARES_PICTURE)
    card.get_by_role("button", name="24 hours").click()
    # Also who has no car is told of.
    expect(card.locator("details")).to_have_count(CONNECTORS)
    expect(card.get_by_role("button", name="24 hours")).to_have_attribute("aria-pressed", "true")
