"""Setting a site up by hand, with the forms that Home Assistant shows."""

from collections.abc import Callable
import re

from playwright.sync_api import Locator, Page, expect
import pytest

from .conftest import Place, states

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(240),
]

OCPP_PORT = "19001"


class Form:
    """The dialog in which Home Assistant asks."""

    def __init__(self, page: Page, title: str) -> None:
        self.dialog = page.locator("dialog-data-entry-flow")
        expect(self.dialog.get_by_text(title, exact=True).first).to_be_visible()

    def field(self, label: str) -> Locator:
        """Return the field with a label."""
        return self.dialog.locator("ha-form > div > *").filter(has_text=label)

    def message(self, label: str) -> Locator:
        """Return the message at the field with a label."""
        return self.field(label).locator("xpath=preceding-sibling::*[1]/self::ha-alert")

    def fill(self, label: str, value: str) -> None:
        """Enter a value in the field with a label."""
        self.field(label).locator("input").first.fill(value)

    def press(self, button: str) -> None:
        """Press a button of the dialog."""
        self.dialog.get_by_role("button", name=button, exact=True).click()


def test_a_site_and_a_circuit_are_set_up_by_hand(start: Callable[..., Place], page: Page) -> None:
    place = start("--empty")
    page.goto(f"{place.origin}/config/integrations/dashboard")
    page.get_by_role("button", name="Add integration").click()
    page.get_by_placeholder("Search for a brand name").fill("EV Charger Pool")
    page.get_by_text("EV Charger Pool", exact=True).click()
    menu = page.locator("dialog-data-entry-flow")
    expect(menu.get_by_text("Try a simulated site")).to_be_visible()
    menu.get_by_text("Set up my site").click()

    form = Form(page, "Grid connection")
    form.fill("Name", "Home")
    form.fill("Main fuse", "3")
    form.fill("OCPP port", "80")
    form.press("Next")
    expect(form.message("Main fuse")).to_have_text(re.compile("A fuse has from 6 to 1000 A"))
    expect(form.message("OCPP port")).to_have_text(re.compile("has to be above 1023"))
    form.fill("Main fuse", "35")
    form.fill("OCPP port", OCPP_PORT)
    form.press("Next")
    Form(page, "Meters").press("Next")
    Form(page, "Further limits").press("Submit")
    Form(page, "Name and assign").press("Skip and finish")

    page.goto(f"{place.origin}/config/integrations/integration/ev_charger_pool")
    page.get_by_role("button", name="Add circuit").click()
    form = Form(page, "Circuit")
    form.fill("Name", "Garage")
    form.fill("Fuse", "5")
    form.press("Next")
    expect(form.message("Fuse")).to_have_text(re.compile("A fuse has from 6 to 1000 A"))
    form.fill("Fuse", "16")
    form.press("Next")
    Form(page, "Meter of the circuit").press("Next")
    Form(page, "Further limits").press("Submit")
    Form(page, "Success").press("Finish")

    expect(page.get_by_text("Garage").first).to_be_visible()
    limits = {
        state["entity_id"]: state["attributes"]["max"]
        for state in states(page, place)
        if state["entity_id"].startswith("number.")
    }
    assert limits == {"number.home_main_fuse_limit": 35, "number.garage_limit": 16}
