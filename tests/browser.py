"""A real headless Chromium for tests: launch it, read the console, end it.

Import `chromium` (a context manager) or `needs_chromium` (a mark) from here; the end-to-end tests
use the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Response,
    expect,
    sync_playwright,
)

CHROMIUM = Path("/usr/bin/chromium")
#: What must come, comes within this time on a busy machine.
SOON_MS = 45_000.0
DESKTOP = (1440, 900)
PHONE = (390, 844)
#: Windows narrower than this are opened as a phone's: touch, and its own idea of a viewport.
_TOUCH_BELOW = 700

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=SOON_MS)

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: apt-get install chromium"
)


@dataclass
class Chromium:
    """One running browser. `problems` collects what any page complained of on its console."""

    browser: Browser
    problems: list[str] = field(default_factory=list)

    def open(self, url: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False) -> Page:
        """A fresh page (own cookies and storage) of this width and height, at `url`."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=size[0] < _TOUCH_BELOW,
            is_mobile=size[0] < _TOUCH_BELOW,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        page = context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        page.on("response", self._answered)
        page.goto(url)
        return page

    def complaints(self) -> list[str]:
        """Its problems so far, told once: what one test finds is not the next one's."""
        found, self.problems = self.problems, []
        return found

    def _heard(self, message: ConsoleMessage) -> None:
        # A failed request is reported with its address by `_answered`.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def _failed(self, error: Error) -> None:
        self.problems.append(str(error))

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} from {response.url}")


@contextmanager
def chromium() -> Iterator[Chromium]:
    """A running Chromium, ended on leaving. Skips where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
        try:
            yield Chromium(browser)
        finally:
            browser.close()


def overflow(page: Page) -> int:
    """Pixels that the page is wider than its window; 0 means that nothing scrolls sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
