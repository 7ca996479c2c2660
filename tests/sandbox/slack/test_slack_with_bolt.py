"""The real slack_bolt, over both transports: messages, clicks, modals, commands, Home."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest

from sandbox.slack.settings import Settings
from sandbox.slack.shapes import Json
from sandbox.slack.testing import PATIENCE_S, running
from tests.sandbox.slack.slack_app import Heard, free_port, make_bolt, over_http, over_socket
from tests.sandbox.slack.slack_bench import ANA, FINN, GENERAL, SUPPORT, Bench


@dataclass(frozen=True)
class Played:
    """A workspace with the real app in it."""

    bench: Bench
    heard: Heard

    async def asks(self) -> Json:
        """Ana asks; the message with the button that the app answers with."""
        await self.bench.types("@Signoff refund order 4711")
        await self.heard.next()
        await self.heard.next()
        return (await self.bench.see(f"messages?channel={SUPPORT}"))["messages"][-1]

    async def clicks(self) -> Json:
        """Ana presses the button; the modal that opens."""
        message = await self.asks()
        await self.bench.do(
            "actions", user=ANA, channel=SUPPORT, ts=message["ts"], action_id="approve"
        )
        return (await self.bench.see(f"views?user={ANA}"))["views"][0]

    async def sends(self, view: Json, text: str) -> Json:
        values = {"reason": {"text": text}}
        return await self.bench.do("views", user=ANA, view_id=view["id"], values=values)

    async def open_views(self) -> list[Json]:
        return (await self.bench.see(f"views?user={ANA}"))["views"]


@pytest.fixture(params=["socket", "http"])
async def played(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Played]:
    listening, url = free_port()
    settings = replace(settings, trigger_seconds=PATIENCE_S)
    settings = replace(settings, request_url=url) if request.param == "http" else settings
    heard = Heard()
    async with running(settings) as workspace, aiohttp.ClientSession() as http:
        bolt = make_bolt(workspace.api_url, heard)
        with listening:
            app: Any = over_http(bolt, listening) if request.param == "http" else over_socket(bolt)
            async with app:
                bench = Bench(workspace, http)
                await bench.until(lambda: _ready(bench))
                yield Played(bench, heard)


async def _ready(bench: Bench) -> bool:
    return bool((await bench.see("ready"))["ready"])


async def test_a_mention_arrives_as_two_events_and_is_answered_in_its_thread(
    played: Played,
) -> None:
    ts = await played.bench.types("@Signoff refund order 4711")

    bodies = [await played.heard.next(), await played.heard.next()]

    assert {body["event"]["type"] for body in bodies} == {"message", "app_mention"}
    assert len({body["event_id"] for body in bodies}) == 2
    assert {(body["event"]["channel"], body["event"]["ts"]) for body in bodies} == {(SUPPORT, ts)}
    messages = (await played.bench.see(f"messages?channel={SUPPORT}&thread_ts={ts}"))["messages"]
    assert [(m["user"], m["text"]) for m in messages] == [
        (ANA, "<@U0SIGNOFF> refund order 4711"),
        ("U0SIGNOFF", "Refund?"),
    ]


async def test_an_event_names_the_app_the_team_and_who_it_is_for(played: Played) -> None:
    await played.bench.types("Hello all")

    body = await played.heard.next()

    assert (body["team_id"], body["api_app_id"]) == ("T0PRACTICE", "A0SIGNOFF")
    assert body["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": "T0PRACTICE",
            "user_id": "U0SIGNOFF",
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]
    assert body["event"]["channel_type"] == "channel"


async def test_a_direct_message_is_one_event_even_with_a_mention(played: Played) -> None:
    await played.bench.types("@Signoff hello", channel="D0ANA")
    await played.bench.types("second", channel="D0ANA")

    bodies = [await played.heard.next(), await played.heard.next()]

    assert [body["event"]["type"] for body in bodies] == ["message", "message"]
    assert {body["event"]["channel_type"] for body in bodies} == {"im"}


async def test_a_click_brings_the_message_and_opens_a_modal(played: Played) -> None:
    message = await played.asks()

    answer = await played.bench.do(
        "actions", user=FINN, channel=SUPPORT, ts=message["ts"], action_id="approve"
    )

    body = await played.heard.next()
    assert answer == {"status": 200, "ok": True, "acked": True, "response": None}
    assert body["user"]["id"] == FINN
    assert body["actions"][0]["value"] == "yes"
    assert body["message"]["ts"] == body["container"]["message_ts"] == message["ts"]
    assert (await played.bench.see(f"views?user={FINN}"))["views"][0]["private_metadata"] == "a1"


async def test_an_answer_to_a_click_is_seen_by_the_clicker_alone(played: Played) -> None:
    await played.clicks()

    ana = await played.bench.see(f"messages?channel={SUPPORT}&user={ANA}")
    finn = await played.bench.see(f"messages?channel={SUPPORT}&user={FINN}")

    assert ana["messages"][-1]["text"] == "Thank you"
    assert ana["messages"][-1]["ephemeral_to"] == ANA
    assert "Thank you" not in [m["text"] for m in finn["messages"]]


async def test_a_modal_goes_back_with_errors_and_closes_when_they_are_mended(
    played: Played,
) -> None:
    view = await played.clicks()

    empty = await played.sends(view, "")
    refused = await played.sends(view, "no")
    sent = await played.sends(view, "wrong order")

    assert empty["errors"] == {"reason": "Please complete this required field."}
    assert refused == {"status": 200, "ok": False, "errors": {"reason": "Please say why."}}
    assert sent == {"status": 200, "ok": True, "acked": True, "response": None}
    assert await played.open_views() == []


async def test_a_modal_can_be_updated_pushed_and_cleared(played: Played) -> None:
    view = await played.clicks()

    await played.sends(view, "deeper")
    pushed = [v["blocks"][0]["type"] for v in await played.open_views()]
    await played.bench.do("views", user=ANA, view_id=(await played.open_views())[1]["id"], close=1)
    await played.sends(view, "more")
    updated = await played.open_views()
    await played.bench.do("views", user=ANA, view_id=view["id"], values={}, close=True)

    assert pushed == ["input", "section"]
    assert [(v["id"], v["blocks"][0]["text"]["text"]) for v in updated] == [(view["id"], "More?")]
    assert await played.open_views() == []


async def test_clear_closes_every_modal(played: Played) -> None:
    view = await played.clicks()
    await played.sends(view, "deeper")

    await played.sends(view, "enough")

    assert await played.open_views() == []


async def test_a_command_is_answered_to_its_sender(played: Played) -> None:
    answer = await played.bench.do(
        "commands", user=ANA, channel=SUPPORT, command="/signoff", text="help me"
    )

    body = await played.heard.next()
    assert answer["response"] == {"text": "You said: help me"}
    assert (body["command"], body["user_id"], body["channel_id"]) == ("/signoff", ANA, SUPPORT)
    shown = (await played.bench.see(f"messages?channel={SUPPORT}"))["messages"]
    assert [(m["text"], m["ephemeral_to"]) for m in shown] == [("You said: help me", ANA)]


async def test_opening_home_is_told_to_the_app(played: Played) -> None:
    await played.bench.do("home", user=ANA)

    event = (await played.heard.next())["event"]

    assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", ANA, "home")


async def test_somebody_who_joins_is_told_to_the_app(played: Played) -> None:
    await played.bench.do("members", user="U0GITA", channel=SUPPORT)

    event = (await played.heard.next())["event"]

    assert (event["type"], event["user"]) == ("member_joined_channel", "U0GITA")


async def test_stop_reaches_the_app_which_ends_its_work(played: Played) -> None:
    ts = await played.bench.types("Hello", channel=GENERAL)
    await played.heard.next()
    client = make_bolt(played.bench.running.api_url, Heard()).client
    await client.agents_sessions_setStatus(channel_id=GENERAL, thread_ts=ts, status="processing")

    await played.bench.do("stop", user=ANA, channel=GENERAL, thread_ts=ts)
    event = (await played.heard.next())["event"]

    (session,) = (await played.bench.see("status"))["sessions"]
    assert (event["type"], event["user"]) == ("agent_session_stopped", ANA)
    assert (session["status"], session["stopped_by"]) == ("active", "")


async def test_streaming_with_the_helper_of_slack_sdk_leaves_one_message(played: Played) -> None:
    ts = await played.bench.types("Hello", channel=GENERAL)
    client = make_bolt(played.bench.running.api_url, Heard()).client

    stream = await client.chat_stream(
        channel=GENERAL,
        thread_ts=ts,
        recipient_user_id=ANA,
        recipient_team_id="T0PRACTICE",
        buffer_size=4,
    )
    await stream.append(markdown_text="**Order 4711** ")
    await stream.append(markdown_text="is shipped.")
    await stream.stop()

    messages = (await played.bench.see(f"messages?channel={GENERAL}"))["messages"]
    assert [m["text"] for m in messages] == ["Hello", "**Order 4711** is shipped."]
    assert messages[1]["stream"]["state"] == "completed"
