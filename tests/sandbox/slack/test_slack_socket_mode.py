"""Socket Mode as a client sees it: one connection per envelope, acks, redelivery, reconnects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.delivery.socket_mode import SocketMode
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import APP_TOKEN
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, Bench


@asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A bare websocket that said hello."""
    url = (await bench.call("apps.connections.open"))["url"]
    async with bench.http.ws_connect(url) as socket:
        yield socket


async def next_of(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return dict(await socket.receive_json(timeout=60))


async def acked(bench: Bench, socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Takes one envelope and acknowledges it."""
    envelope = await next_of(socket)
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    return envelope


async def never_acked(bench: Bench, socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Takes one envelope, whose time is over at once."""
    envelope = await next_of(socket)
    transport = bench.workspace.dispatcher.transport
    assert isinstance(transport, SocketMode)
    transport.give_up(envelope["envelope_id"])
    return envelope


async def attempts(bench: Bench) -> list[Any]:
    return [d["attempts"] for d in (await bench.see("deliveries"))["deliveries"]]


async def test_a_connection_is_greeted_and_counted(bench: Bench) -> None:
    async with connected(bench) as first, connected(bench) as second:
        hellos = [await next_of(first), await next_of(second)]

    assert [hello["type"] for hello in hellos] == ["hello", "hello"]
    assert [hello["num_connections"] for hello in hellos] == [1, 2]
    assert hellos[0]["connection_info"] == {"app_id": "A0SIGNOFF"}


async def test_nobody_connects_without_a_ticket(bench: Bench) -> None:
    url = bench.running.base_url.replace("http", "ws") + "/link/?ticket=forged"

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await bench.http.ws_connect(url)

    assert refused.value.status == 403


async def test_each_envelope_goes_to_one_connection(bench: Bench) -> None:
    async with connected(bench) as first, connected(bench) as second:
        await next_of(first)
        await next_of(second)
        for number in range(4):
            await bench.types(f"message {number}")

        texts = []
        for socket in (first, second, first, second):
            envelope = await acked(bench, socket)
            texts.append(envelope["payload"]["event"]["text"])

        assert sorted(texts) == [f"message {number}" for number in range(4)]
        await bench.until(lambda: _all_acked(bench, 4))


async def _all_acked(bench: Bench, number: int) -> bool:
    done = await attempts(bench)
    return len(done) == number and all(tries and tries[-1]["status"] == 200 for tries in done)


async def test_an_event_that_is_not_acknowledged_comes_again_three_times(bench: Bench) -> None:
    async with connected(bench) as socket:
        await next_of(socket)
        await bench.types("Hello")
        envelopes = [await never_acked(bench, socket) for _ in range(4)]

        await bench.until(lambda: _tried(bench, 4))

    assert [(e["retry_attempt"], e["retry_reason"]) for e in envelopes] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert len({e["payload"]["event_id"] for e in envelopes}) == 1
    assert len({e["envelope_id"] for e in envelopes}) == 4


async def _tried(bench: Bench, number: int) -> bool:
    return [len(tries) for tries in await attempts(bench)] == [number]


async def test_an_ack_ends_the_retries(bench: Bench) -> None:
    async with connected(bench) as socket:
        await next_of(socket)
        await bench.types("Hello")
        await never_acked(bench, socket)
        await acked(bench, socket)

        await bench.until(lambda: _all_acked(bench, 1))

    assert await attempts(bench) == [
        [
            {"status": 0, "retry": 0, "reason": "timeout"},
            {"status": 200, "retry": 1, "reason": ""},
        ]
    ]


async def test_an_ack_over_another_connection_counts(bench: Bench) -> None:
    async with connected(bench) as first, connected(bench) as second:
        await next_of(first)
        await next_of(second)
        await bench.types("one")
        await bench.types("two")
        one, two = await next_of(first), await next_of(second)
        await first.send_json({"envelope_id": two["envelope_id"]})
        await second.send_json({"envelope_id": one["envelope_id"]})

        await bench.until(lambda: _all_acked(bench, 2))


async def test_what_is_said_while_nobody_is_connected_waits(bench: Bench) -> None:
    ready_before = (await bench.see("ready"))["ready"]
    await bench.types("Anybody?")

    async with connected(bench) as socket:
        await next_of(socket)
        envelope = await acked(bench, socket)

    assert ready_before is False
    assert envelope["payload"]["event"]["text"] == "Anybody?"


async def test_nonsense_from_the_client_is_ignored(bench: Bench) -> None:
    async with connected(bench) as socket:
        await next_of(socket)
        for nonsense in ("{", "[]", '{"envelope_id": "unknown"}', '{"envelope_id": 5}'):
            await socket.send_str(nonsense)
        await bench.types("Hello")

        assert (await acked(bench, socket))["type"] == "events_api"


async def test_an_eleventh_connection_is_sent_away(bench: Bench) -> None:
    async with connected(bench) as first:
        others = [connected(bench) for _ in range(9)]
        for other in others:
            await next_of(await other.__aenter__())
        async with connected(bench) as eleventh:
            told = await next_of(eleventh)
        for other in others:
            await other.__aexit__(None, None, None)
        await next_of(first)

    assert told == {"type": "disconnect", "reason": "too_many_websockets"}


@pytest.mark.parametrize("abrupt", [False, True])
async def test_the_client_of_slack_sdk_reconnects_after_a_disconnect(
    bench: Bench, abrupt: bool
) -> None:
    heard: asyncio.Queue[SocketModeRequest] = asyncio.Queue()

    async def listen(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        await heard.put(request)

    client = SocketModeClient(
        APP_TOKEN,
        web_client=AsyncWebClient(base_url=bench.running.api_url),
        ping_interval=0.1,
    )
    client.socket_mode_request_listeners.append(listen)
    await client.connect()
    try:
        await bench.do("faults", kind="disconnect", abrupt=abrupt)
        await bench.types("Are you back?")

        request = await asyncio.wait_for(heard.get(), 10)
    finally:
        await client.close()

    assert request.payload["event"]["text"] == "Are you back?"


async def test_a_click_that_is_not_acknowledged_is_not_repeated(settings: Settings) -> None:
    hasty = replace(settings, ack_seconds=0.5)
    async with running(hasty) as workspace, aiohttp.ClientSession() as http:
        bench = Bench(workspace, http)
        async with connected(bench) as socket:
            await next_of(socket)

            answer = await bench.do(
                "commands", user=ANA, channel=SUPPORT, command="/signoff", text="help"
            )

        shown = (await bench.see(f"messages?channel={SUPPORT}"))["messages"]
        tried = await attempts(bench)

    assert answer == {"status": 200, "ok": True, "acked": False, "response": None}
    assert [(m["user"], m["text"]) for m in shown] == [("USLACKBOT", "/signoff failed: timeout")]
    assert tried == [[{"status": 0, "retry": 0, "reason": "timeout"}]]


async def test_a_duplicated_delivery_is_the_same_event_twice(bench: Bench) -> None:
    async with connected(bench) as socket:
        await next_of(socket)
        await bench.do("faults", kind="duplicate_delivery", times=1)
        await bench.types("Hello")
        await bench.types("Bye")

        envelopes = [await acked(bench, socket) for _ in range(3)]

    texts = [e["payload"]["event"]["text"] for e in envelopes]
    assert sorted(texts) == ["Bye", "Hello", "Hello"]
    assert len({e["payload"]["event_id"] for e in envelopes}) == 2
