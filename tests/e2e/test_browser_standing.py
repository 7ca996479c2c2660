"""What is permitted, changed in the page: allow alike until it is revoked, another policy, and a
scope for a time.

One office where only Operations may use the stock. What moves the clock stands last.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import chromium, needs_chromium, overflow
from tests.e2e.demo import ROOT, Demo
from tests.e2e.screen import Screen, command, mention, orders, shot, thread_ts, write

pytestmark = [pytest.mark.browser, needs_chromium]

#: Approved is not yet in force: a worker does that next.
IN_FORCE = re.compile(r"changed \d\d:\d\d, once")
SCOPES = """
scopes:
  everyone: ["*:read", "mail:*", "calendar:*", "notes:*", "signoff:*", "shop:refund"]
  operations: ["shop:*"]
"""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    config = tmp_path_factory.mktemp("config")
    shutil.copytree(ROOT / "config", config, dirs_exist_ok=True)
    people = (config / "people.yaml").read_text()
    (config / "people.yaml").write_text(people + SCOPES)
    office = Demo(tmp_path_factory.mktemp("office"), {"SIGNOFF_CONFIG": str(config)})
    with office.running(), chromium() as browser:
        yield Screen(office, browser)


def test_one_yes_lets_the_next_mail_go_until_it_is_revoked(screen: Screen, page: Page) -> None:
    thread = mention(page, "Mail mara.lind@post.example that her tent ships on Monday")
    _approved_by_olga(screen, page, thread, "Approve send")

    # Once it is sent, the button moves to where Undo stood.
    expect(thread.get_by_role("button", name="Undo")).to_have_count(0)
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
    expect(thread).to_contain_text(IN_FORCE)

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


def test_a_changed_limit_is_read_line_by_line_and_counts_once_approved(
    screen: Screen, page: Page
) -> None:
    one, two, *_ = orders(screen.office)
    thread = mention(page, f"Refund EUR 120.00 of order {one}")
    expect(thread).to_contain_text("refunds above EUR 100 need Finance")
    with screen.page("U0FINN", thread=thread_ts(page)) as finns:
        finns.get_by_role("button", name="Reject…").click()
        finns.get_by_role("dialog").get_by_role("textbox").fill("not this one")
        finns.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(thread).to_contain_text("Rejected by Finn")

    page.goto(page.url)
    write(page, "/signoff policy")
    form = page.get_by_role("dialog", name="Change the policy")
    _replace(form, {"above: 100 EUR": "above: 150 EUR", "at_most: 100 EUR": "at_most: 150 EUR"})
    shot(page, "policy-form-desktop")
    form.get_by_role("button", name="Ask for it").click()
    expect(form).to_have_count(0)
    card = page.locator(".post", has_text="Put another policy in force")
    expect(card).to_contain_text("-    above: 100 EUR")
    expect(card).to_contain_text("+    above: 150 EUR")
    expect(card).to_contain_text("past actions would have come out differently")
    expect(card).to_contain_text("left to the asker alone, though another rejected it: 1")
    card.evaluate("card => card.scrollIntoView(true)")
    shot(page, "policy-card-desktop")

    with screen.phone("U0OLGA") as olgas:
        olgas.get_by_role("button", name="Read all").click()
        modal = olgas.get_by_role("dialog")
        expect(modal).to_contain_text("+    at_most: 150 EUR")
        assert overflow(olgas) == 0
        shot(olgas, "policy-read-phone")
        while modal.get_by_role("button", name="Next page").count():
            title = modal.get_by_role("heading").inner_text()
            modal.get_by_role("button", name="Next page").click()
            expect(modal.get_by_role("heading")).not_to_have_text(title)
        modal.get_by_role("button", name="Approve change").click()
        expect(modal).to_have_count(0)
    expect(card).to_contain_text("Approved by Olga")
    expect(card).to_contain_text(IN_FORCE)

    page.goto(page.url)
    thread = mention(page, f"Refund EUR 120.00 of order {two}")
    expect(thread.get_by_role("button", name="Do it")).to_be_visible()
    expect(thread).not_to_contain_text("need Finance")
    shot(page, "policy-after-desktop")


def test_a_scope_is_asked_for_given_used_and_over_by_the_clock(screen: Screen, page: Page) -> None:
    """R4, R5: just in time, for a time, by somebody else, and gone by itself."""
    thread = mention(page, "Restock 20 of TENT-2")
    expect(thread.get_by_text("Ana may not use shop:stock")).to_have_count(1)
    shot(page, "scope-missing-desktop")

    page.goto(page.url)
    told = command(page, "elevate shop:stock 30 min")
    expect(told).to_contain_text("I ask whether Ana may use shop:stock")
    card = page.locator("#messages .post", has_text="Give Ana shop:stock for 30 min").last
    expect(card).to_contain_text("Why you: only an operator may change what is permitted.")
    shot(page, "scope-asked-desktop")
    card.get_by_role("button", name="Approve change").click()
    expect(page.locator("#messages")).to_contain_text("so someone else must approve it: Olga")
    with screen.phone("U0OLGA") as olgas:
        theirs = olgas.locator("#messages .post", has_text="Give Ana shop:stock").last
        theirs.get_by_role("button", name="Approve change").scroll_into_view_if_needed()
        assert overflow(olgas) == 0
        shot(olgas, "scope-asked-phone")
        theirs.get_by_role("button", name="Approve change").click()
        expect(theirs).to_contain_text("Approved by Olga")
    expect(card).to_contain_text("Approved by Olga")
    expect(card).to_contain_text(IN_FORCE)

    page.goto(page.url)
    thread = mention(page, "Restock 20 of TENT-2")
    _approved_by_olga(screen, page, thread, "Approve restock")
    expect(thread).to_contain_text(", once")
    shot(page, "scope-used-desktop")
    with screen.phone(tab="home") as home:
        expect(home.locator("body")).to_contain_text("Ana may use shop:stock")
        assert overflow(home) == 0
        home.get_by_text("Given for a time").scroll_into_view_if_needed()
        shot(home, "scope-home-phone")

    screen.office.post("clock", {"advance": 31 * 60})

    page.goto(page.url)
    thread = mention(page, "Restock 21 of TENT-2")
    expect(thread).to_contain_text("Ana may not use shop:stock")
    shot(page, "scope-over-desktop")
    with screen.phone(tab="home") as home:
        expect(home.locator("body")).to_contain_text("Nothing is allowed in advance.")


def _replace(form: Locator, changes: dict[str, str]) -> None:
    boxes = form.locator("textarea")
    expect(boxes.first).to_be_visible()
    for box in boxes.all():
        text = box.input_value()
        for old, new in changes.items():
            text = text.replace(old, new)
        box.fill(text)


def _approved_by_olga(screen: Screen, page: Page, thread: Locator, button: str) -> None:
    expect(thread).to_contain_text("Approve")
    with screen.page("U0OLGA", thread=thread_ts(page)) as olgas:
        olgas.get_by_role("button", name=button).click()
        expect(olgas.locator("#thread").get_by_role("button", name=button)).to_have_count(0)
