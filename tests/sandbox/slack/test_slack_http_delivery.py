"""Signed HTTP delivery: verification, signatures, retries, and forged requests."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from sandbox.closing import close
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import SIGNING_SECRET, Json
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_app import free_port
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, Bench


@dataclass
class Endpoint:
    """An app's HTTP endpoint that notes what arrives and answers as it is told."""

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requests: "asyncio.Queue[tuple[web.Request, str]]" = field(default_factory=asyncio.Queue)

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.text()
        if '"url_verification"' in body:
            return web.json_response({"challenge": json.loads(body)["challenge"]})
        await self.requests.put((request, body))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers, text="" if status == 200 else "no")

    async def next(self) -> tuple[web.Request, str]:
        return await asyncio.wait_for(self.requests.get(), 10)


@dataclass(frozen=True)
class Served:
    bench: Bench
    endpoint: Endpoint

    async def attempts(self) -> list[Json]:
        (delivery,) = (await self.bench.see("deliveries"))["deliveries"]
        return list(delivery["attempts"])

    async def tried(self, number: int) -> bool:
        return len(await self.attempts()) == number


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    listening, url = free_port()
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/slack/events", endpoint.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    with listening:
        await web.SockSite(runner, listening).start()
        with_url = replace(settings, request_url=url)
        async with running(with_url) as workspace, aiohttp.ClientSession() as http:
            yield Served(Bench(workspace, http), endpoint)
        await close(runner)


def signed(request: web.Request, body: str) -> bool:
    return SignatureVerifier(SIGNING_SECRET).is_valid_request(body, dict(request.headers))


async def test_an_event_is_a_signed_json_post(served: Served) -> None:
    await served.bench.types("Hello")

    request, body = await served.endpoint.next()

    assert signed(request, body)
    assert request.content_type == "application/json"
    assert json.loads(body)["event"]["text"] == "Hello"
    assert "X-Slack-Retry-Num" not in request.headers


async def test_a_command_is_a_signed_form(served: Served) -> None:
    await served.bench.do("commands", user=ANA, channel=SUPPORT, command="/signoff", text="a & b")

    request, body = await served.endpoint.next()

    assert signed(request, body)
    assert request.content_type == "application/x-www-form-urlencoded"
    assert parse_qs(body)["text"] == ["a & b"]


async def test_the_app_is_ready_once_it_answered_the_challenge(served: Served) -> None:
    async def ready() -> bool:
        return bool((await served.bench.see("ready"))["ready"])

    await served.bench.until(ready)


async def test_an_app_that_does_not_answer_the_challenge_is_not_ready(settings: Settings) -> None:
    listening, url = free_port()
    with listening:
        unanswered = running(replace(settings, request_url=url))
        async with unanswered as workspace, aiohttp.ClientSession() as http:
            answer = await Bench(workspace, http).see("ready")

    assert answer == {
        "ready": False,
        "waiting_for": ["the app to answer the URL verification"],
    }


async def test_an_event_that_fails_comes_again_with_its_number_and_reason(served: Served) -> None:
    served.endpoint.statuses = [500, 503]
    await served.bench.types("Hello")

    seen = []
    for _ in range(3):
        request, body = await served.endpoint.next()
        retry = request.headers.get("X-Slack-Retry-Num")
        seen.append((retry, request.headers.get("X-Slack-Retry-Reason")))
        assert signed(request, body)
    await served.bench.until(lambda: served.tried(3))

    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert [a["status"] for a in await served.attempts()] == [500, 503, 200]


async def test_after_three_retries_an_event_is_given_up(served: Served) -> None:
    served.endpoint.statuses = [500] * 5
    await served.bench.types("Hello")

    await served.bench.until(lambda: served.tried(4))

    assert [a["status"] for a in await served.attempts()] == [500] * 4
    assert served.endpoint.requests.qsize() == 4


async def test_the_app_can_ask_for_no_retry(served: Served) -> None:
    served.endpoint.statuses = [404]
    served.endpoint.headers = {"X-Slack-No-Retry": "1"}
    await served.bench.types("Hello")
    await served.endpoint.next()
    await served.bench.types("Bye")

    _, body = await served.endpoint.next()

    assert json.loads(body)["event"]["text"] == "Bye"


@pytest.mark.parametrize("sign", ["bad", "old", "none"])
async def test_a_forged_delivery_does_not_verify(served: Served, sign: str) -> None:
    payload = {"type": "event_callback", "event": {"type": "message"}}

    answer = await served.bench.do("deliver", type="events_api", payload=payload, sign=sign)

    request, body = await served.endpoint.next()
    assert answer["acked"] is True
    assert json.loads(body) == payload
    assert not signed(request, body)


async def test_a_tampered_click_is_delivered_signed(served: Served) -> None:
    payload = {"type": "block_actions", "actions": [{"value": "somebody else's"}]}

    await served.bench.do("deliver", type="interactive", payload=payload)

    request, body = await served.endpoint.next()
    assert signed(request, body)
    assert json.loads(parse_qs(body)["payload"][0]) == payload


async def test_signatures_cannot_be_forged_over_socket_mode(bench: Bench) -> None:
    answer = await bench.do("deliver", type="events_api", payload={}, sign="bad")

    assert answer == {
        "status": 400,
        "ok": False,
        "error": "Signatures exist over HTTP only; start with --request-url.",
    }
