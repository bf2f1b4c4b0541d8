"""Draw the brand images from their vector sources with Chromium."""

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "docs" / "brand"
TARGET = ROOT / "custom_components" / "ev_charger_pool" / "brand"

# On a dark background, what is dark in the source becomes light.
DARK = {"#1E40AF": "#2F6BEF", "#0F2A43": "#F1F5F9"}
# Width and height at single density.
SIZES = {"icon": (256, 256), "logo": (439, 160)}


def main() -> None:
    """Write every image in both themes and both densities."""
    TARGET.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"]
        )
        for name, (width, height) in SIZES.items():
            light = (SOURCES / f"{name}.svg").read_text(encoding="utf-8")
            dark = light
            for colour, replacement in DARK.items():
                dark = dark.replace(colour, replacement)
            for theme, source in (("", light), ("dark_", dark)):
                for density, scale in (("", 1), ("@2x", 2)):
                    page = browser.new_page(
                        viewport={"width": width, "height": height}, device_scale_factor=scale
                    )
                    page.set_content(
                        f"<style>body{{margin:0}} svg{{width:100vw;height:100vh;display:block}}"
                        f"</style>{source}"
                    )
                    page.screenshot(
                        path=TARGET / f"{theme}{name}{density}.png", omit_background=True
                    )
                    page.close()
        browser.close()


if __name__ == "__main__":
    main()
