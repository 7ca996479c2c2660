"""The gates in a real Chromium: a quorum in two stages, several alike at once, somebody who is
away, something private that is handed on, and a stage that goes to others by the clock.

One office with a policy of its own. What moves the clock stands last.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import chromium, needs_chromium, overflow
from tests.e2e.compared import compared
from tests.e2e.demo import ROOT, Demo
from tests.e2e.screen import Screen, command, mention, orders, shot, thread_of, thread_ts

pytestmark = [pytest.mark.browser, needs_chromium]

POLICY = """
default_approvers: group:operations
expires: 20 days
rules:
  - {name: reads, effect: read, allow: true, why: reads need no approval}
  - name: small refunds
    tool: shop.refund
    at_most: 110 EUR
    who: person:finn
    hand_to: group:operations
    why: refunds need Finn
  - name: refunds that cannot wait
    tool: shop.refund
    above: 110 EUR
    at_most: 115 EUR
    who: person:finn
    remind: 2 working hours
    escalate: {after: 4 working hours, who: group:operations}
    why: refunds need Finn
  - name: large refunds
    tool: shop.refund
    above: 115 EUR
    ask:
      - {who: group:finance, quorum: 2, why: large refunds need two of Finance}
      - {who: person:sam, why: and Sam of Sales}
"""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    config = tmp_path_factory.mktemp("config")
    shutil.copytree(ROOT / "config", config, dirs_exist_ok=True)
    (config / "policy.yaml").write_text(POLICY)
    people = (config / "people.yaml").read_text()
    (config / "people.yaml").write_text(people.replace("[finn]", "[finn, olga]"))
    office = Demo(tmp_path_factory.mktemp("office"), {"SIGNOFF_CONFIG": str(config)})
    with compared(office), chromium() as browser:
        yield Screen(office, browser)


@pytest.fixture(scope="module")
def order(screen: Screen) -> Iterator[str]:
    return orders(screen.office)


def test_two_of_finance_and_then_sales_agree(
    screen: Screen, page: Page, order: Iterator[str]
) -> None:
    """R100, R101: a quorum in the first stage, another person in the second."""
    thread = _ask(page, f"Refund order {next(order)}, EUR 119")
    expect(thread).to_contain_text("Why you: large refunds need two of Finance.")

    for user, so_far in (("U0FINN", "Approved so far: Finn"), ("U0OLGA", "Olga")):
        _approve(screen, user, page)
        expect(thread).to_contain_text(so_far)
    expect(thread).to_contain_text("Why you: and Sam of Sales.")
    shot(page, "stages-desktop")
    with screen.page("U0FINN", thread=thread_ts(page)) as again:
        again.get_by_role("button", name="Approve refund").click()
        expect(thread_of(again)).to_contain_text("You cannot decide this; it is for Sam.")
    _approve(screen, "U0SAM", page)

    expect(thread).to_contain_text("Approved by Finn")
    expect(thread).to_contain_text(", once · re_")


def test_three_alike_are_listed_on_one_message_and_decided_each_by_itself(
    screen: Screen, page: Page, order: Iterator[str]
) -> None:
    before = screen.office.counters()["refunds"]
    numbers = [next(order) for _ in range(3)]
    for number in numbers:
        _ask(page, f"Refund order {number}, EUR 110")

    with screen.page("U0FINN", "D0FINN") as finns:
        batch = finns.locator("#messages .post", has_text="alike").last
        expect(batch).to_contain_text("3 alike wait for you")
        for number in numbers:
            expect(batch).to_contain_text(f"Order {number}")
        shot(finns, "batch-desktop")
        batch.get_by_role("button", name="Choose…").click()
        form = finns.get_by_role("dialog", name="Choose")
        form.get_by_role("checkbox").first.uncheck()
        shot(finns, "batch-choose-desktop")
        form.get_by_role("button", name="Decide").click()
        expect(batch).to_contain_text("1 of 3 alike wait for you")
        expect(batch).to_contain_text("Approved by Finn")
        with screen.phone("U0FINN", "D0FINN") as phone:
            expect(phone.get_by_role("button", name="Approve this one")).to_be_visible()
            assert overflow(phone) == 0
            shot(phone, "batch-phone")
        batch.get_by_role("button", name="Approve this one").click()
        expect(batch).to_contain_text("3 alike: all are answered")

    screen.office.until(
        lambda: screen.office.counters()["refunds"] == before + 3, "three refunds, once each"
    )


def test_whoever_stands_in_for_finn_decides_and_the_card_says_so(
    screen: Screen, page: Page, order: Iterator[str]
) -> None:
    until = _now(screen.office).date() + timedelta(days=2)
    with screen.page("U0FINN") as finns:
        told = command(finns, f"delegate @sam until {until}")
        expect(told).to_contain_text(f"Sam decides for you from now until the end of {until}.")

    thread = _ask(page, f"Refund order {next(order)}, EUR 110")
    _approve(screen, "U0SAM", page)

    expect(thread).to_contain_text("Approved by Sam for Finn")
    expect(thread).to_contain_text(", once · re_")
    expect(page.locator("#story")).to_contain_text("Sam approved for Finn, who is away")
    shot(page, "delegate-desktop")
    with screen.page("U0FINN") as finns:
        expect(command(finns, "delegate stop")).to_contain_text("Nobody decides for you any more.")


def test_from_a_private_channel_it_is_handed_on_once_the_asker_agrees_to_each_who_sees_it(
    screen: Screen, order: Iterator[str]
) -> None:
    """Neither Finn nor Olga is in #disputes: Ana agrees to Finn, and again to Olga."""
    with screen.page("U0FINN", "C0DISPUTES") as finns:
        expect(finns.locator("body")).not_to_contain_text("disputes")
    with screen.page(channel="C0DISPUTES") as page, screen.page("U0FINN", "D0FINN") as finns:
        thread = mention(page, f"Refund order {next(order)}, EUR 105")
        expect(thread).to_contain_text("Finn will see this:")
        shot(page, "disputes-desktop")
        thread.get_by_role("button", name="Show it to Finn").click()

        card = finns.locator("#messages .post", has_text="Refund EUR 105").last
        card.get_by_role("button", name="Hand on…").click()
        form = finns.get_by_role("dialog", name="Hand on")
        form.get_by_role("combobox").select_option(label="Sam Cole")
        form.locator("textarea").fill("You know this customer")
        form.get_by_role("button", name="Hand on").click()
        expect(form).to_contain_text("I cannot hand this to Sam; I can to Olga.")
        shot(finns, "hand-on-desktop")
        with screen.phone("U0FINN", "D0FINN") as phone:
            expect(phone.get_by_role("dialog", name="Hand on")).to_be_visible()
            assert overflow(phone) == 0
            shot(phone, "hand-on-phone")
        form.get_by_role("combobox").select_option(label="Olga Reyes")
        form.get_by_role("button", name="Hand on").click()
        expect(finns.get_by_role("dialog")).to_contain_text("Ana is asked first whether Olga may")
        finns.get_by_role("dialog").locator("footer").get_by_role("button", name="Close").click()
        expect(card).to_contain_text("Ana has yet to agree that Olga sees it")

        expect(thread).to_contain_text("Olga will see this:")
        expect(thread).to_contain_text("Olga cannot read this conversation")
        shot(page, "disclosed-again-desktop")
        with screen.page("U0OLGA", "D0OLGA") as olgas:
            expect(olgas.locator("#messages")).not_to_contain_text("EUR 105")
            thread.get_by_role("button", name="Show it to Olga").click()
            theirs = olgas.locator("#messages .post", has_text="Refund EUR 105").last
            expect(theirs).to_contain_text("Finn handed it to Olga: You know this customer")
            with screen.phone("U0OLGA", "D0OLGA") as phone:
                expect(phone.locator("#messages")).to_contain_text("Finn handed it to Olga")
                assert overflow(phone) == 0
                shot(phone, "handed-phone")
            shot(olgas, "handed-desktop")
            theirs.get_by_role("button", name="Approve refund").click()
            theirs.get_by_role("button", name="Story").click()
            story = olgas.get_by_role("dialog", name="Story")
            expect(story).to_contain_text("Finn handed it to Olga")
            expect(story).not_to_contain_text("Ana asked in")
            story.locator("footer").get_by_role("button", name="Close").click()
        expect(card).to_contain_text("Approved by Olga")
        expect(thread).to_contain_text(", once · re_")
        shot(page, "handed-and-done-desktop")


def test_what_finn_does_not_answer_reminds_him_and_goes_to_operations_by_the_clock(
    screen: Screen, page: Page, order: Iterator[str]
) -> None:
    """R46, R102: counted in working hours, so that two or three days are surely enough."""
    thread = _ask(page, f"Refund order {next(order)}, EUR 114")
    with screen.page("U0OLGA", thread=thread_ts(page)) as olgas:
        olgas.get_by_role("button", name="Approve refund").click()
        expect(thread_of(olgas)).to_contain_text("You cannot decide this; it is for Finn.")

    screen.office.post("clock", {"advance": timedelta(days=4).total_seconds()})

    expect(thread).to_contain_text(
        "refunds need Finn; Finn did not answer within 4 working hours, "
        "so Operations may decide too."
    )
    with screen.page("U0FINN", "D0FINN") as finns:
        expect(finns.locator("#messages")).to_contain_text("Still waiting for you: Refund EUR 114")
        shot(finns, "reminder-desktop")
    with screen.page("U0OLGA", "D0OLGA") as olgas:
        card = olgas.locator("#messages .post", has_text="Refund EUR 114").first
        shot(olgas, "escalated-desktop")
        card.get_by_role("button", name="Approve refund").click()
        expect(card).to_contain_text("Approved by Olga")
    with screen.phone(thread=thread_ts(page)) as phone:
        expect(thread_of(phone)).to_contain_text("Approved by Olga")
        assert overflow(phone) == 0
    expect(thread).to_contain_text(", once · re_")


def _ask(page: Page, text: str) -> Locator:
    """Ana asks; the thread with the card that waits."""
    thread = mention(page, text)
    expect(thread.get_by_role("button", name="Approve refund")).to_be_visible()
    return thread


def _approve(screen: Screen, user: str, page: Page) -> None:
    """This person presses Approve in the thread that stands open on `page`."""
    with screen.page(user, thread=thread_ts(page)) as theirs:
        theirs.get_by_role("button", name="Approve refund").click()


def _now(office: Demo) -> datetime:
    return datetime.fromtimestamp(float(office.get("clock")["now"]), UTC)
