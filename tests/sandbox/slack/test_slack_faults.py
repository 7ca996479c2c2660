"""Failures on demand, rate limits, response URLs and the held clock."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import FileClock
from sandbox.slack.methods.table import TABLE, TIER_3, UNLIMITED
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import BOT_TOKEN, Json
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_bench import (
    ANA,
    FINANCE,
    FINN,
    SUPPORT,
    Bench,
    actions,
    button,
    section,
)

pytestmark = pytest.mark.usefixtures("answered")

HELLO = {"channel": SUPPORT, "text": "Hello"}


async def test_a_rate_limit_is_a_429_with_the_seconds_to_wait(bench: Bench) -> None:
    await bench.do("faults", kind="rate_limit", method="chat.postMessage", times=1, seconds=7)
    client = AsyncWebClient(BOT_TOKEN, base_url=bench.running.api_url)

    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(**HELLO)
    await client.chat_postMessage(**HELLO)

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "7"
    assert refused.value.response["error"] == "ratelimited"
    assert await bench.texts() == ["Hello"]


async def test_the_retry_handler_of_slack_sdk_waits_and_succeeds(bench: Bench) -> None:
    await bench.do("faults", kind="rate_limit", times=1, seconds=1)
    client = AsyncWebClient(BOT_TOKEN, base_url=bench.running.api_url)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))

    await client.chat_postMessage(**HELLO)

    calls = (await bench.see("calls"))["calls"]
    assert [c["status"] for c in calls] == [429, 200]


async def test_a_lost_reply_leaves_the_message_without_an_answer(bench: Bench) -> None:
    await bench.do("faults", kind="lost_reply", method="chat.postMessage", times=1)

    # A session without the reconnecting that slack_sdk does by default.
    with pytest.raises(aiohttp.ClientError):
        await bench.call("chat.postMessage", HELLO)

    assert await bench.texts() == ["Hello"]


async def test_a_refused_call_does_not_use_up_a_lost_reply(bench: Bench) -> None:
    await bench.do("faults", kind="lost_reply", method="chat.postMessage")
    await bench.do("faults", kind="rate_limit", method="chat.postMessage")

    answer = await bench.call("chat.postMessage", HELLO)
    with pytest.raises(aiohttp.ClientError):
        await bench.call("chat.postMessage", HELLO)

    assert answer["error"] == "ratelimited"


async def test_a_delayed_call_is_answered_after_the_others(bench: Bench) -> None:
    await bench.do("faults", kind="delay", method="chat.postMessage", times=1, seconds=1.0)

    slow = asyncio.create_task(bench.call("chat.postMessage", {**HELLO, "text": "slow"}))
    await bench.until(lambda: _taken(bench))
    await bench.call("chat.postMessage", {**HELLO, "text": "quick"})
    await slow

    assert await bench.texts() == ["quick", "slow"]


async def _taken(bench: Bench) -> bool:
    return not any(fault.times for fault in bench.workspace.faults._armed)


async def test_cleared_faults_are_gone(bench: Bench) -> None:
    await bench.do("faults", kind="rate_limit", times=5)
    await bench.do("faults", kind="clear")

    assert (await bench.call("auth.test"))["ok"] is True


async def test_kill_ends_the_process_whose_pid_is_noted(bench: Bench, tmp_path: Path) -> None:
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; time.sleep(60)"
    )
    run = tmp_path / "run"
    run.mkdir()
    (run / "worker-tools.pid").write_text(f"{victim.pid}\n")

    answer = await bench.do("faults", kind="kill", process="worker-tools")

    assert answer == {"status": 200, "ok": True, "pid": victim.pid}
    assert await asyncio.wait_for(victim.wait(), 10) == -9


async def test_the_clock_is_moved_for_everybody_who_reads_the_file(settings: Settings) -> None:
    clock = FileClock(settings.data / "clock")
    async with running(settings, clock=clock) as workspace, aiohttp.ClientSession() as http:
        bench = Bench(workspace, http)
        before = (await bench.see("clock"))["now"]
        await bench.do("clock", advance=3600)
        moved = await bench.do("clock", advance=0.5)

    assert moved["offset"] == 3600.5
    assert moved["now"] >= before + 3600.5
    assert (settings.data / "clock").read_text() == "3600.5"


async def test_posting_is_limited_in_each_channel(bench: Bench) -> None:
    _limited(bench)

    here = [await bench.call("chat.postMessage", HELLO) for _ in range(6)]
    there = await bench.call("chat.postMessage", {**HELLO, "channel": FINANCE})
    bench.advance(1)
    later = await bench.call("chat.postMessage", HELLO)

    assert [a["ok"] for a in here] == [True] * 5 + [False]
    assert (there["ok"], later["ok"]) == (True, True)


async def test_each_tier_allows_its_calls_in_a_minute(bench: Bench) -> None:
    _limited(bench)
    method = "reactions.get"

    answers = [await bench.call(method) for _ in range(TIER_3 + 1)]
    bench.advance(60)
    later = await bench.call(method)

    assert TABLE[method].per_minute == TIER_3
    assert [a["error"] for a in answers] == ["no_item_specified"] * TIER_3 + ["ratelimited"]
    assert later["error"] == "no_item_specified"


@pytest.mark.parametrize(
    ("method", "calls"), [("startStream", 20), ("appendStream", 100), ("stopStream", 20)]
)
async def test_streaming_has_the_rates_of_slack(bench: Bench, method: str, calls: int) -> None:
    _limited(bench)
    args = {"channel": SUPPORT, "ts": "1.000001", "thread_ts": "1.000001"}
    args.pop("ts" if method == "startStream" else "thread_ts")

    answers = [await bench.call(f"chat.{method}", args) for _ in range(calls + 1)]

    errors = ["message_not_found"] * calls + ["ratelimited"]
    assert [answer["error"] for answer in answers] == errors


async def test_limits_are_off_unless_asked_for(bench: Bench) -> None:
    answers = [await bench.call("apps.connections.open") for _ in range(5)]

    assert all(answer["ok"] for answer in answers)
    assert TABLE["auth.test"].per_minute == UNLIMITED


async def _response_url(bench: Bench, *, user: str = ANA) -> tuple[str, str]:
    """The ts of a message with a button, and the response URL of a click on it."""
    blocks = [actions(button())]
    args = {**HELLO, "text": "Refund?", "blocks": blocks}
    ts = (await bench.call("chat.postMessage", args))["ts"]
    await bench.do("actions", user=user, channel=SUPPORT, ts=ts, action_id="ok")
    return ts, bench.delivered[-1].payload["response_url"]


async def _respond(bench: Bench, url: str, **body: object) -> tuple[int, Json]:
    async with bench.http.post(url, json=body) as answer:
        return answer.status, await answer.json()


async def test_a_response_url_works_five_times(bench: Bench) -> None:
    _, url = await _response_url(bench)

    answers = [await _respond(bench, url, text=str(n)) for n in range(6)]

    assert [status for status, _ in answers] == [200] * 5 + [404]
    assert answers[-1][1] == {"ok": False, "error": "used_url"}


async def test_a_response_url_works_for_half_an_hour(bench: Bench) -> None:
    _, url = await _response_url(bench)
    bench.advance(30 * 60 + 1)

    assert await _respond(bench, url, text="late") == (
        404,
        {"ok": False, "error": "expired_url"},
    )


async def test_a_response_can_replace_and_delete_what_was_clicked(bench: Bench) -> None:
    ts, url = await _response_url(bench)

    await _respond(bench, url, text="Approved", blocks=[section("Approved")], replace_original=True)
    replaced = (await bench.see(f"messages?channel={SUPPORT}"))["messages"]
    await _respond(bench, url, delete_original=True)

    assert [(m["ts"], m["text"]) for m in replaced] == [(ts, "Approved")]
    assert await bench.texts() == []


async def test_a_response_is_for_the_clicker_unless_it_says_otherwise(bench: Bench) -> None:
    _, url = await _response_url(bench, user=FINN)

    await _respond(bench, url, text="for you")
    await _respond(bench, url, text="for all", response_type="in_channel")

    shown = (await bench.see(f"messages?channel={SUPPORT}"))["messages"]
    assert [(m["text"], m.get("ephemeral_to")) for m in shown[1:]] == [
        ("for you", FINN),
        ("for all", None),
    ]


async def test_a_bad_response_is_refused(bench: Bench) -> None:
    _, url = await _response_url(bench)

    unknown = await _respond(bench, url, txt="x")
    empty = await _respond(bench, url)

    assert (unknown[0], unknown[1]["error"]) == (400, "invalid_arguments")
    assert (empty[0], empty[1]["error"]) == (400, "no_text")


def _limited(bench: Bench) -> None:
    bench.workspace.settings = replace(bench.workspace.settings, limits=True)
