"""The page as a newcomer plays it: three samples, a rejection, a direct message, Home, commands.

Every word asserted here is read from the page in a real Chromium.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import needs_chromium, overflow
from tests.e2e.screen import (
    Screen,
    command,
    mention,
    orders,
    shot,
    thread_of,
    thread_ts,
    write,
)

pytestmark = [pytest.mark.browser, needs_chromium]


def test_a_question_is_answered_with_its_source_and_nobody_is_asked(page: Page) -> None:
    page.locator("[data-sample=order]").click()

    thread = thread_of(page)
    expect(thread).to_contain_text("Source: shop order 4711 · rehearsal model, no cost")
    expect(thread).to_contain_text("Order 4711 of Mara Lind is shipped.")
    expect(page.locator("#story")).to_contain_text("read, no approval needed")
    shot(page, "order-desktop")
    thread.get_by_role("button", name="Story").click()
    modal = page.get_by_role("dialog", name="Story")
    expect(modal).to_contain_text("read, no approval needed")
    expect(modal).not_to_contain_text("shop.find_order")
    modal.locator("footer").get_by_role("button", name="Close").click()
    expect(modal).to_have_count(0)


def test_a_refund_is_refused_to_ana_and_approved_by_finn(screen: Screen, page: Page) -> None:
    """R118: not by the one who asked; the card tells values, origins, why and until when."""
    page.locator("[data-sample=refund]").click()
    thread = thread_of(page)
    approve = thread.get_by_role("button", name="Approve refund")
    expect(approve).to_be_visible()
    # Nobody works while a person is asked.
    expect(thread.get_by_text("Signoff is working")).to_have_count(0)

    expect(thread).to_contain_text("Refund EUR 180.00 to Mara Lind?")
    expect(thread).to_contain_text(
        "Order 4711 · Visa ••42 · asked by Ana in #support "
        "· order: typed by Ana · amount: typed by Ana"
    )
    expect(thread).to_contain_text(
        "Why you: refunds above EUR 100 need Finance. "
        "Can be undone: yes, until the shop pays it out (for 30 minutes). Expires"
    )
    expect(page.locator("#guide")).to_contain_text("Try approving as Ana")
    expect(page.locator("#story")).to_contain_text("waiting for approval")
    shot(page, "refund-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(phone.get_by_role("button", name="Approve refund")).to_be_visible()
        phone.get_by_role("button", name="Reject…").scroll_into_view_if_needed()
        assert overflow(phone) == 0
        shot(phone, "refund-phone")

    approve.click()
    expect(thread).to_contain_text(
        "You asked for this, so someone else must approve it: Finn (Finance)."
    )
    shot(page, "refused-desktop")
    expect(page.locator("#refunds-4711")).to_have_text("0")
    page.locator("#switch").click()
    expect(page.locator("#as")).to_have_value("U0FINN")
    page.get_by_role("button", name="Approve refund").click()

    expect(thread).to_contain_text("Approved by Finn")
    expect(thread).to_contain_text(", once · re_")
    expect(thread).to_contain_text("Refunded EUR 180.00 for order 4711")
    expect(page.locator("#refunds-4711")).to_have_text("1")
    expect(page.get_by_role("button", name="Approve refund")).to_have_count(0)
    shot(page, "refunded-desktop")


def test_a_letter_cannot_send_the_customer_list_away(screen: Screen, page: Page) -> None:
    """R185: an address read in a letter is marked as such and refused."""
    page.locator("[data-sample=letter]").click()

    thread = thread_of(page)
    expect(thread).to_contain_text("Signoff's policy does not allow this")
    expect(thread).to_contain_text("Refused: Send a mail to exports@kappel-data.example. Why: the")
    expect(thread).to_contain_text("is from a letter, not from Ana.")
    story = page.locator("#story")
    expect(story).to_contain_text("exports@kappel-data.example is from a letter, not from Ana")
    expect(page.locator("#mails-out")).to_have_text("0")
    assert screen.office.counters()["mails_out"] == 0
    shot(page, "letter-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(thread_of(phone)).to_contain_text("does not allow this")
        assert overflow(phone) == 0
        shot(phone, "letter-phone")
        phone.get_by_role("button", name="Outside world").click()
        expect(phone.locator("#mails-out")).to_be_visible()
        shot(phone, "outside-phone")


def test_a_rejection_asks_for_its_reason_and_tells_it(screen: Screen, page: Page) -> None:
    order = next(orders(screen.office))
    thread = mention(page, f"Refund order {order}, EUR 120")
    expect(thread.get_by_role("button", name="Reject…")).to_be_visible()

    with screen.page("U0FINN", thread=thread_ts(page)) as finns:
        finns.get_by_role("button", name="Reject…").click()
        modal = finns.get_by_role("dialog", name="Reject")
        expect(modal).to_contain_text("Why? The asker will read this.")
        shot(finns, "reject-desktop")
        modal.get_by_role("button", name="Reject").click()
        expect(modal.get_by_role("alert")).to_have_text("Please complete this required field.")
        modal.locator("textarea").fill("The parcel is on its way back.")
        modal.get_by_role("button", name="Reject").click()
        expect(modal).to_have_count(0)

    expect(thread).to_contain_text("Rejected by Finn")
    expect(thread).to_contain_text("The parcel is on its way back.")
    expect(thread).to_contain_text("Finance did not approve")
    expect(thread.get_by_role("button", name="Approve refund")).to_have_count(0)


def test_home_shows_what_waits_and_what_was_done(screen: Screen, page: Page) -> None:
    *_, order = (number for _, number in zip(range(2), orders(screen.office), strict=False))
    thread = mention(page, f"Refund order {order}, EUR 120")
    expect(thread.get_by_role("button", name="Approve refund")).to_be_visible()
    mention(page, "Where is order 4711?")
    expect(thread).to_contain_text("Source: shop order 4711")

    with screen.page("U0FINN", tab="home") as finns:
        home = finns.locator("#home")
        expect(home).to_contain_text("Waiting for you")
        expect(home).to_contain_text("asked by Ana in #support")
        shot(finns, "home-desktop")
    with screen.phone(tab="home") as anas:
        home = anas.locator("#home")
        expect(home).to_contain_text("You asked, others decide")
        expect(home).to_contain_text("Look up an order · done")
        expect(home).to_contain_text("· waiting ·")
        assert overflow(anas) == 0
        shot(anas, "home-phone")


def test_a_direct_message_is_answered_beside_it(screen: Screen) -> None:
    with screen.page(channel="D0ANA") as page:
        write(page, "Where is order 4711?")

        expect(page.locator("#messages")).to_contain_text("Source: shop order 4711")
        expect(page.locator("#story")).to_contain_text("read, no approval needed")
        shot(page, "direct-desktop")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("help", "I ask before money, outside mail and other people's data."),
        ("", "/signoff status: what I am doing for you"),
        ("status", "Sam asked: “Refund order"),
        ("approvals", "Nothing waits for you."),
        ("why", "Asked Finance: refunds above EUR 100 need Finance"),
        ("can", "Send a mail reaching outside the company: Operations approves."),
        ("digest", "I am writing today's digest"),
        ("stop", "Stopped 1 piece of work."),
        ("dance", "I don't know “dance”. After /signoff you can write: help, status, approvals"),
    ],
)
def test_a_command_is_answered_to_the_one_who_typed_it(
    screen: Screen, typed: str, words: str
) -> None:
    with screen.page("U0SAM", "C0GENERAL") as page:
        if typed in ("status", "why", "stop"):
            order = next(orders(screen.office))
            thread = mention(page, f"Refund order {order}, EUR 120")
            expect(thread.get_by_role("button", name="Approve refund")).to_be_visible()
            page.locator("[data-close-thread]").first.click()

        said = command(page, typed)

        expect(said).to_contain_text(words)
        if typed == "digest":
            expect(page.locator("#messages")).to_contain_text("What happened here")
        if typed in ("can", "why"):
            shot(page, f"{typed}-desktop")
        if typed in ("status", "why"):
            command(page, "stop")


def test_a_long_answer_comes_in_pieces_and_loses_nothing(screen: Screen, page: Page) -> None:
    lines = [f"- line {n} of a long answer, with some words to fill it" for n in range(400)]
    script = {"match": "a long list", "turns": [{"content": "\n".join(lines)}]}
    screen.office.outside(f"{screen.office.model}/script", script)

    thread = mention(page, "Give me a long list")

    expect(thread).to_contain_text("line 399 of a long answer")
    for n in (0, 137, 251, 399):
        assert thread.inner_text().count(f"line {n} of") == 1
    assert thread.locator(".post").count() >= 2
    assert overflow(page) == 0
