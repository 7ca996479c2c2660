"""Allow alike in the page: one yes, the next like it goes by itself, and Revoke in Home."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import needs_chromium, overflow
from tests.e2e.screen import Screen, mention, shot, thread_ts

pytestmark = [pytest.mark.browser, needs_chromium]


def test_one_yes_lets_the_next_mail_go_until_it_is_revoked(screen: Screen, page: Page) -> None:
    thread = mention(page, "Mail mara.lind@post.example that her tent ships on Monday")
    _approved_by_olga(screen, page, thread, "Approve send")

    thread.get_by_role("button", name="Allow alike…").click()
    modal = page.get_by_role("dialog", name="Allow alike")
    expect(modal).to_contain_text("would have covered Send a mail to mara.lind@post.example")
    shot(page, "alike-desktop")
    modal.locator("textarea").fill("@post.example")
    modal.get_by_role("button", name="Ask for it").click()
    expect(modal).to_have_count(0)
    expect(thread).to_contain_text("without asking each time?")
    expect(thread).to_contain_text("rejected among them none")
    shot(page, "alike-asked-desktop")
    _approved_by_olga(screen, page, thread, "Approve change")
    expect(thread).to_contain_text("changed")

    page.goto(page.url)
    thread = mention(page, "Mail mara.lind@post.example that her stove ships on Tuesday")
    expect(thread).to_contain_text("Mail sent to mara.lind@post.example", timeout=90_000)
    expect(thread.get_by_role("button", name="Approve send")).to_have_count(0)
    expect(page.locator("#story")).to_contain_text("a standing permission of Olga covers it")
    shot(page, "alike-done-desktop")

    with screen.phone(tab="home") as home:
        expect(home.get_by_text("Given for a time")).to_be_visible()
        expect(home.locator("body")).to_contain_text("Ana may send a mail without asking each time")
        expect(home.locator("body")).to_contain_text("1 of 10 used · given by Olga")
        assert overflow(home) == 0
        shot(home, "alike-home-phone")
        home.get_by_role("button", name="Revoke").click()
        expect(home.locator("body")).to_contain_text("Revoked. From now on it is asked again.")

    page.goto(page.url)
    thread = mention(page, "Mail mara.lind@post.example that her lamp ships on Friday")
    expect(thread.get_by_role("button", name="Approve send")).to_be_visible()


def _approved_by_olga(screen: Screen, page: Page, thread: Locator, button: str) -> None:
    expect(thread).to_contain_text("Approve")
    with screen.page("U0OLGA", thread=thread_ts(page)) as olgas:
        olgas.get_by_role("button", name=button).click()
        expect(olgas.locator("#thread").get_by_role("button", name=button)).to_have_count(0)
