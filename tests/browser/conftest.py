"""A Home Assistant to look at, and a Chromium to look at it with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright
import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "test-results"
PAGE_TIMEOUT_MS = 30_000
STOP_SECONDS = 60


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Leave the browser's threads alone: Home Assistant runs in a process of its own here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where Home Assistant is served, and the key to its interfaces."""

    url: str
    token: str
    origin: str


@contextmanager
def home_assistant(directory: Path, *options: str) -> Iterator[Place]:
    """Run what scripts/develop runs, on a port and in a folder of its own, until it is left."""
    command = [
        sys.executable,
        *("-m", "scripts.development", "--browserless", "--port", "0"),
        *("--directory", str(directory), *options),
    ]
    log = directory.with_suffix(".log")
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as run,
    ):
        try:
            assert run.stdout is not None
            line = run.stdout.readline()
            assert line, f"scripts/develop did not start:\n{log.read_text()[-4_000:]}"
            told = json.loads(line)
            yield Place(
                url=told["url"], token=told["token"], origin="/".join(told["url"].split("/")[:3])
            )
        finally:
            run.send_signal(signal.SIGINT)
            try:
                run.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                run.kill()
                raise


def states(page: Page, place: Place) -> list[dict[str, Any]]:
    """Return every state that Home Assistant has, past the page."""
    answer = page.request.get(
        f"{place.origin}/api/states", headers={"Authorization": f"Bearer {place.token}"}
    )
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A Chromium without a window.

    Each test has its own: while Playwright runs, no other event loop of the thread can.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page; what it shows when a test fails is kept in test-results."""
    context = browser.new_context(viewport={"width": 1440, "height": 1080}, locale="en-GB")
    context.set_default_timeout(PAGE_TIMEOUT_MS)
    expect.set_options(timeout=PAGE_TIMEOUT_MS)
    context.add_init_script("localStorage.setItem('dockedSidebar', '\"always_hidden\"')")
    page = context.new_page()
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        page.screenshot(path=RESULTS / f"{request.node.name}.png")
    context.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Start a Home Assistant with the given options of scripts/develop; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(home_assistant(tmp_path / "home", *options))
