"""A streamed answer on the page: it grows by itself, shows its tasks, and comes to rest."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from slack_sdk import WebClient
from slack_sdk.web.chat_stream import ChatStream

from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.testing import Started, start
from tests.browser import DESKTOP, PHONE, Chromium, chromium, overflow

pytestmark = pytest.mark.browser
TASKS = [
    {"type": "plan_update", "title": "Look <b>around</b>"},
    {"type": "task_update", "id": "a", "title": "Read the shop", "status": "complete"},
    {"type": "task_update", "id": "b", "title": "Read the mailbox", "status": "in_progress"},
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path, browser: Chromium) -> Iterator[Started]:
    with start(tmp_path) as workspace:
        yield workspace
        for context in browser.browser.contexts:
            context.close()
    assert browser.complaints() == []


def asked(workspace: Started) -> str:
    body = {"user": "U0ANA", "channel": "C0SUPPORT", "text": "@Signoff which orders wait?"}
    return str(httpx.post(f"{workspace.base_url}/control/messages", json=body).json()["ts"])


def streaming(workspace: Started, thread_ts: str) -> ChatStream:
    return WebClient(BOT_TOKEN, base_url=workspace.api_url).chat_stream(
        channel="C0SUPPORT",
        thread_ts=thread_ts,
        recipient_user_id="U0ANA",
        recipient_team_id="T0PRACTICE",
        task_display_mode="plan",
        buffer_size=1,
    )


def test_a_streamed_answer_grows_and_comes_to_rest(browser: Chromium, workspace: Started) -> None:
    ts = asked(workspace)
    page = browser.open(f"{workspace.base_url}/?channel=C0SUPPORT&thread={ts}")
    thread = page.get_by_role("region", name="Thread")
    stream = streaming(workspace, ts)

    stream.append(chunks=TASKS)
    expect(thread.locator(".plan-title")).to_have_text("Look <b>around</b>")
    expect(thread.locator(".task.in_progress")).to_have_text("Read the mailbox, under way")
    stream.append(markdown_text="Two orders ")
    expect(thread.locator(".prose")).to_have_text("Two orders")
    stream.append(markdown_text="**wait**.")
    expect(thread.locator(".prose strong")).to_have_text("wait")
    expect(thread.get_by_text("Signoff is writing")).to_have_count(1)
    stream.stop(chunks=[{**TASKS[2], "status": "error"}])

    expect(thread.locator(".task.error")).to_have_text("Read the mailbox, failed")
    expect(thread.get_by_text("Signoff is writing")).to_have_count(0)
    expect(thread.locator(".post")).to_have_count(1)


def test_stop_is_pressed_in_the_thread_and_ends_what_streams(
    browser: Chromium, workspace: Started
) -> None:
    ts = asked(workspace)
    page = browser.open(f"{workspace.base_url}/?channel=C0SUPPORT&thread={ts}", PHONE)
    stream = streaming(workspace, ts)
    stream.append(markdown_text="Two orders ")

    thread = page.get_by_role("region", name="Thread")
    thread.get_by_role("button", name="Stop").click()

    expect(thread.get_by_role("button", name="Stopping…")).to_be_disabled()
    expect(thread.get_by_text("Signoff is writing")).to_have_count(0)
    stream.stop(markdown_text="Stopped.")
    expect(thread).to_contain_text("Two orders Stopped.")
    expect(thread.locator(".status-line")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_plan_with_long_words_fits(
    browser: Chromium, workspace: Started, size: tuple[int, int]
) -> None:
    ts = asked(workspace)
    stream = streaming(workspace, ts)
    stream.append(chunks=[{**TASKS[1], "title": "x" * 200, "output": "y" * 250}])

    page = browser.open(f"{workspace.base_url}/?channel=C0SUPPORT&thread={ts}", size)

    expect(page.locator(".task")).to_have_count(1)
    assert overflow(page) == 0
    assert page.locator(".plan").evaluate("it => it.scrollWidth - it.clientWidth") <= 0


def test_a_wide_table_scrolls_by_itself_and_keeps_its_first_column_on_a_phone(
    browser: Chromium, workspace: Started
) -> None:
    ts = asked(workspace)
    rows = [[{"type": "raw_text", "text": f"{word} {n}"} for n in range(12)] for word in "ab"]
    WebClient(BOT_TOKEN, base_url=workspace.api_url).chat_postMessage(
        channel="C0SUPPORT", thread_ts=ts, text="t", blocks=[{"type": "table", "rows": rows}]
    )
    page = browser.open(f"{workspace.base_url}/?channel=C0SUPPORT&thread={ts}", PHONE)
    table, first = page.locator(".table-scroll"), page.get_by_role("cell", name="b 0")

    before = first.bounding_box()
    table.evaluate("it => { it.scrollLeft = it.scrollWidth }")

    expect(page.get_by_role("cell", name="b 11")).to_be_in_viewport()
    assert first.bounding_box() == before
    assert overflow(page) == 0


def test_a_stream_that_is_cut_off_stops_growing_by_itself(
    browser: Chromium, tmp_path: Path
) -> None:
    with start(tmp_path, "--stream-seconds", "1") as workspace:
        ts = asked(workspace)
        page = browser.open(f"{workspace.base_url}/?channel=C0SUPPORT&thread={ts}")
        streaming(workspace, ts).append(markdown_text="It is ")

        thread = page.get_by_role("region", name="Thread")
        expect(thread).to_contain_text("It is")
        expect(thread.get_by_text("Signoff is writing")).to_have_count(0)

        page.context.close()
    assert browser.complaints() == []
