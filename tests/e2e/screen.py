"""The practice page in a real browser, as a person uses it, and the pictures taken of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import connect

from playwright.sync_api import Locator, Page, expect

from tests.browser import DESKTOP, PHONE, Chromium
from tests.e2e.demo import Demo

_LARGEST = 200_000
#: Folder that pictures are put into; without it none are taken.
_PICTURES = os.environ.get("SIGNOFF_SCREENSHOTS")


class Screen:
    """One browser in front of one practice office."""

    def __init__(self, office: Demo, browser: Chromium) -> None:
        self.office, self._browser = office, browser

    @contextmanager
    def page(
        self,
        user: str = "U0ANA",
        channel: str = "C0SUPPORT",
        *,
        thread: str = "",
        tab: str = "",
        size: tuple[int, int] = DESKTOP,
    ) -> Iterator[Page]:
        """The page as this person sees it. It must end without an error on its console."""
        place = f"as={user}&tab={tab}" if tab else f"as={user}&channel={channel}&thread={thread}"
        page = self._browser.open(f"{self.office.page}/?{place}", size)
        try:
            yield page
            # What was pressed, sent or closed is on its way until the workspace has answered it.
            expect(page.locator("body[data-busy]")).to_have_count(0)
        finally:
            page.context.close()
        assert self._browser.complaints() == []

    @contextmanager
    def phone(
        self, user: str = "U0ANA", channel: str = "C0SUPPORT", *, thread: str = "", tab: str = ""
    ) -> Iterator[Page]:
        with self.page(user, channel, thread=thread, tab=tab, size=PHONE) as page:
            yield page


def thread_of(page: Page) -> Locator:
    """The open thread with its replies."""
    return page.locator("#thread")


def thread_ts(page: Page) -> str:
    """The ts of the open thread's first message."""
    return str(page.evaluate("document.body.dataset.thread"))


def mention(page: Page, text: str) -> Locator:
    """Write to the app in this channel and return the thread that opens."""
    write(page, f"@Signoff {text}")
    expect(page.locator(".post", has_text=text).first).to_be_visible()
    return thread_of(page)


def write(page: Page, text: str) -> None:
    """Type into the box at the bottom and press Enter."""
    box = page.locator("#composer-text")
    box.fill(text)
    box.press("Enter")
    expect(box).to_have_value("")


def command(page: Page, text: str) -> Locator:
    """Type a slash command; the answer that only this person sees."""
    before = page.locator("#messages .post.ephemeral").count()
    write(page, f"/signoff {text}".strip())
    answers = page.locator("#messages .post.ephemeral")
    expect(answers).to_have_count(before + 1)
    return answers.last


def shot(page: Page, name: str) -> None:
    """Keep a picture of what stands on the screen, small enough for a repository."""
    if not _PICTURES:
        return
    from PIL import Image

    path = Path(_PICTURES) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(600)
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < _LARGEST


def orders(office: Demo) -> Iterator[str]:
    """Numbers of orders of which EUR 120 can be paid back, in a fixed order; not 4711."""
    with closing(connect(office.data / "office" / "shop.db", timeout=10)) as link:
        found = link.execute(
            "SELECT number FROM orders WHERE total >= 12000 AND number != '4711' AND number NOT IN "
            "(SELECT order_number FROM refunds) ORDER BY number"
        ).fetchall()
    yield from (number for (number,) in found)


def number(page: Page, counter: str) -> int:
    """What a counter of the outside world shows."""
    expect(page.locator(counter)).to_have_text(re.compile(r"^\d+$"))
    return int(page.locator(counter).inner_text())
