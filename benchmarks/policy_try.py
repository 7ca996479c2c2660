"""What trying a policy on a long history costs, with every core of this machine.

`python -m benchmarks policy_try`. A million past actions are written into an SQLite database in
one go: refunds of different orders and amounts, letters and reads, of four people, over a year,
each with the arguments, origins, preview and verdict that the product keeps. Nothing repeats
itself as a whole, so almost every action is judged by itself. The policy tried is the starter file
with other limits, 200 rules in the second round.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

from approvals.config_texts import keep_text
from approvals.policy.history import Slice
from approvals.policy.trials import Trial, try_everywhere
from approvals.policy.trying import Tried
from benchmarks.figures import Figure
from core.configfile import text_digest
from core.db import open_database
from core.ids import derive_id

CONFIG = Path(__file__).parents[1] / "config"
#: Seconds for a million actions.
TARGET_S = 60
TEAM = "T0PRACTICE"
START = datetime(2025, 11, 20, 9, tzinfo=UTC)
PEOPLE = ("ana", "finn", "olga", "sam")


def measure(actions: int) -> list[Figure]:
    """Wall-clock and processor seconds of both rounds."""
    people, policy = ((CONFIG / f"{name}.yaml").read_text() for name in ("people", "policy"))
    changed = policy.replace("100 EUR", "150 EUR")
    with tempfile.TemporaryDirectory(prefix="signoff-try-") as folder:
        path = Path(folder) / "signoff.db"
        _write_history(path, actions, people)
        rounds = {"starter rules": changed, "200 rules": changed + _further_rules(200)}
        return [_figure(name, path, Trial(text, people), actions) for name, text in rounds.items()]


def _figure(name: str, path: Path, trial: Trial, actions: int) -> Figure:
    processes, before, start = os.cpu_count() or 1, _processor_s(), time.perf_counter()
    tried = try_everywhere(f"sqlite:///{path}", trial, Slice(TEAM), processes=processes)
    took, used = time.perf_counter() - start, _processor_s() - before
    return Figure(
        f"policy try, {actions:,} past actions, {name}",
        f"{took:.1f} s ({used:.1f} s of processor time)",
        f"< {TARGET_S} s",
        took < TARGET_S if actions >= 1_000_000 else None,
        f"{processes} processes; {_said(tried)}",
    )


def _said(tried: Tried) -> str:
    return f"{tried.judged:,} judged, {tried.changed:,} changed, {tried.saved:,} questions saved"


def _processor_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _further_rules(count: int) -> str:
    return "".join(
        f"\n  - {{name: r{n}, tool: tool{n % 50}.do, above: {1000 + n} EUR, who: group:finance}}"
        for n in range(count)
    )


def _write_history(path: Path, actions: int, people: str) -> None:
    db = open_database(f"sqlite:///{path}")
    SQLModel.metadata.create_all(db.engine)
    with db.transaction() as session:
        keep_text(session, workspace_id=TEAM, kind="people", text=people, now=START)
    db.engine.dispose()
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO action (id, workspace_id, step, call, principal_id, channel, automation, tool,"
        " tool_version, args, origins, status, verdict, preview, attempt, token, tainted,"
        " created_at) VALUES (?, ?, 0, 0, ?, 'C0SUPPORT', 'assistant', ?, '1.0.0', ?, ?, ?, ?, ?,"
        " 1, 1, 0, ?)",
        _rows(actions, text_digest(people)),
    )
    rejected = connection.execute("SELECT id, created_at FROM action WHERE status = 'rejected'")
    for action_id, at in rejected.fetchall():
        connection.execute(
            "INSERT INTO request (id, workspace_id, action_id, status, stages, stage, stage_at,"
            " awaited, agreed, expires_at, cards, on_expiry, created_at)"
            " VALUES (?, ?, ?, 'rejected', '[]', 0, ?, '[]', '[]', ?, 'thread', 'nothing', ?)",
            (f"req_{action_id}", TEAM, action_id, at, at, at),
        )
        connection.execute(
            "INSERT INTO decision (id, workspace_id, request_id, stage, person_id, for_id, vote,"
            " reason, at) VALUES (?, ?, ?, 0, 'finn', 'finn', 'reject', '', ?)",
            (f"dec_{action_id}", TEAM, f"req_{action_id}", at),
        )
    connection.commit()
    connection.close()


def _rows(actions: int, people: str) -> Iterator[tuple[Any, ...]]:
    for n in range(actions):
        at = START + timedelta(seconds=31 * n)
        asker = PEOPLE[n % 4]
        tool, args, origins, preview, verdict, status = _action(n)
        preview |= {"read_at": at.isoformat(), "verb": "do", "details": [["", "…"]], "undo": "no"}
        verdict |= {"digests": {"policy": "sha256:then", "people": people}}
        texts = [json.dumps(each) for each in (args, origins)]
        yield (
            derive_id("act", n), TEAM, asker, tool, *texts, status, json.dumps(verdict),
            json.dumps(preview), at.replace(tzinfo=None).isoformat(sep=" "),
        )  # fmt: skip


def _action(n: int) -> tuple[str, Any, Any, dict[str, Any], dict[str, Any], str]:
    """A refund, a letter inside or outside, or a read."""
    kind = n % 4
    if kind == 0:
        minor = 500 + (n * 7919) % 20_000
        args = {"order": str(10_000 + n), "amount": {"minor": minor, "currency": "EUR"}}
        origins = {
            "/order": "requester",
            "/amount/minor": "requester",
            "/amount/currency": "requester",
        }
        preview = _preview(f"Refund {minor} of {n}", ["order", "amount"], amount=args["amount"])
        above = minor > 10_000
        who, name = (
            ("group:finance", "refunds above EUR 100")
            if above
            else ("requester", "refunds up to EUR 100")
        )
        status = "rejected" if above and n % 100 == 0 else "succeeded"
        return "shop.refund", args, origins, preview, _asked(who, name), status
    if kind in (1, 2):
        to = f"customer{n}@example.com" if kind == 1 else "finn@lindqvist.example"
        args = {"to": [to], "subject": f"About order {n}", "text": f"Hello, this is about {n}."}
        origins = {"/to/0": "requester", "/subject": "model", "/text": "model"}
        preview = _preview(f"Mail {to}", ["to"], outside=kind == 1, recipients=[to])
        who, name = (
            ("group:operations", "mail outside") if kind == 1 else ("requester", "mail inside")
        )
        return "mail.send", args, origins, preview, _asked(who, name), "succeeded"
    preview = _preview("Look", ["order"])
    allowed = {**_asked("requester", "reads"), "kind": "allow", "stages": [], "effect": "read"}
    return (
        "shop.find_order",
        {"order": str(n)},
        {"/order": "requester"},
        preview,
        allowed,
        "succeeded",
    )


def _preview(title: str, authority: list[str], **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"title": title, "amount": None, "outside": False, "own": False}
    return {**base, "recipients": [], "authority": authority, **more}


def _asked(who: str, rule: str) -> dict[str, Any]:
    return {
        "kind": "ask",
        "reason": rule,
        "rules": [rule],
        "stages": [{"who": who, "quorum": 1, "why": rule}],
        "expires_in_s": 259_200,
        "four_eyes": who != "requester",
        "effect": "irreversible",
    }
