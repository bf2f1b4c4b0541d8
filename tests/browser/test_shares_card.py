"""What a person sees on the card of shares, for any answer of the pool."""

from copy import deepcopy
import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
import pytest

from custom_components.ev_charger_pool.frontend import CARD

from .conftest import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(240),
]

TEXTS = ROOT / "custom_components" / "ev_charger_pool" / "translations"

HOME = """
<body><script>{
  const TEXTS = %(texts)s;
  window.answers = %(answers)s;
  window.asked = [];
  const flat = {};
  if (!customElements.get("home-assistant")) {
    customElements.define("home-assistant", class extends HTMLElement {});
  }
  const fill = (node, path) => {
    for (const [key, value] of Object.entries(node)) {
      if (typeof value === "string") flat[`${path}.${key}`] = value;
      else fill(value, `${path}.${key}`);
    }
  };
  fill(TEXTS, "component.ev_charger_pool");
  window.home = {
    locale: { language: "%(language)s" },
    loadBackendTranslation: async () => {},
    localize: (key, values = {}) =>
      (flat[key] ?? "").replace(/\\{(\\w+)\\}/g, (_, name) => values[name]),
    callWS: async (message) => {
      window.asked.push(message);
      const answer = window.answers[message.period];
      if (answer.error) throw answer.error;
      return answer;
    },
  };
}</script>
<style>%(style)s</style>
<div id="place"></div>
</body>
"""
"""What of Home Assistant the card uses."""


def part(activity: str, seconds: int, **changes: Any) -> dict[str, Any]:
    return {
        "activity": activity,
        "reason": None,
        "circuit": None,
        "circuit_id": None,
        "seconds": seconds,
        "share": 0.0,
        "energy_kwh": 0.0,
        "pauses": 0,
        **changes,
    }


GARAGE: dict[str, Any] = {
    "member": "garage:1",
    "device_id": "abc",
    "name": "Garage <b>left</b>",
    "since": "2026-11-20T06:00:00+00:00",
    "energy_kwh": 12.34,
    "cost": 3.5,
    "co2_kg": 4.25,
    "given_share": 0.63,
    "charging_seconds": 9_000,
    "waiting_seconds": 3_000,
    "waiting_for_turn_seconds": 3_000,
    "resting_seconds": 0,
    "empty_seconds": 4_000,
    "out_of_order_seconds": 0,
    "unseen_seconds": 0,
    "turns": 3,
    "pauses": 2,
    "wants": {
        "mode": "plan",
        "priority": "high",
        "weight": 2.0,
        "plan": "on_track",
        "needed_kwh": 8.0,
        "ready_at": "2026-11-21T06:00:00+00:00",
    },
    "reasons": [
        part("charging", 9_000, reason="circuit", circuit="House", energy_kwh=12.34),
        part("empty", 4_000, reason="not_connected"),
        part("waiting", 3_000, reason="turn", circuit="House"),
    ],
}
YARD: dict[str, Any] = {
    **GARAGE,
    "member": "yard:1",
    "name": "Yard",
    "energy_kwh": 0.0,
    "cost": None,
    "co2_kg": None,
    "given_share": None,
    "charging_seconds": 0,
    "waiting_seconds": 0,
    "reasons": [part("empty", 16_000, reason="not_connected")],
}
DAY: dict[str, Any] = {
    "period": "day",
    "since": "2026-11-20T06:00:00+00:00",
    "until": "2026-11-20T10:26:40+00:00",
    "currency": "EUR",
    "connectors": [GARAGE, YARD],
}
SESSION = {**DAY, "period": "session", "connectors": []}
FAILURE = {
    "code": "home_assistant_error",
    "message": "who got what cannot be told",
    "translation_domain": "ev_charger_pool",
    "translation_key": "shares_unavailable",
    "translation_placeholders": {"error": "disk is full"},
}


def show(
    page: Page,
    answers: dict[str, Any] | None = None,
    language: str = "en",
    style: str = "",
    **config: Any,
) -> Locator:
    """Put the card on a page of its own; return it."""
    known = {"day": DAY, "week": deepcopy(DAY), "session": SESSION, **(answers or {})}
    page.set_content(
        HOME
        % {
            "texts": (TEXTS / f"{language}.json").read_text(encoding="utf-8"),
            "answers": json.dumps(known),
            "language": language,
            "style": style,
        }
    )
    page.add_script_tag(path=CARD, type="module")
    page.wait_for_function("() => customElements.get('ev-charger-pool-shares')")
    page.evaluate(
        """(config) => {
          const card = document.createElement("ev-charger-pool-shares");
          card.setConfig(config);
          card.hass = window.home;
          document.getElementById("place").append(card);
        }""",
        config,
    )
    return page.locator("ev-charger-pool-shares")


def test_each_connector_has_a_bar_of_reasons(page: Page) -> None:
    card = show(page)
    expect(card.get_by_role("heading")).to_have_text("Who got what and why")
    rows = card.locator("details")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Garage <b>left</b>")
    expect(rows.first).to_contain_text("12.3 kWh")
    expect(rows.first).to_contain_text("charged for 2 hr 30 min")
    expect(rows.first).to_contain_text("waited for 50 min")
    expect(rows.first).to_contain_text("63% of what it could use")
    expect(rows.first).to_contain_text("€3.50")
    bar = rows.first.get_by_role("img")
    expect(bar).to_have_attribute(
        "aria-label",
        "Garage <b>left</b>: Charging: Circuit (House), 75%, 2 hr 30 min; "
        "Waiting for its turn (House), 25%, 50 min",
    )
    widths = [drawn.bounding_box() for drawn in bar.locator(".part").all()]
    charging, waiting = (box["width"] for box in widths if box is not None)
    assert charging / waiting == pytest.approx(3.0, rel=0.05)
    expect(rows.nth(1)).to_contain_text("No car in this time.")
    legend = card.get_by_role("listitem")
    expect(legend).to_have_text(["Charging: Circuit (House)", "Waiting for its turn (House)"])
    colors = {
        entry.locator(".swatch").evaluate("swatch => getComputedStyle(swatch).backgroundColor")
        for entry in legend.all()
    }
    assert len(colors) == 2, "reasons are told apart"


def test_a_row_opens_to_a_table_and_stays_open(page: Page) -> None:
    card = show(page)
    row = card.locator("details").first
    expect(row.get_by_role("table")).to_be_hidden()
    row.locator("summary").press("Enter")
    expect(row.get_by_role("row")).to_have_count(4)
    expect(row.locator(".wants")).to_have_text(
        "Plan · Priority: High · Weight: 2 · Still needs 8.0 kWh · Turns: 3, pauses: 2"
    )
    card.get_by_role("button", name="7 days").click()
    expect(row.get_by_role("row")).to_have_count(4)


def test_a_period_is_chosen(page: Page) -> None:
    card = show(page, config_entry_id="01SITE")
    day = card.get_by_role("button", name="24 hours")
    expect(day).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="This session").click()
    expect(day).to_have_attribute("aria-pressed", "false")
    expect(card).to_contain_text("No car is plugged in.")
    assert page.evaluate("() => window.asked.at(-1)") == {
        "type": "ev_charger_pool/shares",
        "period": "session",
        "config_entry_id": "01SITE",
    }


def test_a_title_is_chosen_or_left_out(page: Page) -> None:
    expect(show(page, title="Cars").get_by_role("heading")).to_have_text("Cars")
    card = show(page, title="")
    expect(card.get_by_role("heading")).to_have_count(0)
    expect(card.get_by_role("group", name="Who got what and why")).to_be_visible()


def test_a_site_without_connectors_says_so(page: Page) -> None:
    card = show(page, {"day": {**DAY, "connectors": []}})
    expect(card).to_contain_text("This site has no connectors yet.")


def test_an_error_is_told_in_the_language_of_the_user(page: Page) -> None:
    card = show(page, {"day": {"error": FAILURE}}, language="de")
    expect(card.get_by_role("alert")).to_have_text(re.compile(r"nicht antwortet \(disk is full\)"))
    unheard = {"day": {"error": {"code": "unknown_command", "message": "Unknown command."}}}
    expect(show(page, unheard).get_by_role("alert")).to_have_text("Unknown command.")
    silent: dict[str, Any] = {"day": {"error": {"code": "?"}}}
    expect(show(page, silent).get_by_role("alert")).to_have_text("The pool did not answer.")


def test_a_wrong_period_is_refused(page: Page) -> None:
    with pytest.raises(Exception, match="period has to be one of session, day, week, not month"):
        show(page, period="month")


def test_it_follows_the_theme(page: Page) -> None:
    """A dark theme sets other values of the same variables; nothing else is assumed."""
    dark = ":root { --primary-text-color: rgb(225, 225, 225); --blue-color: rgb(1, 2, 3); }"
    card = show(page, style=dark)
    heading = card.get_by_role("heading")
    expect(heading).to_have_css("color", "rgb(225, 225, 225)")
    expect(card.locator(".part.charging").first).to_have_css("background-color", "rgb(1, 2, 3)")
