"""The page over a running practice workspace, as HTML: no browser needed."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.settings import Settings
from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.testing import FAST_RETRIES, Running, running
from tests.sandbox.page.page_counterparts import Counterparts, counterparts

CARD = [
    {"type": "header", "text": {"type": "plain_text", "text": "Refund EUR 180.00?"}},
    {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": "*Order*\n4711"}],
        "accessory": {
            "type": "static_select",
            "action_id": "pick",
            "placeholder": {"type": "plain_text", "text": "Pick one"},
            "options": [{"text": {"type": "plain_text", "text": "First"}, "value": "1"}],
        },
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "asked by <@U0ANA>"}]},
    {"type": "divider"},
    {"type": "markdown", "text": "| a | b |\n|---|---|\n| <script> | 2 |"},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "value": "r1",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Approve refund"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Really?"},
                    "text": {"type": "plain_text", "text": "It cannot be undone."},
                    "confirm": {"type": "plain_text", "text": "Do it"},
                    "deny": {"type": "plain_text", "text": "No"},
                },
            }
        ],
    },
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "liked",
                "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "1"},
                "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "0"},
            }
        ],
    },
]


@dataclass(frozen=True)
class Place:
    workspace: Running
    world: Counterparts
    http: httpx.AsyncClient
    bot: AsyncWebClient

    async def says(self, user: str, text: str, channel: str = "C0SUPPORT", **more: str) -> str:
        body = {"user": user, "channel": channel, "text": text, **more}
        answer = await self.http.post("/control/messages", json=body)
        return str(answer.json()["ts"])

    async def see(self, path: str, **query: str) -> str:
        names = {"as": query.pop("person", "U0ANA"), "channel": "C0SUPPORT", **query}
        answer = await self.http.get(path, params=names)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with counterparts() as world:
        settings = Settings(
            data=tmp_path, retry_delays=FAST_RETRIES, office=world.url, bot=world.url
        )
        async with (
            running(settings) as workspace,
            httpx.AsyncClient(base_url=workspace.base_url) as http,
        ):
            bot = AsyncWebClient(token=BOT_TOKEN, base_url=workspace.api_url)
            yield Place(workspace, world, http, bot)


async def test_the_page_offers_five_people_and_loads_nothing_from_elsewhere(place: Place) -> None:
    answer = await place.http.get("/")

    people = ["Ana (support)", "Finn (finance)", "Olga (operations)", "Sam (sales)", "Gita (guest)"]
    assert [name for name in people if name in answer.text] == people
    assert "Pattern-matching model, nothing here is real." in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_guest_sees_only_the_channels_they_are_in(place: Place) -> None:
    page = await place.see("/", person="U0GITA")

    assert 'data-channel="C0GENERAL"' in page
    assert 'data-channel="C0SUPPORT"' not in page


async def test_a_private_channel_shows_a_lock_and_shows_itself_to_its_members_alone(
    place: Place,
) -> None:
    inside = await place.see("/", person="U0ANA", channel="C0DISPUTES")
    outside = await place.see("/", person="U0FINN", channel="C0DISPUTES")

    assert 'data-channel="C0DISPUTES"' in inside
    assert "Private: only its members see it" in inside
    assert "isputes" not in outside


async def test_what_a_person_types_is_shown_as_text(place: Place) -> None:
    await place.says("U0SAM", "*hello* <script>alert(1)</script> & @Ana")

    page = await place.see("/fragments/messages")

    assert "<strong>hello</strong> &lt;script&gt;alert(1)&lt;/script&gt; &amp; " in page
    assert '<span class="mention">@Ana Berg</span>' in page
    assert "<script>" not in page


async def test_every_block_that_signoff_sends_is_shown(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff refund 4711")
    await place.bot.chat_postMessage(
        channel="C0SUPPORT", thread_ts=root, text="Refund?", blocks=CARD
    )

    thread = await place.see("/fragments/thread", thread_ts=root)

    for shown in (
        "Refund EUR 180.00?",
        "<strong>Order</strong><br>4711",
        'data-select="pick"',
        "<td>&lt;script&gt;</td>",
        'data-action="approve" data-value="r1"',
        "It cannot be undone.",
        'data-action="liked" data-value="0"',
    ):
        assert shown in thread
    assert "not shown here" not in thread


async def test_a_thread_opens_under_its_message(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff hello")
    await place.bot.chat_postMessage(channel="C0SUPPORT", thread_ts=root, text="Hello Ana")

    closed = await place.see("/fragments/messages")
    opened = await place.see("/fragments/messages", thread_ts=root)

    assert "1 reply" in closed
    assert "Hello Ana" not in closed
    assert "Hello Ana" in opened
    assert "Reply in thread" in opened


async def test_an_ephemeral_message_is_seen_by_its_person_alone(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff refund 4711")
    await place.bot.chat_postEphemeral(
        channel="C0SUPPORT", user="U0ANA", thread_ts=root, text="You may not approve your own."
    )

    ana = await place.see("/fragments/thread", thread_ts=root)
    finn = await place.see("/fragments/thread", thread_ts=root, person="U0FINN")

    assert "Only visible to you" in ana
    assert "You may not approve your own." in ana
    assert "You may not approve your own." not in finn


async def test_the_status_line_stands_in_its_thread(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff where is 4711?")
    await place.bot.assistant_threads_setStatus(
        channel_id="C0SUPPORT", thread_ts=root, status="is reading the shop…"
    )

    thread = await place.see("/fragments/thread", thread_ts=root)

    assert "Signoff is reading the shop…" in thread


async def test_the_newest_action_is_told_first_and_earlier_ones_are_folded(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff do it")
    place.world.stories[f"C0SUPPORT:{root}"] = [
        {"id": "act_1", "title": "Read a letter", "status": "succeeded", "lines": []},
        {"id": "act_2", "title": "Send a mail", "status": "denied", "lines": []},
    ]

    told = await place.see("/fragments/story", thread_ts=root)

    assert told.index('<article class="story" id="story-act_2">') < told.index(
        '<details class="story" id="story-act_1">'
    )
    assert '<span class="chip chip-bad">refused</span>' in told


async def test_direct_messages_show_status_and_story_of_what_was_written_last(
    place: Place,
) -> None:
    ts = await place.says("U0ANA", "hello", "D0ANA")
    await place.bot.assistant_threads_setStatus(
        channel_id="D0ANA", thread_ts=ts, status="is thinking…"
    )
    line = {"at": "", "text": "Ana asked"}
    place.world.stories[f"D0ANA:{ts}"] = [{"id": "act_1", "title": "Hello", "lines": [line]}]

    messages = await place.see("/fragments/messages", channel="D0ANA")
    story = await place.see("/fragments/story", channel="D0ANA")

    assert "Signoff is thinking…" in messages
    assert "Ana asked" in story


async def test_home_shows_what_was_published_for_this_person(place: Place) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Waiting for you: 1"}}]
    await place.bot.views_publish(user_id="U0FINN", view={"type": "home", "blocks": blocks})

    finn = await place.see("/fragments/home", person="U0FINN", tab="home")
    ana = await place.see("/fragments/home", tab="home")

    assert "Waiting for you: 1" in finn
    assert "Signoff has not drawn this page yet." in ana


async def test_counters_come_from_the_office_and_are_unknown_without_it(place: Place) -> None:
    place.world.counters.update(refunds_4711=1, mails_out=0, meetings=7)
    known = await place.see("/fragments/outside")
    place.world.counters.clear()
    unknown = await place.see("/fragments/outside")

    assert '<dd id="refunds-4711">1</dd>' in known
    assert '<dd id="meetings">7</dd>' in known
    assert '<dd id="refunds-4711">?</dd>' in unknown


async def test_the_story_of_the_thread_is_told_line_by_line(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff where is order 4711?")
    lines = [
        {"at": "2026-11-20T11:00:00+00:00", "text": "Ana asked"},
        {"at": 1795176001, "text": "read, no approval needed"},
    ]
    story = {"id": "act_1", "title": "Find order 4711", "status": "succeeded", "lines": lines}
    place.world.stories[f"C0SUPPORT:{root}"] = [story]

    told = await place.see("/fragments/story", thread_ts=root)
    other = await place.see("/fragments/story", thread_ts="1.1")

    assert "<time>12:00:00</time> <span>Ana asked</span>" in told
    assert "read, no approval needed" in told
    assert "The story appears here when Signoff acts." in other


async def test_open_pages_are_told_what_changed(place: Place) -> None:
    query = {"as": "U0ANA", "channel": "C0SUPPORT"}
    async with place.http.stream("GET", "/events", params=query) as stream:
        events = _changes(stream)
        await place.says("U0SAM", "hello", "C0GENERAL")
        elsewhere = await anext(events)
        await place.says("U0SAM", "hello")
        here = await anext(events)
        place.world.counters["mails_out"] = 1
        outside = await anext(events)

    assert elsewhere == {"fragments": [], "channel": "C0GENERAL"}
    assert here == {"fragments": ["messages", "guide"]}
    assert outside == {"fragments": ["outside"]}


async def test_a_page_with_an_open_thread_fetches_only_that(place: Place) -> None:
    root = await place.says("U0ANA", "@Signoff hello")
    query = {"as": "U0ANA", "channel": "C0SUPPORT", "thread_ts": root}
    async with place.http.stream("GET", "/events", params=query) as stream:
        events = _changes(stream)
        await place.says("U0SAM", "me too", thread_ts=root)
        reply = await anext(events)
        await place.bot.chat_postMessage(channel="C0SUPPORT", text="Elsewhere")
        channel = await anext(events)

    assert reply == {"fragments": ["thread", "guide"]}
    assert channel == {"fragments": ["messages", "guide"]}


async def test_a_server_that_stops_does_not_wait_for_open_pages(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, retry_delays=FAST_RETRIES)
    async with running(settings) as workspace, httpx.AsyncClient() as http:
        request = http.build_request("GET", f"{workspace.base_url}/events")
        stream = await http.send(request, stream=True)
        lines = stream.aiter_lines()
        first = await anext(lines)

    assert first == "retry: 1000"
    with contextlib.suppress(httpx.HTTPError):
        assert [line async for line in lines if line.startswith("event")] == []


async def test_another_web_page_can_neither_act_nor_look(place: Place) -> None:
    body = {"user": "U0ANA", "channel": "C0SUPPORT", "text": "hello"}
    foreign = {"Origin": "https://evil.example"}
    acted = await place.http.post("/control/messages", json=body, headers=foreign)
    looked = await place.http.get("/control/calls", headers={"Host": "evil.example"})
    own = {"Origin": place.workspace.base_url}
    welcome = await place.http.post("/control/messages", json=body, headers=own)

    assert (acted.status_code, looked.status_code, welcome.status_code) == (403, 403, 200)
    assert acted.json()["error"].startswith("This request comes from another web page")


async def test_an_unknown_fragment_is_not_found(place: Place) -> None:
    assert (await place.http.get("/fragments/secrets")).status_code == 404


async def test_the_plug_needs_a_tool_worker(place: Place) -> None:
    answer = await place.http.post("/control/plug", json={"arm": True})

    assert answer.status_code == 409
    assert "No tool worker runs here" in answer.json()["error"]


async def _changes(stream: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in stream.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
