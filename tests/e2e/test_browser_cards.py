"""Cards as approvers use them: changed, asked about, read page by page; and shown to others only
when the asker agrees. In a real Chromium, at the width of a desk and of a phone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import needs_chromium, overflow
from tests.e2e.screen import Screen, mention, orders, shot, thread_of, thread_ts, write

pytestmark = [pytest.mark.browser, needs_chromium]


def test_an_approver_asks_back_changes_the_amount_and_the_asker_agrees(
    screen: Screen, page: Page
) -> None:
    order = next(orders(screen.office))
    thread = mention(page, f"Refund order {order}, EUR 120")
    expect(thread.get_by_role("button", name="Edit…")).to_be_visible()

    with screen.page("U0FINN", thread=thread_ts(page)) as finns:
        finns.get_by_role("button", name="Ask…").click()
        modal = finns.get_by_role("dialog", name="Ask")
        modal.locator("textarea").fill("Did the parcel come back?")
        modal.get_by_role("button", name="Ask").click()
        expect(finns.get_by_role("dialog")).to_contain_text("Asked.")
        finns.get_by_role("dialog").locator("footer").get_by_role("button", name="Close").click()
        expect(thread).to_contain_text("Finn asked: Did the parcel come back?")
        thread.get_by_role("button", name="Answer…").click()
        answer = page.get_by_role("dialog", name="Answer")
        answer.locator("textarea").fill("Yes, on Monday.")
        shot(page, "answer-desktop")
        answer.get_by_role("button", name="Answer").click()
        page.get_by_role("dialog").locator("footer").get_by_role("button", name="Close").click()
        expect(thread_of(finns)).to_contain_text("Ana answered: Yes, on Monday.")
        shot(finns, "asked-desktop")

        finns.get_by_role("button", name="Edit…").click()
        edit = finns.get_by_role("dialog", name="Edit")
        amount = edit.get_by_label("Amount")
        expect(amount).to_have_value("EUR 120.00")
        amount.fill("lots")
        edit.get_by_role("button", name="Change it").click()
        expect(edit).to_contain_text("Please write an amount with its currency, like EUR 150.00.")
        shot(finns, "edit-desktop")
        amount.fill("EUR 110")
        edit.get_by_role("button", name="Change it").click()
        expect(finns.get_by_role("dialog")).to_have_count(0)
        expect(thread).to_contain_text("amount EUR 120.00 → EUR 110.00")
        expect(thread).to_contain_text("amount: typed by Finn")
        finns.get_by_role("button", name="Approve refund").click()

    agree = thread.get_by_role("button", name="Do it")
    expect(agree).to_be_visible()
    expect(thread).to_contain_text("Why I ask: Finn changed what Ana asked for.")
    shot(page, "changed-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(phone.get_by_role("button", name="Do it")).to_be_visible()
        phone.get_by_role("button", name="Do it").scroll_into_view_if_needed()
        assert overflow(phone) == 0
        shot(phone, "changed-phone")
    agree.click()

    expect(thread).to_contain_text(f"Refunded EUR 110.00 for order {order}")
    expect(thread).to_contain_text("changed amount from EUR 120.00 to EUR 110.00")


def test_a_long_mail_is_read_to_its_end_before_it_can_be_sent(screen: Screen, page: Page) -> None:
    body = "\n".join(f"Line {n} of what we agreed on, word for word." for n in range(400))
    said(
        screen,
        "send the minutes",
        {"to": ["finn@lindqvist.example"], "subject": "Minutes", "body": body},
    )

    thread = mention(page, "Please send the minutes to finn@lindqvist.example")
    read = thread.get_by_role("button", name="Read all")
    expect(read).to_be_visible()
    expect(thread.get_by_role("button", name="Do it")).to_have_count(0)
    shot(page, "long-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        phone.get_by_role("button", name="Read all").click()
        modal = phone.get_by_role("dialog")
        expect(modal).to_contain_text("Line 0 of what we agreed on")
        assert overflow(phone) == 0
        shot(phone, "page-phone")
        modal.locator("footer").get_by_role("button", name="Close").click()

    read.click()
    expect(page.get_by_role("dialog", name="Page 1 of 2")).to_contain_text("Line 3 of")
    page.get_by_role("dialog").get_by_role("button", name="Next page").click()
    last = page.get_by_role("dialog", name="Page 2 of 2")
    expect(last).to_contain_text("Line 399 of")
    shot(page, "page-desktop")
    last.get_by_role("button", name="Do it").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(thread).to_contain_text(", once")


def test_what_was_asked_in_private_is_shown_to_others_once_the_asker_agrees(
    screen: Screen,
) -> None:
    *_, order = (found for _, found in zip(range(2), orders(screen.office), strict=False))
    with screen.page(channel="D0ANA") as page:
        write(page, f"Refund order {order}, EUR 120")
        messages = page.locator("#messages")
        show = messages.get_by_role("button", name="Show it to Finn")
        expect(show).to_be_visible()
        expect(messages).to_contain_text("Finn and Olga will see this:")
        shot(page, "private-desktop")
        with screen.page("U0FINN", channel="D0FINN") as finns:
            expect(finns.get_by_role("button", name="Approve refund")).to_have_count(0)
            show.click()
            expect(finns.get_by_role("button", name="Approve refund")).to_be_visible()
            finns.get_by_role("button", name="Approve refund").click()

        expect(messages).to_contain_text("Approved by Finn")
        expect(messages).to_contain_text(f"Refunded EUR 120.00 for order {order}")


def said(screen: Screen, match: str, args: dict[str, Any]) -> None:
    """Have the model call mail.send with these arguments when it is asked this."""
    call = {"name": "mail__send", "arguments": json.dumps(args)}
    script = {
        "match": match,
        "turns": [{"tool_calls": [call]}, {"content": "The minutes are on their way."}],
        "then": "patterns",
    }
    screen.office.outside(f"{screen.office.model}/script", script)
