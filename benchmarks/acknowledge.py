"""Acknowledge: 200 events/s over signed HTTP, with workers stopped and with workers draining; and
the highest rate at which it is still acknowledged in time."""

from __future__ import annotations

import json
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, percentile, spread
from benchmarks.load import TWICE_EVERY, Order, Result, run
from benchmarks.office import Office
from benchmarks.usage import CORES, Usage, look

RATE = 200.0
STOPPED_MS, DRAINING_MS = 50.0, 250.0
#: Tried in turn, workers stopped, until one is not sustained.
_RATES = (100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0)
_STEP_S = 4.0
_THREADS = 100
_TEXT = "<@U0SIGNOFF> Hello, what can you do?"


@dataclass(frozen=True)
class Loaded:
    """What became of a load, and the CPU time everybody took meanwhile."""

    rate: float
    result: Result
    usage: Usage
    #: CPU time of the sending process, its start included; and how long all of it took.
    child_s: float
    wall_s: float

    @property
    def p99(self) -> float:
        return percentile(self.result.took_ms, 0.99) if self.result.took_ms else float("inf")

    @property
    def is_sustained(self) -> bool:
        return not self.result.refused and self.p99 < STOPPED_MS

    def __str__(self) -> str:
        result, usage = self.result, self.usage
        deliveries = len(result.took_ms) + len(result.refused)
        sent = result.sent_s * CORES
        others = max(0.0, usage.machine - usage.office - self.child_s) / (self.wall_s * CORES)
        return (
            f"{usage.bot * 1000 / deliveries:.1f} ms of the bot's CPU per delivery; of the {CORES} "
            f"cores the bot took {usage.bot / sent:.0%}, the rest of the office "
            f"{(usage.office - usage.bot) / sent:.0%}, sending {result.cpu_s / sent:.0%} (how late "
            f"it sent counts: p99 {percentile(result.late_ms, 0.99):.1f} ms), all else on this "
            f"machine {others:.0%}"
        )


def measure(office: Office, seconds: float) -> list[Figure]:
    """The same load twice: what the first leaves queued is what workers drain under the second."""
    threads = office.threads(_THREADS)
    with office.workers_stopped():
        warm = _load(office, threads, RATE / 4, 2.0)
        stopped = _load(office, threads, RATE, seconds)
    time.sleep(1.0)
    before = _answered(office)
    draining = _load(office, threads, RATE, seconds)
    drained = (_answered(office) - before) / draining.wall_s
    with office.workers_stopped():
        steps = _staircase(office, threads)
    sides = (
        ("stopped", stopped, STOPPED_MS, "workers paused (SIGSTOP)"),
        ("draining", draining, DRAINING_MS, f"workers on the same cores, {drained:.0f} answers/s"),
    )
    return [
        *(_figure(*side, seconds) for side in sides),
        _highest(steps),
        _lost_and_double(office, [warm, stopped, *steps, draining]),
    ]


def _figure(name: str, loaded: Loaded, most_ms: float, how: str, seconds: float) -> Figure:
    method = (
        f"{RATE:g} signed events/s for {seconds:g} s from a second process, each timed from when "
        f"it is due; every {TWICE_EVERY}th delivered twice; {how}; {loaded}"
    )
    return Figure(
        f"acknowledge, workers {name}",
        spread(loaded.result.took_ms, 0.5, 0.99) if loaded.result.took_ms else "none",
        f"p99 < {most_ms:g} ms",
        loaded.p99 < most_ms and not loaded.result.refused,
        method,
    )


def _staircase(office: Office, threads: list[tuple[str, str]]) -> list[Loaded]:
    steps = []
    for rate in _RATES:
        steps.append(_load(office, threads, rate, _STEP_S))
        if not steps[-1].is_sustained:
            break
    return steps


def _highest(steps: Sequence[Loaded]) -> Figure:
    sustained = [step for step in steps if step.is_sustained]
    told = f"less than {_RATES[0]:g} events/s"
    if sustained:
        last = sustained[-1]
        told = f"{last.rate:g} events/s, {spread(last.result.took_ms, 0.5, 0.99)}"
    tried = ", ".join(f"{step.rate:g}/s {step.p99:.0f} ms" for step in steps)
    return Figure(
        "acknowledge, highest rate sustained",
        told,
        f">= {RATE:g} events/s",
        bool(sustained) and sustained[-1].rate >= RATE,
        f"workers paused; {_STEP_S:g} s at each rate until p99 reaches {STOPPED_MS:g} ms or one "
        f"delivery is not acknowledged; p99: {tried}",
    )


def _lost_and_double(office: Office, loads: Sequence[Loaded]) -> Figure:
    acknowledged = [ts for load in loads for ts in load.result.acknowledged]
    refused = Counter(status for load in loads for status in load.result.refused)
    lost, double = _counted(office, acknowledged)
    unanswered = f"{refused.total()} not acknowledged{_told(refused)}"
    return Figure(
        "acknowledge, lost and double",
        f"{lost} lost, {double} double, {unanswered}",
        "none",
        not lost and not double and not refused,
        f"{len(set(acknowledged))} messages that got a 200, against turns, their jobs and their "
        "answers in SQL, and posts in Slack",
    )


def _told(refused: Counter[str]) -> str:
    """` (500: 3, TimeoutError: 2)`; empty when there is none."""
    told = ", ".join(f"{status}: {count}" for status, count in refused.most_common())
    return told and f" ({told})"


def _load(office: Office, threads: list[tuple[str, str]], rate: float, seconds: float) -> Loaded:
    order = Order(f"{office.bot}/slack/events", rate, round(rate * seconds), threads, _TEXT)
    before, started = look(office), time.monotonic()
    child_before = _children_s()
    result = run(order)
    return Loaded(
        rate=rate,
        result=result,
        usage=look(office).since(before),
        child_s=_children_s() - child_before,
        wall_s=time.monotonic() - started,
    )


def _children_s() -> float:
    """CPU seconds of the child processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
