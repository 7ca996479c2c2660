"""What operators see in their Home of where our ledger and the systems' records disagree, and what
they can do about each: have it compared again, say what explains it, read its story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.people import Principal
from bot.blocks.parts import Press
from bot.blocks.upkeep import Matter, Upkeep
from bot.deps import BotDeps
from bot.intake import take_trigger
from bot.presses.submitted import Submitted, record_submission
from bot.upkeep import backlog_lines
from bot.words import day_time
from core.outbox import enqueue
from tools.findings import NoSuchFinding, open_findings, settle
from tools.tables import Finding

COMPARE, EXPLAIN, STORY = "compare", "explain", "finding_story"
_OPERATORS_ONLY = "Only operators can do this."
_GONE = "That was cleared up already."


def upkeep_of(session: Session, deps: BotDeps, person: Principal) -> Upkeep | None:
    """The operators' part of Home; None for everybody else."""
    if not person.operator:
        return None
    team, now = deps.identity.team_id, deps.clock.now()
    rows = open_findings(session, workspace_id=team)
    lines = backlog_lines(session, deps, person, now=now)
    return Upkeep(tuple(_matter(row, person, now) for row in reversed(rows)), tuple(lines))


@dataclass(frozen=True)
class Pressed:
    """A press on one of these buttons in somebody's Home."""

    action_id: str
    finding_id: str
    trigger_id: str


def read_press(body: Mapping[str, Any]) -> Pressed | None:
    """None for any other click. Pure."""
    view, actions = body.get("view") or {}, body.get("actions") or [{}]
    action_id, value = actions[0].get("action_id"), actions[0].get("value")
    ours = view.get("type") == "home" and action_id in (COMPARE, EXPLAIN, STORY)
    if not ours or not isinstance(value, str):
        return None
    return Pressed(action_id, value[:300], str(body.get("trigger_id")))


def take_press(deps: BotDeps, person: Principal, pressed: Pressed) -> Finding | str | None:
    """Record the press; have it compared again where that was pressed. The finding where a window
    is to be opened about it, else the sentence to show; None where it was recorded before."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = take_trigger(
            session,
            deps,
            kind="action",
            trigger_id=pressed.trigger_id,
            user=person.slack_id,
            channel=None,
            payload={"action_id": pressed.action_id, "value": pressed.finding_id},
            now=now,
        )
        if not fresh:
            return None
        if not person.operator:
            return _OPERATORS_ONLY
        row = session.get(Finding, pressed.finding_id)
        if row is None or row.workspace_id != deps.identity.team_id or row.settled_at is not None:
            return _GONE
        if pressed.action_id != COMPARE:
            return row
        _queue(session, row, pressed.trigger_id, now)
        return "I am comparing again. What the other system shows by now stands here in a moment."


def submit_explained(
    deps: BotDeps, submitted: Submitted, person: Principal, reason: str
) -> str | None:
    """Settle the finding that the form names with this reason; a sentence where it could not be."""
    now, finding_id = deps.clock.now(), submitted.request_id
    with deps.db.transaction() as session:
        payload = {"finding_id": finding_id}
        if not record_submission(session, deps, submitted, payload, now=now):
            return None
        if not person.operator:
            return _OPERATORS_ONLY
        try:
            settle(
                session,
                deps.log,
                finding_id,
                workspace_id=deps.identity.team_id,
                by=person.id,
                reason=reason,
                now=now,
            )
        except NoSuchFinding:
            return _GONE
    return None


def _matter(row: Finding, person: Principal, now: datetime) -> Matter:
    return Matter(row.told, f"found {day_time(row.found_at, person.tz, now)}", _presses(row))


def _presses(row: Finding) -> Sequence[Press]:
    story = [Press("Story", STORY, row.id)] if row.action_id is not None else []
    return [Press("Compare again", COMPARE, row.id), Press("Explained…", EXPLAIN, row.id), *story]


def _queue(session: Session, row: Finding, occasion: str, now: datetime) -> None:
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job="reconcile",
        subject=row.tool,
        key=f"{row.tool}:{occasion}",
        args={"tool_name": row.tool},
        now=now,
    )
