"""The page when things happen outside: a pulled plug, mails, a meeting, a digest, an expiry.

Played in a real Chromium over one running office. Time is moved by the control clock, so the order
of these tests matters: what moves it stands last.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser import needs_chromium
from tests.e2e.demo import Demo, words_of
from tests.e2e.screen import Screen, mention, number, orders, shot, thread_of, thread_ts

pytestmark = [pytest.mark.browser, needs_chromium]
_BERLIN = ZoneInfo("Europe/Berlin")


def test_a_refund_survives_the_pulled_plug_and_happens_once(page: Page) -> None:
    """R41: the tool worker dies after the shop booked it, and the counter says 1."""
    page.locator("[data-sample=refund]").click()
    thread = thread_of(page)
    expect(thread.get_by_role("button", name="Approve refund")).to_be_visible()

    page.locator("#guide [data-plug]").click()
    expect(page.locator("#outside")).to_contain_text("Armed: when the refund reaches the shop")
    page.locator("#as").select_option("U0FINN")
    page.get_by_role("button", name="Approve refund").click()

    outside = page.locator("#outside")
    expect(outside).to_contain_text("Tool worker killed.")
    expect(outside).to_contain_text("Back: a new tool worker is starting.")
    expect(outside).to_contain_text("Refund found by its key: the counter says 1.", timeout=90_000)
    expect(page.locator("#refunds-4711")).to_have_text("1")
    expect(thread_of(page)).to_contain_text(", once · re_")
    expect(thread_of(page)).to_contain_text("Refunded EUR 180.00 for order 4711")
    shot(page, "plug-desktop")


def test_a_mail_to_a_colleague_is_confirmed_by_the_asker(screen: Screen, page: Page) -> None:
    """R108."""
    before = screen.office.counters()
    thread = mention(page, "Send a mail to Finn saying the refund for Mara is done")
    do_it = thread.get_by_role("button", name="Do it")
    expect(do_it).to_be_visible()

    expect(thread).to_contain_text("Send a mail to finn@lindqvist.example?")
    expect(thread).to_contain_text("Why I ask: mail goes out in your name.")
    expect(thread).to_contain_text("body (typed by Ana): the refund for Mara is done")
    shot(page, "mail-desktop")
    do_it.click()

    expect(thread).to_contain_text(", once")
    after = screen.office.counters()
    assert after["mails_in_company"] == before["mails_in_company"] + 1
    assert after["mails_out"] == before["mails_out"]


def test_a_mail_to_outside_asks_operations(screen: Screen, page: Page) -> None:
    """R108."""
    thread = mention(page, "Mail mara.lind@post.example that her tent ships on Monday")
    approve = thread.get_by_role("button", name="Approve send")
    expect(approve).to_be_visible()
    expect(thread).to_contain_text("leaves the company: mara.lind@post.example")

    approve.click()
    expect(thread).to_contain_text("Olga (Operations)")
    expect(page.locator("#mails-out")).to_have_text("0")
    with screen.page("U0OLGA", thread=thread_ts(page)) as olgas:
        olgas.get_by_role("button", name="Approve send").click()
        expect(thread_of(olgas)).to_contain_text("Approved by Olga")

    expect(page.locator("#mails-out")).to_have_text("1")
    expect(thread).to_contain_text(", once")


def test_a_meeting_is_booked_when_the_asker_says_so(page: Page) -> None:
    before = number(page, "#meetings")
    thread = mention(page, "Book 30 minutes with Finn tomorrow at 10")
    do_it = thread.get_by_role("button", name="Do it")
    expect(do_it).to_be_visible()
    expect(thread).to_contain_text("Book “Meeting with Finn” on")
    shot(page, "meeting-desktop")

    do_it.click()

    expect(thread).to_contain_text(", once")
    expect(page.locator("#meetings")).to_have_text(str(before + 1))


def test_a_digest_comes_once_in_the_morning_however_often_the_keeper_starts(
    screen: Screen, page: Page
) -> None:
    """By the clock, exactly one, also after the keeper was killed."""
    office = screen.office
    thread = mention(page, 'Book 30 minutes with Finn tomorrow at 15:30 titled "Told at nine"')
    thread.get_by_role("button", name="Do it").click()
    expect(thread).to_contain_text(", once")
    # A digest that was due while this office ran came by itself.
    before = {channel: len(_digests(office, channel)) for channel in ("C0SUPPORT", "C0FINANCE")}
    office.post("clock", {"advance": _until(9, _now(office))})
    morning, evening = before["C0SUPPORT"] + 1, before["C0FINANCE"] + 1
    office.until(lambda: len(_digests(office, "C0SUPPORT")) >= morning, "the morning's digest")
    killed = office.pid("keeper")
    office.kill("keeper")
    office.until(lambda: office.pid("keeper") != killed, "another keeper")
    office.post("clock", {"advance": _until(17, _now(office))})
    office.until(lambda: len(_digests(office, "C0FINANCE")) >= evening, "the evening's digest")

    expect(page.locator("#messages")).to_contain_text("What happened here")
    expect(page.locator("#messages")).to_contain_text("Booked “Told at nine”")
    assert len(_digests(office, "C0SUPPORT")) == morning
    assert len(_digests(office, "C0FINANCE")) == evening
    shot(page, "digest-desktop")


def test_a_request_nobody_decides_expires_and_nothing_happens(screen: Screen, page: Page) -> None:
    office = screen.office
    before = office.counters()["refunds"]
    thread = mention(page, f"Refund order {next(orders(office))}, EUR 120")
    expect(thread.get_by_role("button", name="Approve refund")).to_be_visible()

    office.post("clock", {"advance": timedelta(days=3, minutes=1).total_seconds()})

    expect(thread).to_contain_text("Expired")
    expect(thread).to_contain_text("Nothing was done.")
    expect(thread.get_by_role("button", name="Approve refund")).to_have_count(0)
    assert office.counters()["refunds"] == before
    shot(page, "expired-desktop")


def _now(office: Demo) -> datetime:
    return datetime.fromtimestamp(float(office.get("clock")["now"]), UTC)


def _until(hour: int, now: datetime) -> float:
    """Seconds until a minute past this hour in Berlin, on this or the next working day."""
    local = now.astimezone(_BERLIN)
    due = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    while due <= local or due.weekday() > 4:
        due += timedelta(days=1)
    return (due.astimezone(UTC) - now).total_seconds() + 60


def _digests(office: Demo, channel: str) -> list[str]:
    words = [words_of(message) for message in office.messages(channel)]
    return [text for text in words if "What happened here" in text]
