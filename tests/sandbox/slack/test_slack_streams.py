"""Streams as slack_sdk drives them: text and tasks that grow, the cut-off, faults, the end."""

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.messages.chunk import (
    BlocksChunk,
    MarkdownTextChunk,
    PlanUpdateChunk,
    TaskUpdateChunk,
)
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import HeldClock
from sandbox.slack.shapes import BOT_TOKEN, Json
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, actions, button, section
from tests.sandbox.slack.slack_scene import Scene

pytestmark = pytest.mark.usefixtures("answered")


def task(**given: Any) -> TaskUpdateChunk:
    return TaskUpdateChunk(**{"id": "t1", "title": "Read the shop", "status": "pending", **given})


async def seen(scene: Scene, ts: str) -> Json:
    shown = (await scene.bench.see(f"messages?channel={SUPPORT}"))["messages"]
    return dict(next(message for message in shown if message["ts"] == ts))


async def test_text_grows_and_stays_one_message(scene: Scene, client: AsyncWebClient) -> None:
    ts = await scene.stream()

    await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="**Order")
    await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text=" 4711** is shipped.")

    replies = await client.conversations_replies(channel=SUPPORT, ts=scene.asked)
    message = replies["messages"][-1]
    assert message["text"] == "Let me look. **Order 4711** is shipped."
    assert message["blocks"] == [
        {"type": "markdown", "block_id": "stream-text-0", "text": message["text"]}
    ]
    assert (message["ts"], message["streaming_state"]) == (ts, "in_progress")


async def test_tasks_stand_where_they_began_and_change_there(
    scene: Scene, client: AsyncWebClient
) -> None:
    stream = await client.chat_stream(
        channel=SUPPORT,
        thread_ts=scene.asked,
        recipient_user_id=ANA,
        recipient_team_id="T0PRACTICE",
        task_display_mode="timeline",
        buffer_size=1,
    )

    await stream.append(markdown_text="First the shop.")
    await stream.append(chunks=[task(status="in_progress", details="order 4711")])
    await stream.append(markdown_text="It is there.")
    source = {"type": "url", "url": "https://shop.example/4711", "text": "4711"}
    await stream.append(
        chunks=[task(status="complete", details=", paid", output="shipped", sources=[source])]
    )

    text, card, rest = (await seen(scene, str(stream._stream_ts)))["blocks"]
    assert (text["text"], rest["text"]) == ("First the shop.", "It is there.")
    assert (card["type"], card["task_id"], card["status"]) == ("task_card", "t1", "complete")
    assert words(card["details"]) == "order 4711, paid"
    assert (words(card["output"]), card["sources"]) == ("shipped", [source])


async def test_in_plan_mode_all_tasks_stand_in_one_plan(
    scene: Scene, client: AsyncWebClient
) -> None:
    ts = await scene.started(
        task_display_mode="plan", chunks=[{"type": "plan_update", "title": "Look"}]
    )

    await client.chat_appendStream(channel=SUPPORT, ts=ts, chunks=[task(), task(id="t2")])
    await client.chat_appendStream(channel=SUPPORT, ts=ts, chunks=[MarkdownTextChunk(text="So:")])
    await client.chat_appendStream(
        channel=SUPPORT, ts=ts, chunks=[task(status="error"), PlanUpdateChunk(title="Looked")]
    )

    plan, text = (await seen(scene, ts))["blocks"]
    assert text["text"] == "So:"
    assert (plan["type"], plan["title"]) == ("plan", "Looked")
    assert [(t["task_id"], t["status"]) for t in plan["tasks"]] == [
        ("t1", "error"),
        ("t2", "pending"),
    ]


async def test_a_stopped_stream_is_an_ordinary_message_with_blocks_and_metadata(
    scene: Scene, client: AsyncWebClient
) -> None:
    ts = await scene.chunked_stream()
    metadata = {"event_type": "signoff_post", "event_payload": {"post_id": "p1"}}

    answer = await client.chat_stopStream(
        channel=SUPPORT,
        ts=ts,
        chunks=[MarkdownTextChunk(text="Done."), BlocksChunk(blocks=[section("In between")])],
        blocks=[actions(button())],
        metadata=metadata,
    )
    await client.chat_update(channel=SUPPORT, ts=ts, text="Corrected")

    assert [b["type"] for b in answer["message"]["blocks"]] == ["markdown", "section", "actions"]
    assert answer["message"]["text"] == "Let me look. Done."
    assert answer["message"]["streaming_state"] == "completed"
    after = await seen(scene, ts)
    assert (after["text"], after["metadata"], "blocks" in after) == ("Corrected", metadata, False)


async def test_after_the_end_nothing_is_appended(scene: Scene, client: AsyncWebClient) -> None:
    ts = await scene.stream()
    await client.chat_stopStream(channel=SUPPORT, ts=ts)

    for call in (client.chat_appendStream, client.chat_stopStream):
        with pytest.raises(SlackApiError) as refused:
            await call(channel=SUPPORT, ts=ts, markdown_text="late")
        assert refused.value.response["error"] == "message_not_in_streaming_state"
    assert (await seen(scene, ts))["text"] == "Let me look. "


async def test_slack_cuts_a_stream_off_and_the_message_keeps_its_text(
    scene: Scene, client: AsyncWebClient
) -> None:
    workspace = scene.bench.workspace
    workspace.settings = replace(workspace.settings, stream_seconds=20)
    ts = await scene.stream()
    scene.bench.advance(19)
    await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="Still")
    scene.bench.advance(2)

    with pytest.raises(SlackApiError) as refused:
        await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text=" here")

    message = await seen(scene, ts)
    assert refused.value.response["error"] == "message_not_in_streaming_state"
    assert (message["text"], message["streaming_state"]) == ("Let me look. Still", "completed")
    assert message["stream"]["state"] == "cut_off"
    await client.chat_update(channel=SUPPORT, ts=ts, text="The rest")
    assert (await seen(scene, ts))["text"] == "The rest"


async def test_a_refused_call_adds_nothing(scene: Scene, client: AsyncWebClient) -> None:
    ts = await scene.chunked_stream()

    for bad in ({"type": "task_update", "id": "t"}, task(title="x" * 257).to_dict()):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_appendStream(
                channel=SUPPORT, ts=ts, chunks=[MarkdownTextChunk(text="lost"), bad]
            )
        assert refused.value.response["error"] == "invalid_chunks"

    assert (await seen(scene, ts))["text"] == "Let me look. "


async def test_everything_streamed_counts_for_the_length(
    scene: Scene, client: AsyncWebClient
) -> None:
    ts = await scene.chunked_stream()
    await client.chat_appendStream(
        channel=SUPPORT, ts=ts, chunks=[MarkdownTextChunk(text="x" * 11_900)]
    )

    with pytest.raises(SlackApiError) as refused:
        await client.chat_appendStream(channel=SUPPORT, ts=ts, chunks=[task(details="y" * 200)])
    assert refused.value.response["error"] == "msg_too_long"


async def test_a_lost_reply_leaves_what_was_appended(scene: Scene) -> None:
    ts = await scene.stream()
    await scene.bench.do("faults", kind="lost_reply", method="chat.appendStream")
    client = AsyncWebClient(BOT_TOKEN, base_url=scene.bench.running.api_url, retry_handlers=[])

    with pytest.raises(aiohttp.ClientError):
        await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="Once.")

    assert (await seen(scene, ts))["text"] == "Let me look. Once."


@pytest.mark.parametrize("method", ["startStream", "appendStream", "stopStream"])
async def test_rate_limits_apply_to_each_of_the_three(
    scene: Scene, client: AsyncWebClient, method: str
) -> None:
    ts = await scene.stream()
    await scene.bench.do("faults", kind="rate_limit", method=f"chat.{method}", seconds=3)

    with pytest.raises(SlackApiError) as refused:
        await client.api_call(f"chat.{method}", json={"channel": SUPPORT, "ts": ts})

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "3"


async def test_a_delayed_append_arrives_after_the_next(
    scene: Scene, client: AsyncWebClient
) -> None:
    ts = await scene.stream()
    await scene.bench.do("faults", kind="delay", method="chat.appendStream", seconds=1.0)

    slow = asyncio.create_task(
        client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="slow")
    )
    await scene.bench.until(lambda: _taken(scene))
    await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="quick, ")
    await slow

    assert (await seen(scene, ts))["text"] == "Let me look. quick, slow"


async def test_a_stream_goes_on_after_a_restart_of_the_workspace(
    scene: Scene, held: HeldClock
) -> None:
    ts = await scene.chunked_stream()
    scene.bench.workspace.store.close()

    async with running(scene.bench.workspace.settings, clock=held) as again:
        client = AsyncWebClient(BOT_TOKEN, base_url=again.api_url)
        await client.chat_appendStream(channel=SUPPORT, ts=ts, chunks=[task()])
        await client.chat_stopStream(channel=SUPPORT, ts=ts)
        message = again.workspace.channels[SUPPORT].messages[ts]

    assert [b["type"] for b in message.blocks] == ["markdown", "task_card"]
    assert message.streaming.state == "completed"


async def _taken(scene: Scene) -> bool:
    return not any(f.times for f in scene.bench.workspace.faults._armed)


def words(rich_text: Json) -> str:
    return str(rich_text["elements"][0]["elements"][0]["text"])
