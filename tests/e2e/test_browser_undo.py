"""Undo and stop on the page: a mail within its hold, a refund, a step that another needs, and one
automation of two.

Played in a real Chromium over one running office. Time is moved by the control clock, so the order
of these tests matters: what moves it furthest stands last.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from core.db import open_database
from tests.browser import chromium, needs_chromium, overflow
from tests.e2e.compared import compared
from tests.e2e.demo import SHORT_LIMITS, Demo, words_of
from tests.e2e.screen import Screen, command, mention, orders, shot, thread_of, thread_ts
from tools.tables import Finding

pytestmark = [pytest.mark.browser, needs_chromium]
_BERLIN = ZoneInfo("Europe/Berlin")
_LONG_HOLD = {"SIGNOFF_LIMITS": SHORT_LIMITS.replace('_hold_factor": 0.05', '_hold_factor": 3')}


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An office whose mails wait a minute: longer than a loaded machine takes to press a button."""
    office = Demo(tmp_path_factory.mktemp("office"), env=_LONG_HOLD)
    with compared(office), chromium() as browser:
        yield Screen(office, browser)


def test_a_mail_that_waits_is_taken_back_and_never_sent(screen: Screen, page: Page) -> None:
    office = screen.office
    before = office.counters()["mails_in_company"]
    thread = mention(page, "Send a mail to Finn saying the parcel is lost")
    thread.get_by_role("button", name="Do it").click()
    expect(thread).to_contain_text("begins at")
    undo = thread.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    shot(page, "held-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(thread_of(phone).get_by_role("button", name="Undo")).to_be_visible()
        assert overflow(phone) == 0
        shot(phone, "held-phone")

    undo.click()

    expect(thread).to_contain_text("Ana took it back before it was begun. Nothing was done.")
    expect(thread.get_by_role("button", name="Undo")).to_have_count(0)
    office.post("clock", {"advance": 90})
    kept = mention(page, "Send a mail to Finn saying the parcel was found")
    kept.get_by_role("button", name="Do it").click()
    expect(kept).to_contain_text("begins at")
    office.post("clock", {"advance": 61})
    expect(kept).to_contain_text(", once")
    assert office.counters()["mails_in_company"] == before + 1


def test_a_refund_is_undone_and_the_shop_keeps_the_money(screen: Screen, page: Page) -> None:
    office = screen.office
    before, numbers = office.counters()["refunds"], orders(office)
    thread = mention(page, f"Refund order {next(numbers)}, EUR 80")
    thread.get_by_role("button", name="Do it").click()
    expect(thread).to_contain_text("can be undone until")
    assert office.counters()["refunds"] == before + 1
    shot(page, "undo-desktop")

    thread.get_by_role("button", name="Undo").click()
    expect(thread).to_contain_text("Take back the refund of EUR 80.00 to")
    expect(thread).to_contain_text("Takes back “Refund EUR 80.00 to")
    shot(page, "undo-asked-desktop")
    thread.get_by_role("button", name="Do it").click()

    expect(thread).to_contain_text("undone by Ana")
    assert office.counters()["refunds"] == before
    shot(page, "undone-desktop")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(thread_of(phone)).to_contain_text("undone by Ana")
        assert overflow(phone) == 0
        shot(phone, "undone-phone")

    late = mention(page, f"Refund order {next(numbers)}, EUR 70")
    late.get_by_role("button", name="Do it").click()
    expect(late.get_by_role("button", name="Undo")).to_be_visible()
    office.post("clock", {"advance": timedelta(minutes=31).total_seconds()})
    expect(late.get_by_role("button", name="Undo")).to_have_count(0)
    assert office.counters()["refunds"] == before + 1


def test_of_both_or_neither_the_first_is_undone_when_the_second_fails(
    screen: Screen, page: Page
) -> None:
    office = screen.office
    before = office.counters()
    trouble = {"match": "POST /refunds", "action": "status", "status": 409}
    office.outside(f"{office.shop}/faults", trouble)
    order = next(orders(office))
    asked = f"Book 30 minutes with Finn tomorrow at 15:00 and refund order {order}, EUR 40"

    thread = mention(page, f"{asked}: both or neither")
    expect(thread).to_contain_text("1 of 2 steps that belong together")
    do_it = thread.get_by_role("button", name="Do it")
    expect(do_it).to_have_count(2)
    shot(page, "together-asked-desktop")
    do_it.first.click()
    expect(thread).to_contain_text("waits for “")
    do_it.first.click()

    expect(thread).to_contain_text("It belongs together with what was done before it")
    expect(thread).to_contain_text("its undo waits for an approval")
    expect(do_it).to_have_count(1)
    do_it.click()
    expect(thread).to_contain_text("All of it was undone.")
    expect(thread).not_to_contain_text("Refused")
    thread.get_by_text("All of it was undone.").scroll_into_view_if_needed()
    shot(page, "together-desktop")
    assert office.counters() == before
    with screen.phone(thread=thread_ts(page)) as phone:
        told = thread_of(phone).get_by_text("All of it was undone.")
        expect(told).to_be_visible()
        told.scroll_into_view_if_needed()
        assert overflow(phone) == 0
        shot(phone, "together-phone")


def test_a_conversation_is_stopped_from_its_message_and_goes_on(screen: Screen, page: Page) -> None:
    office = screen.office
    before = office.counters()["mails_in_company"]
    thread = mention(page, "Send a mail to Finn saying the tent has arrived")
    thread.get_by_role("button", name="Do it").click()
    expect(thread).to_contain_text("begins at")
    with screen.page("U0SAM", thread=thread_ts(page)) as sams:
        sams.get_by_role("button", name="Stop this conversation").click()
        expect(thread_of(sams)).to_contain_text("Stopped: this conversation. The rest goes on.")
        expect(thread_of(sams)).to_contain_text("waits: Sam stopped this conversation")
        shot(sams, "stopped-conversation-desktop")
    with screen.phone("U0SAM", thread=thread_ts(page)) as phone:
        expect(phone.get_by_role("button", name="Stop this conversation")).to_be_visible()
        assert overflow(phone) == 0
        shot(phone, "stopped-conversation-phone")
    office.post("clock", {"advance": 61})
    expect(thread).to_contain_text("waits: Sam stopped this conversation")
    assert office.counters()["mails_in_company"] == before

    link = f"{office.page}/archives/C0SUPPORT/p{thread_ts(page).replace('.', '')}"
    expect(command(page, f"resume {link}")).to_contain_text("Going on: this conversation.")
    expect(thread).to_contain_text(", once")
    assert office.counters()["mails_in_company"] == before + 1


def test_an_operator_has_a_disagreement_compared_again_reads_it_and_explains_it(
    screen: Screen,
) -> None:
    """Played in Home. What the reconciler would have found is planted; the buttons are real."""
    _disagree(screen.office)
    with screen.page("U0OLGA", tab="home") as home, screen.page(tab="home") as anas:
        expect(home.locator("#home")).to_contain_text("The shop shows a refund that nobody asked")
        expect(anas.locator("#home")).not_to_contain_text("Records that disagree")
        shot(home, "disagrees-desktop")
        home.get_by_role("button", name="Compare again").click()
        expect(home.locator("#home")).to_contain_text("I am comparing again.")
        with screen.phone("U0OLGA", tab="home") as phone:
            expect(phone.get_by_role("button", name="Explained…")).to_be_visible()
            assert overflow(phone) == 0

        # Opening Home elsewhere draws it anew, without the note above the button.
        expect(home.locator("#home")).not_to_contain_text("I am comparing again.")
        home.get_by_role("button", name="Explained…").click()
        form = home.get_by_role("dialog", name="Explained")
        expect(form).to_contain_text("The shop shows a refund that nobody asked for")
        form.get_by_role("button", name="Explained").click()
        expect(form).to_contain_text("Please complete this required field.")
        form.locator("textarea").fill("Paid by hand on Monday")
        form.get_by_role("button", name="Explained").click()

        expect(home.locator("#home")).to_contain_text("Nothing was found.")


def test_one_automation_is_stopped_while_another_goes_on(screen: Screen, page: Page) -> None:
    """R150."""
    office = screen.office
    told = command(page, "stop support-morning")
    expect(told).to_contain_text("Stopped: the automation support-morning. The rest goes on.")
    shot(page, "stopped-desktop")
    with screen.page("U0SAM") as sams:
        expect(command(sams, "resume support-morning")).to_contain_text(
            "You cannot let this go on."
        )

    office.post("clock", {"advance": _until(17, _now(office))})

    office.until(lambda: _digests(office, "C0FINANCE"), "the evening's digest", timeout_s=60)
    assert _digests(office, "C0SUPPORT") == []
    expect(command(page, "resume support-morning")).to_contain_text("Going on: the automation")
    office.until(lambda: _digests(office, "C0SUPPORT"), "the digest that was held", timeout_s=60)


def _disagree(office: Demo) -> None:
    db = open_database(f"sqlite:///{office.data / 'signoff.db'}")
    row = Finding(
        id="find_planted",
        workspace_id="T0PRACTICE",
        tool="shop.refund",
        kind="unasked",
        reference="re_9",
        told="The shop shows a refund that nobody asked for: EUR 40.00, re_9.",
        found_at=_now(office),
    )
    try:
        with db.transaction() as session:
            session.add(row)
    finally:
        db.engine.dispose()


def _now(office: Demo) -> datetime:
    return datetime.fromtimestamp(float(office.get("clock")["now"]), UTC)


def _until(hour: int, now: datetime) -> float:
    """Seconds until a minute past this hour in Berlin, on the next working day."""
    local = now.astimezone(_BERLIN) + timedelta(days=1)
    due = local.replace(hour=hour, minute=1, second=0, microsecond=0)
    while due.weekday() > 4:
        due += timedelta(days=1)
    return (due.astimezone(UTC) - now).total_seconds()


def _digests(office: Demo, channel: str) -> list[str]:
    words = [words_of(message) for message in office.messages(channel)]
    return [text for text in words if "What happened here" in text]
