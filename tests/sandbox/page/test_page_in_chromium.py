"""The page as a person uses it, in a real headless Chromium, with a real Bolt app connected."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from sandbox.ports import free_block
from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.testing import start
from tests.browser import PHONE, Chromium, chromium, overflow
from tests.sandbox.page.page_app import SECOND_ALONE, SHORT, connected

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as running:
        yield running


@pytest.fixture
def url(tmp_path: Path, browser: Chromium) -> Iterator[str]:
    """A fresh workspace with the app connected; afterwards the browser must have had no errors."""
    with start(tmp_path) as workspace, connected(workspace.base_url):
        yield workspace.base_url
        for context in browser.browser.contexts:
            context.close()
    assert browser.complaints() == []


def sample(page: Page, text: str) -> None:
    page.get_by_role("button", name=text).click()


def test_a_sample_posts_as_the_chosen_person_and_its_answer_arrives_by_itself(
    browser: Chromium, url: str
) -> None:
    page = browser.open(url)

    sample(page, "Where is order 4711?")

    thread = page.get_by_role("region", name="Thread")
    expect(thread).to_contain_text("It is on its way. Source: shop, order 4711")
    root = httpx.get(f"{url}/control/messages", params={"channel": "C0SUPPORT"}).json()["messages"]
    assert (root[0]["user"], root[0]["text"]) == ("U0ANA", "<@U0SIGNOFF> Where is order 4711?")


def test_ana_is_refused_switches_to_finn_and_finn_approves(browser: Chromium, url: str) -> None:
    page = browser.open(url)

    sample(page, "Refund order 4711, EUR 180")
    expect(page.get_by_label("Hint")).to_contain_text("Try approving as Ana.")
    page.get_by_role("button", name="Approve refund").click()
    expect(page.get_by_text("Refunds above EUR 100 need Finance.")).to_be_visible()
    page.get_by_role("link", name="Switch to Finn").click()
    expect(page.get_by_label("You are:")).to_have_value("U0FINN")
    page.get_by_role("button", name="Approve refund").click()

    expect(page.get_by_text("Approved by @Finn Aalto")).to_be_visible()
    expect(page.get_by_role("button", name="Approve refund")).to_have_count(0)
    expect(page.get_by_label("Hint")).to_have_count(0)


def test_the_picker_shows_the_workspace_as_that_person(browser: Chromium, url: str) -> None:
    page = browser.open(url)

    page.get_by_label("You are:").select_option("U0GITA")

    expect(page.get_by_role("heading", level=1)).to_have_text("#general")
    assert parse_qs(urlsplit(page.url).query)["as"] == ["U0GITA"]
    assert page.get_by_role("link", name="support").count() == 0


def test_a_modal_opens_shows_its_errors_by_field_and_closes(browser: Chromium, url: str) -> None:
    page = browser.open(f"{url}/?as=U0FINN")
    sample(page, "Refund order 4711, EUR 180")
    page.get_by_role("button", name="Reject…").click()
    modal = page.get_by_role("dialog", name="Reject this refund")
    why = modal.get_by_label("Why not?")

    expect(why).to_be_focused()
    modal.get_by_role("button", name="Reject").click()
    expect(modal.get_by_role("alert")).to_have_text("Please complete this required field.")
    why.fill("No.")
    modal.get_by_role("button", name="Reject").click()
    expect(modal.get_by_role("alert")).to_have_text(SHORT)
    expect(why).to_have_attribute("aria-invalid", "true")
    page.evaluate("swap('dialog')")  # as anything that happens elsewhere has it
    assert modal.get_by_role("alert").inner_text() == SHORT
    assert why.get_attribute("aria-invalid") == "true"
    why.fill("The parcel is on its way back.")
    modal.get_by_role("button", name="Reject").click()

    expect(modal).to_have_count(0)


def test_escape_closes_a_modal_for_the_app_as_well(browser: Chromium, url: str) -> None:
    page = browser.open(f"{url}/?as=U0FINN")
    sample(page, "Refund order 4711, EUR 180")
    page.get_by_role("button", name="Reject…").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    views = httpx.get(f"{url}/control/views", params={"user": "U0FINN"}).json()["views"]
    assert views == []


def test_a_button_that_comes_under_the_finger_is_not_pressed(browser: Chromium, url: str) -> None:
    page = browser.open(f"{url}/?as=U0FINN")
    sample(page, "Refund order 4711, EUR 180")
    page.get_by_role("button", name="Approve refund").hover()
    page.mouse.down()

    thread = parse_qs(urlsplit(page.url).query)["thread"][0]
    asked = {"channel": "C0SUPPORT", "thread_ts": thread}
    card = httpx.get(f"{url}/control/messages", params=asked).json()["messages"][-1]
    app = WebClient(token=BOT_TOKEN, base_url=f"{url}/api/")
    app.chat_update(channel="C0SUPPORT", ts=card["ts"], text="Refund?", blocks=SECOND_ALONE)
    expect(page.get_by_role("button", name="Approve refund")).to_have_count(0)
    page.mouse.up()
    expect(page.locator("body[data-busy]")).to_have_count(0)

    views = httpx.get(f"{url}/control/views", params={"user": "U0FINN"}).json()["views"]
    assert views == []
    page.get_by_role("button", name="Reject…").click()
    expect(page.get_by_role("dialog", name="Reject this refund")).to_be_visible()


def test_a_half_written_message_survives_what_others_write(browser: Chromium, url: str) -> None:
    page = browser.open(url)
    box = page.get_by_label("Message #support")
    box.fill("half a th")

    body = {"user": "U0SAM", "channel": "C0SUPPORT", "text": "Good morning"}
    httpx.post(f"{url}/control/messages", json=body)
    expect(page.get_by_text("Good morning")).to_be_visible()

    expect(box).to_have_value("half a th")
    expect(box).to_be_focused()


def test_enter_sends_and_shift_enter_makes_a_line(browser: Chromium, url: str) -> None:
    page = browser.open(url)
    box = page.get_by_label("Message #support")

    box.fill("first")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    page.keyboard.press("Enter")

    expect(page.get_by_role("log").get_by_text(re.compile("first.*second", re.S))).to_be_visible()
    expect(box).to_have_value("")


def test_a_slash_command_is_answered_to_its_person_alone(browser: Chromium, url: str) -> None:
    page = browser.open(url)

    page.get_by_label("Message #support").fill("/signoff status now")
    page.keyboard.press("Enter")

    expect(page.get_by_text("You typed: status now")).to_be_visible()
    expect(page.get_by_text("Only visible to you")).to_be_visible()


def test_the_keyboard_reaches_the_message_box_first(browser: Chromium, url: str) -> None:
    page = browser.open(url)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the message box")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_label("Message #support")).to_be_focused()


def test_nothing_scrolls_sideways(browser: Chromium, url: str) -> None:
    wide = "x" * 200 + " https://a.example/" + "y" * 200 + "\n```" + "z" * 200 + "```"
    body = {"user": "U0SAM", "channel": "C0SUPPORT", "text": wide}
    httpx.post(f"{url}/control/messages", json=body)
    page = browser.open(url)
    sample(page, "Refund order 4711, EUR 180")
    expect(page.get_by_role("button", name="Approve refund")).to_be_visible()

    found = {}
    for address in (page.url, f"{url}/connect"):
        page.goto(address)
        for width in (360, PHONE[0], 768, 1099, 1100, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            found[width, address] = overflow(page)
            for pane in page.locator(".tabbar button:visible").all():
                pane.click()
                found[width, address, pane.inner_text()] = overflow(page)

    assert len(found) == 2 * 6 + 4 * 3
    assert set(found.values()) == {0}


def test_the_phone_shows_one_column_at_a_time(browser: Chromium, url: str) -> None:
    page = browser.open(url, PHONE)
    centre, counters = page.locator("#centre"), page.locator(".counters")
    channels = page.get_by_role("navigation", name="Channels and apps")

    def shown() -> list[bool]:
        return [part.is_visible() for part in (centre, channels, counters)]

    chat = shown()
    page.get_by_role("button", name="Channels").click()
    listed = shown()
    page.get_by_role("button", name="Outside world").click()

    assert [chat, listed, shown()] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_the_home_tab_and_the_way_to_a_real_slack_are_there(browser: Chromium, url: str) -> None:
    page = browser.open(url)

    page.get_by_role("link", name="Signoff Home").click()
    expect(page.get_by_text("Signoff has not drawn this page yet.")).to_be_visible()
    page.get_by_role("link", name="Connect your Slack").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Connect your Slack")
    expect(page.get_by_text("make up")).to_be_visible()


def test_what_a_finger_presses_is_forty_pixels_high(browser: Chromium, url: str) -> None:
    page = browser.open(url, PHONE)
    sample(page, "Refund order 4711, EUR 180")
    expect(page.get_by_role("button", name="Approve refund")).to_be_visible()
    measure = """() => [...document.querySelectorAll("button, select, summary, nav a, p a")]
        .filter(one => one.offsetParent && !one.closest(".text"))
        .map(one => [one.textContent.trim().slice(0, 40), one.getBoundingClientRect().height])
        .filter(([, height]) => height < 40)"""

    small = {"Chat": page.evaluate(measure)}
    for pane in ("Channels", "Outside world"):
        page.get_by_role("button", name=pane).click()
        small[pane] = page.evaluate(measure)

    assert small == {"Chat": [], "Channels": [], "Outside world": []}


def test_a_server_that_is_gone_is_said_until_it_is_back(browser: Chromium, tmp_path: Path) -> None:
    port = str(free_block())
    with start(tmp_path, "--port", port) as first:
        page = browser.open(first.base_url)
        expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    said = page.get_by_text("The practice workspace does not answer. What you see may be old.")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Where is order 4711?").click()
    expect(page.get_by_text("Is `make demo` still running?")).to_be_visible()
    expect(said).to_be_visible()

    with start(tmp_path, "--port", port) as again:
        expect(page.get_by_text("The practice workspace is back.")).to_be_visible()
        body = {"user": "U0SAM", "channel": "C0SUPPORT", "text": "Written after it"}
        httpx.post(f"{again.base_url}/control/messages", json=body)
        expect(page.get_by_text("Written after it")).to_be_visible()
        page.context.close()
    assert all("ERR_" in problem for problem in browser.complaints())
