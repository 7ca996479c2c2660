"""Acknowledge: 200 events/s over signed HTTP, with workers stopped and with workers draining."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict

from benchmarks.figures import Figure, percentile, spread
from benchmarks.load import TWICE_EVERY, Order, Result
from benchmarks.office import Office

RATE = 200.0
_THREADS = 100
_CHANNELS = ("C0SUPPORT", "C0FINANCE", "C0GENERAL")
_TEXT = "<@U0SIGNOFF> Hello, what can you do?"


def measure(office: Office, seconds: float) -> list[Figure]:
    """The same load twice: what the first leaves queued is what workers drain under the second."""
    threads = _threads(office)
    with office.workers_stopped():
        stopped = _load(office, threads, seconds)
    time.sleep(1.0)
    before = _answered(office)
    draining = _load(office, threads, seconds)
    drained = (_answered(office) - before) / (seconds + 1)
    counted = _counted(office, [*stopped.acknowledged, *draining.acknowledged])
    refused = Counter([*stopped.refused, *draining.refused])
    method = (
        f"{RATE:g} signed events/s for {seconds:g} s from a second process, each timed from when "
        f"it is due; every {TWICE_EVERY}th delivered twice"
    )
    sides = (
        ("stopped", stopped, 50.0, "workers paused (SIGSTOP)"),
        ("draining", draining, 250.0, f"workers on the same cores, {drained:.0f} answers/s"),
    )
    figures = [
        Figure(
            f"acknowledge, workers {name}",
            spread(result.took_ms, 0.5, 0.99),
            f"p99 < {most:g} ms",
            percentile(result.took_ms, 0.99) < most,
            f"{method}; {how}",
        )
        for name, result, most, how in sides
    ]
    lost, double = counted
    return [
        *figures,
        Figure(
            "acknowledge, lost and double",
            f"{lost} lost, {double} double, {refused.total()} not acknowledged",
            "none",
            not lost and not double and not refused,
            f"{len(set(stopped.acknowledged + draining.acknowledged))} messages that got a 200, "
            "against turns, their jobs and their answers in SQL, and posts in Slack",
        ),
    ]


def _threads(office: Office) -> list[tuple[str, str]]:
    """Messages that stand in Slack, for the mentions to be said below."""
    said = []
    for number in range(_THREADS):
        channel = _CHANNELS[number % len(_CHANNELS)]
        said.append((channel, office.say("U0SAM", channel, f"Number {number} of the list.")))
    return said


def _load(office: Office, threads: list[tuple[str, str]], seconds: float) -> Result:
    order = Order(f"{office.bot}/slack/events", RATE, round(RATE * seconds), threads, _TEXT)
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return Result(**json.loads(child.stdout))


def _answered(office: Office) -> int:
    return int(office.rows("SELECT count(*) FROM turn WHERE status = 'answered'")[0][0])


def _counted(office: Office, acknowledged: list[str]) -> tuple[int, int]:
    """Messages with a 200 and no turn; and turns, first jobs, answers or posts there are twice."""
    turns = Counter(ts for (ts,) in office.rows("SELECT message_ts FROM turn"))
    jobs = Counter(
        subject
        for (subject,) in office.rows(
            "SELECT subject FROM outbox WHERE job = 'run_turn' AND key LIKE '%:received'"
        )
    )
    answers = Counter(s for (s,) in office.rows("SELECT subject FROM post WHERE kind = 'answer'"))
    posted = Counter(
        json.dumps(call["args"]["metadata"], sort_keys=True)
        for call in office.get("calls")["calls"]
        if call["method"] == "chat.postMessage" and call["args"].get("metadata")
    )
    lost = sum(1 for ts in set(acknowledged) if ts not in turns)
    double = sum(
        count - 1 for each in (turns, jobs, answers, posted) for count in each.values() if count > 1
    )
    return lost, double
