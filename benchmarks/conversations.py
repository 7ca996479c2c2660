"""200 conversations at once: how long people wait when all of them write, and whether each is
answered once and in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from benchmarks.figures import Figure, median, spread
from benchmarks.load import Order, Result, run
from benchmarks.office import Office
from benchmarks.usage import CORES, look

CONVERSATIONS = 200
RATES = (10.0, 20.0)
_SUSTAINED = 10.0
#: Messages a person sends in a row: the second meets the first one being answered.
_IN_A_ROW = 2
_TEXT = "<@U0SIGNOFF> Hello, what can you do?"
#: Answering is sustained when what is left at the end is done within so many seconds.
_LEFT_S = 3.0
_PATIENCE_S = 300.0


@dataclass(frozen=True)
class _Load:
    rate: float
    result: Result
    #: Milliseconds from when each message was due to our answer standing in Slack.
    waited_ms: list[float]
    #: Seconds from the last message to the last answer.
    left_s: float
    out_of_order: int
    model_ms: float
    #: Share of all cores that the office took.
    busy: float

    @property
    def lost(self) -> int:
        return len(set(self.result.acknowledged)) - len(self.waited_ms)

    @property
    def is_sustained(self) -> bool:
        whole = not self.lost and not self.result.refused and not self.out_of_order
        return whole and self.left_s < _LEFT_S


def measure(office: Office, seconds: float) -> list[Figure]:
    found = office.threads(CONVERSATIONS)
    threads = [thread for thread in found for _ in range(_IN_A_ROW)]
    _load(office, threads, _SUSTAINED / 2, 4.0)  # everything is warm then
    return [_figure(_load(office, threads, rate, seconds), seconds) for rate in RATES]


def _figure(load: _Load, seconds: float) -> Figure:
    refused = f", {len(load.result.refused)} not acknowledged" if load.result.refused else ""
    method = (
        f"{CONVERSATIONS} threads, {load.rate:g} signed messages/s for {seconds:g} s, each person "
        f"writing {_IN_A_ROW} in a row; from when a message is due to our answer in Slack, the "
        f"model's own time included (median {load.model_ms:.1f} ms); the last answer "
        f"{load.left_s:.1f} s after the last message; the office took {load.busy:.0%} of "
        f"{CORES} cores"
    )
    target = "sustained, none lost, in order" if load.rate <= _SUSTAINED else ""
    return Figure(
        f"{CONVERSATIONS} conversations, {load.rate:g} messages/s",
        f"{spread(load.waited_ms, 0.5, 0.95, 0.99)}; {load.lost} lost, "
        f"{load.out_of_order} out of order{refused}",
        target,
        load.is_sustained if target else None,
        method,
    )


def _load(office: Office, threads: Sequence[tuple[str, str]], rate: float, seconds: float) -> _Load:
    before, lines = look(office), len(office.model_lines())
    result = run(Order(f"{office.bot}/slack/events", rate, round(rate * seconds), threads, _TEXT))
    wanted = set(result.acknowledged)
    office.until(
        lambda: len(_answers(office, wanted)) == len(wanted), "all answers", timeout_s=_PATIENCE_S
    )
    answers = _answers(office, wanted)
    used = look(office).since(before).office
    last_asked, last_answered = max(map(float, wanted)), max(at for at, _, _ in answers.values())
    lasted = last_answered - min(map(float, wanted))
    return _Load(
        rate=rate,
        result=result,
        waited_ms=[(at - float(ts)) * 1000 for ts, (at, _, _) in answers.items()],
        left_s=last_answered - last_asked,
        out_of_order=_out_of_order(answers),
        model_ms=median([line["took_ms"] for line in office.model_lines()[lines:]]),
        busy=used / (lasted * CORES),
    )


def _answers(office: Office, wanted: set[str]) -> dict[str, tuple[float, str, str]]:
    """By the message's ts: when its answer stood in Slack (seconds since 1970), the answer's ts
    there, and the conversation."""
    rows = office.rows(
        "SELECT turn.message_ts, max(outbox.done_at), post.ts, turn.conversation_id FROM turn "
        "JOIN post ON post.subject = turn.id AND post.kind = 'answer' "
        "JOIN outbox ON outbox.subject = post.id AND outbox.job = 'send_post' "
        "WHERE outbox.done_at IS NOT NULL AND post.ts IS NOT NULL GROUP BY turn.id"
    )
    return {ts: (_seconds(at), said, talk) for ts, at, said, talk in rows if ts in wanted}


def _out_of_order(answers: dict[str, tuple[float, str, str]]) -> int:
    """Answers that stand in Slack before the answer to an earlier message of their conversation."""
    talks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for ts, (_at, said, talk) in answers.items():
        talks[talk].append((ts, said))
    return sum(
        1
        for talk in talks.values()
        for (_, first), (_, second) in pairwise(sorted(talk))
        if float(second) < float(first)
    )


def _seconds(stored: Any) -> float:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC).timestamp()
