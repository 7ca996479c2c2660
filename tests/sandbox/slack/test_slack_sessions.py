"""Agent sessions and their Stop button, with slack_sdk and as the app hears of it."""

from dataclasses import replace

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import HeldClock
from sandbox.slack.settings import Manifest
from sandbox.slack.shapes import Json
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_bench import ANA, FINN, GITA, SUPPORT
from tests.sandbox.slack.slack_scene import Scene

pytestmark = pytest.mark.usefixtures("answered")


async def session(scene: Scene) -> Json:
    (found,) = (await scene.bench.see("status"))["sessions"]
    return dict(found)


async def stop(scene: Scene, user: str = ANA) -> Json:
    return await scene.bench.do("stop", user=user, channel=SUPPORT, thread_ts=scene.asked)


def granted(scene: Scene, **given: object) -> None:
    workspace = scene.bench.workspace
    manifest = replace(Manifest(), **given)  # type: ignore[arg-type]
    workspace.settings = replace(workspace.settings, manifest=manifest)


async def test_the_first_status_makes_the_session_and_its_title_stays(
    scene: Scene, client: AsyncWebClient
) -> None:
    args = {"channel_id": SUPPORT, "thread_ts": scene.asked}

    first = await client.agents_sessions_setStatus(**args, status="processing", title="Order 4711")
    second = await client.agents_sessions_setStatus(**args, status="suspended", title="Other")
    await client.agents_sessions_rename(**args, title="Order 4711 is late")

    assert first["agent_status"] == first["status"] == "processing"
    assert (second["status"], second["title"]) == ("suspended", "Order 4711")
    assert "warning" not in second.data
    assert (await session(scene))["title"] == "Order 4711 is late"


async def test_stop_tells_the_app_and_leaves_the_status_to_it(
    scene: Scene, client: AsyncWebClient
) -> None:
    await scene.worked_on()

    answer = await stop(scene, FINN)

    event = scene.bench.delivered[-1].payload["event"]
    assert answer == {"status": 200, "ok": True, "streaming_message_ts": []}
    assert event.pop("event_ts") == f"{scene.bench.workspace.now():.6f}"
    assert event == {
        "type": "agent_session_stopped",
        "user": FINN,
        "channel": SUPPORT,
        "thread_ts": scene.asked,
        "streaming_message_ts": [],
    }
    assert [(await session(scene))[key] for key in ("status", "stopped_by")] == ["processing", FINN]
    await client.agents_sessions_setStatus(
        channel_id=SUPPORT, thread_ts=scene.asked, status="active"
    )
    assert [(await session(scene))[key] for key in ("status", "stopped_by")] == ["active", ""]


async def test_stop_ends_what_streams_and_the_app_may_end_it_in_its_words(
    scene: Scene, client: AsyncWebClient
) -> None:
    done = await scene.stream()
    await client.chat_stopStream(channel=SUPPORT, ts=done)
    ts = await scene.stream()

    answer = await stop(scene)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_appendStream(channel=SUPPORT, ts=ts, markdown_text="more")
    await client.chat_stopStream(channel=SUPPORT, ts=ts, markdown_text="Stopped.")

    assert answer["streaming_message_ts"] == [ts]
    assert refused.value.response["error"] == "stopped_by_user"
    message = scene.bench.workspace.channels[SUPPORT].messages[ts]
    assert (message.text, message.streaming.state) == ("Let me look. Stopped.", "completed")
    assert (await session(scene))["status"] == "active"


async def test_streaming_moves_the_session_along(scene: Scene, client: AsyncWebClient) -> None:
    ts = await scene.stream()
    begun = await session(scene)
    await client.chat_stopStream(channel=SUPPORT, ts=ts, session_status="suspended")

    assert (begun["status"], begun["initiator"]) == ("processing", ANA)
    assert (await session(scene))["status"] == "suspended"


async def test_a_session_is_active_again_when_its_stream_was_cut_off(scene: Scene) -> None:
    await scene.stream()
    scene.bench.advance(301)

    assert (await session(scene))["status"] == "active"
    assert (await stop(scene))["status"] == 409


async def test_processing_ends_after_an_hour_unless_it_is_said_again(scene: Scene) -> None:
    await scene.worked_on()
    scene.bench.advance(3599)
    await scene.worked_on()
    scene.bench.advance(3599)
    before = await session(scene)
    scene.bench.advance(2)

    assert [before["status"], (await session(scene))["status"]] == ["processing", "active"]


async def test_without_the_event_there_is_a_warning_and_no_stop(
    scene: Scene, client: AsyncWebClient
) -> None:
    granted(scene, events=frozenset({"app_mention"}))

    answer = await client.agents_sessions_setStatus(
        channel_id=SUPPORT, thread_ts=scene.asked, status="processing"
    )

    warning = "missing_agent_session_stopped_event_subscription"
    assert (answer["warning"], answer["response_metadata"]) == (warning, {"warnings": [warning]})
    assert (await stop(scene))["error"].startswith("The app has no agent_session_stopped")


async def test_an_app_that_is_no_agent_has_no_sessions_but_streams(
    scene: Scene, client: AsyncWebClient
) -> None:
    granted(scene, agent=False)
    await scene.stream()

    with pytest.raises(SlackApiError) as refused:
        await client.agents_sessions_setStatus(
            channel_id=SUPPORT, thread_ts=scene.asked, status="processing"
        )

    assert refused.value.response["error"] == "not_authorized"
    assert (await scene.bench.see("status"))["sessions"] == []


async def test_only_people_in_the_channel_press_stop_and_only_while_it_works(scene: Scene) -> None:
    idle = await stop(scene)
    await scene.worked_on()
    stranger = await stop(scene, GITA)

    assert (idle["status"], idle["error"]) == (409, "Nothing is being worked on in this thread.")
    assert (stranger["status"], stranger["error"]) == (403, "Gita Rao is not in this channel.")


async def test_a_session_outlives_a_restart(scene: Scene, held: HeldClock) -> None:
    await scene.worked_on()
    scene.bench.workspace.store.close()

    async with running(scene.bench.workspace.settings, clock=held) as again:
        channel = again.workspace.channels[SUPPORT]
        found = again.workspace.sessions.find(channel, scene.asked)

    assert found is not None
    assert found.status == "processing"
