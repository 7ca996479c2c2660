"""Slack's side of a busy hour: signed events at a fixed rate, from a process of its own.

`python -m benchmarks.load` reads `Order` as JSON from standard input and prints `Result` as JSON.
Each event is sent when it is due, whatever became of the ones before, and its time runs from then:
a slow answer delays no other event and hides nothing. Bodies and signatures are made before the
first one is due; what sending still costs is measured, because it is taken from the same cores.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from sandbox.slack.delivery.signed_http import signature

#: Every so many events one is delivered a second time, as Slack does when it doubts.
TWICE_EVERY = 20
_ACK_S = 10.0


@dataclass(frozen=True)
class Order:
    """`threads` are [channel, ts] of messages that stand in Slack: where the mentions are said."""

    url: str
    rate: float
    events: int
    threads: Sequence[Sequence[str]]
    text: str


@dataclass
class Result:
    """Milliseconds to each 200, the messages that got one, and what else came back."""

    took_ms: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    #: How late each delivery left here, and the CPU time and the time that sending them took.
    late_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    sent_s: float = 0.0


@dataclass(frozen=True)
class _Delivery:
    due: float
    ts: str
    body: str
    headers: dict[str, str]


async def send(order: Order) -> Result:
    result = Result()
    deliveries = _deliveries(order, time.time() + 0.5 + order.events / 5_000)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=_ACK_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        before = time.process_time()
        started = time.monotonic()
        async with asyncio.TaskGroup() as sending:
            for delivery in deliveries:
                await asyncio.sleep(max(0.0, delivery.due - time.time()))
                sending.create_task(_post(http, order.url, delivery, result))
        result.cpu_s = time.process_time() - before
        result.sent_s = time.monotonic() - started
    return result


def _deliveries(order: Order, started: float) -> list[_Delivery]:
    made = []
    for number in range(order.events):
        due = started + number / order.rate
        ts = f"{due:.6f}"
        body = json.dumps(_event(order, number, ts))
        headers = {"Content-Type": "application/json", **signature(body, "good")}
        made.append(_Delivery(due, ts, body, headers))
        if number % TWICE_EVERY == 0:
            again = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
            made.append(_Delivery(due, ts, body, {**headers, **again}))
    return made


async def _post(http: aiohttp.ClientSession, url: str, delivery: _Delivery, result: Result) -> None:
    result.late_ms.append((time.time() - delivery.due) * 1000)
    try:
        async with http.post(url, data=delivery.body, headers=delivery.headers) as answer:
            await answer.read()
            status = str(answer.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        status = type(error).__name__
    if status != "200":
        result.refused.append(status)
        return
    result.took_ms.append((time.time() - delivery.due) * 1000)
    result.acknowledged.append(delivery.ts)


def _event(order: Order, number: int, ts: str) -> dict[str, Any]:
    channel, thread_ts = order.threads[number % len(order.threads)]
    event = {
        "type": "app_mention",
        "user": "U0SAM",
        "team": "T0PRACTICE",
        "text": order.text,
        "ts": ts,
        "event_ts": ts,
        "thread_ts": thread_ts,
        "channel": channel,
    }
    return {
        "type": "event_callback",
        "team_id": "T0PRACTICE",
        "api_app_id": "A0SIGNOFF",
        "event_id": f"EvBENCH{ts}",
        "event_time": int(float(ts)),
        "event": event,
        "authorizations": [
            {"team_id": "T0PRACTICE", "user_id": "U0SIGNOFF", "is_bot": True, "enterprise_id": None}
        ],
    }


def run(order: Order) -> Result:
    """Send it from a process of its own."""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=True,
        timeout=order.events / order.rate + 60,
    )
    return Result(**json.loads(child.stdout))


def main() -> None:
    order = Order(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(send(order))), sys.stdout)


if __name__ == "__main__":
    main()
