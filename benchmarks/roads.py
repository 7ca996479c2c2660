"""One message at a time through the running office, told apart hop by hop afterwards.

Every time is taken where it happens: the delivery and the posted answer in the practice Slack's
journals, rows in SQL, the counterparts' own times by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from benchmarks import wal
from benchmarks.office import Office

#: What is left to do after the answer (status line, leases) is over by then.
_SETTLE_S = 0.25


@dataclass(frozen=True)
class Asked:
    """One message and what was counted while it was answered."""

    ts: str
    commits: int | None
    checkpoints: int


@dataclass(frozen=True)
class Answered:
    """Milliseconds from Slack's delivery to our message being in Slack, and of the model in it."""

    total_ms: float
    model_ms: float
    #: The same model calls as our client saw them, its own work included.
    client_ms: float
    trips: int


def ask(office: Office, text: str, *, user: str = "U0SAM", channel: str = "C0GENERAL") -> Asked:
    """A person asks; back when the answer is in Slack and all is still again."""
    with redis.Redis.from_url(f"{office.redis}/0") as link:
        before, scripts = wal.mark(office.database), _scripts(link)
        ts = office.say(user, channel, text)
        _await_answer(office, ts)
        time.sleep(_SETTLE_S)
        commits = wal.mark(office.database).since(before)
        return Asked(ts, commits, _scripts(link) - scripts)


def told(office: Office, asked: Sequence[Asked]) -> list[Answered]:
    """The times of these messages, from the journals."""
    delivered = {d["event_id"]: d["at"] for d in office.get("deliveries")["deliveries"]}
    posted = {
        call["args"].get("thread_ts"): call["at"]
        for call in reversed(office.get("calls")["calls"])
        if call["method"] == "chat.postMessage"
    }
    lines = office.model_lines()
    took: dict[str, float] = {}
    # The invoice is in the order of asking, and so are the turns: one at a time.
    for turn_id, _step, _ms in _responses(office):
        took[turn_id] = took.get(turn_id, 0.0) + lines.pop(0)["took_ms"]
    found = []
    for one in asked:
        event_id, turn_id = _rows_of(office, one.ts)
        found.append(
            Answered(
                total_ms=(posted[one.ts] - delivered[event_id]) * 1000,
                model_ms=took[turn_id],
                client_ms=sum(ms for turn, _, ms in _responses(office) if turn == turn_id),
                trips=_trips(office, turn_id),
            )
        )
    return found


def _await_answer(office: Office, ts: str) -> None:
    office.until(
        lambda: office.rows(
            "SELECT 1 FROM post JOIN turn ON post.subject = turn.id "
            "WHERE turn.message_ts = ? AND post.ts IS NOT NULL",
            ts,
        ),
        "the answer",
    )


def _responses(office: Office) -> list[Sequence[Any]]:
    return office.rows("SELECT turn_id, step, duration_ms FROM model_response ORDER BY at")


def _rows_of(office: Office, ts: str) -> Sequence[Any]:
    return office.rows(
        "SELECT inbound.event_id, turn.id FROM turn "
        "JOIN inbound ON inbound.key = 'msg:' || turn.workspace_id || ':' || turn.channel || ':' "
        "|| turn.message_ts WHERE turn.message_ts = ?",
        ts,
    )[0]


def _trips(office: Office, turn_id: str) -> int:
    """Jobs that were published for it. The execution of a read goes on in its `prepare`."""
    found = office.rows(
        "SELECT count(*) FROM outbox WHERE NOT (job = 'execute' AND key LIKE '%:allowed') AND "
        "(subject = :t OR subject IN (SELECT id FROM action WHERE turn_id = :t) "
        "OR subject IN (SELECT id FROM post WHERE subject = :t))".replace(":t", "?1"),
        turn_id,
    )
    return int(found[0][0])


def _scripts(link: redis.Redis) -> int:
    """Scripts run so far: every trip of the checkpointer is one, and nobody else runs any."""
    stats: Any = link.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))
