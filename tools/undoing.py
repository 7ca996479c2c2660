"""Taking something back: the press, what is proposed for it, and what changed since it was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlmodel import Session

from approvals.moves import move, row_of
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER, Stage, Verdict
from approvals.tables import Action, title_of
from approvals.undoing import IN_VAIN, TAKEN_BACK, may_undo, propose_undo, unasked
from approvals.windows import keep_together, redraw, undo_of, undo_until, window
from audit.log import Log
from core.errors import InvalidTransition
from core.origins import Origin
from tools.content import validated
from tools.contract import Refused, Tool
from tools.outcomes import failure
from tools.registry import Registry

log = structlog.get_logger()
_NOT_BEGUN = frozenset({"allowed", "approved"})


@dataclass(frozen=True)
class Pressed:
    """What became of a press on Undo, and the sentence for the person who pressed.

    `late`: its time was over at `until`, which the sentence leaves for the caller to say.
    """

    outcome: Literal["taken_back", "proposed", "already", "late", "not_allowed", "impossible"]
    sentence: str
    until: datetime | None = None


def press_undo(
    session: Session,
    audit: Log,
    people: People,
    registry: Registry,
    *,
    action_id: str,
    person: Principal,
    now: datetime,
) -> Pressed:
    """One person's press. Whatever it finds, the sentence tells the truth about it."""
    action = row_of(session, action_id)
    if action.workspace_id != people.workspace_id:
        return Pressed(*_NOTHING)
    refusal = may_undo(session, people, action, person)
    if refusal is not None:
        return Pressed("not_allowed", refusal)
    if action.status in _NOT_BEGUN:
        try:
            return _hold_back(session, audit, action, person, now)
        except InvalidTransition:
            action = row_of(session, action_id)  # the worker was faster
    if action.status != "succeeded":
        return Pressed(*_UNDONE_NOT.get(action.status, _NOTHING))
    former = undo_of(session, action.id)
    if former is not None and former.status not in IN_VAIN:
        return Pressed("already", _already(people, former))
    open_still = window(action, now=now)
    if open_still is None:
        until = undo_until(action)
        if until is None:
            return Pressed("impossible", "This cannot be undone.")
        return Pressed("late", "The time to undo this is over.", until)
    proposed = propose_back(session, audit, registry, action, by=person.id, now=now)
    if proposed is None:
        return Pressed("impossible", "I do not know what to put back: please look yourself.")
    # What belongs together with it and has not begun is not begun any more.
    keep_together(session, action, proposed.id, now=now)
    return Pressed("proposed", "I am on it: it is undone in a moment, or somebody is asked first.")


def propose_back(
    session: Session, audit: Log, registry: Registry, done: Action, *, by: str, now: datetime
) -> Action | None:
    """The action that takes `done` back, for `by`; None where nothing is known to put it back."""
    call = _call_back(registry, done)
    if call is None:
        return None
    tool, args = call
    title = title_of(done)
    undo = propose_undo(
        session,
        audit,
        done,
        tool=tool.name,
        tool_version=tool.version,
        args=args,
        title=f"Undo: {title}",
        by=by,
        now=now,
    )
    redraw(session, done, now=now)
    return undo


def origins_of(done: Action, origins: Mapping[str, str]) -> dict[str, str]:
    """Where the values that put `done` back came from: from our own record of it.

    What the other side answered counts as that answer does, where that is less.
    """
    said = Origin((done.outcome or {}).get("origin", Origin.FIRST_PARTY))
    origin = Origin.FIRST_PARTY if said.trusted else said
    return dict.fromkeys(origins, origin.value)


def told(shown: Mapping[str, Any], people: People, undo: Action, done: Action) -> dict[str, Any]:
    """The preview with what is taken back, and who wants that; it is not for anybody to edit."""
    title = title_of(done)
    lines = [["Takes back", f"“{title}”"]]
    if unasked(undo):
        lines.append(["Wanted by", "nobody: it began by itself, as another step was not done"])
    elif undo.undone_by not in (None, undo.principal_id):
        person = people.by_id(undo.undone_by or "")
        lines.append(["Wanted by", person.first_name if person else "somebody"])
    whole = {name: value for name, value in shown.items() if name != "editable"}
    return {**whole, "details": [*lines, *shown["details"]]}


def changes_since(registry: Registry, done: Action, facts: Mapping[str, Any]) -> list[str]:
    """What is not any more as `done` left it, in words; empty when nothing is known to differ."""
    tool = registry.tool(done.tool)
    if tool is None or tool.undo_expects is None:
        return []
    try:
        args, result = validated(tool, done.args), (done.outcome or {}).get("result") or {}
        expected = tool.undo_expects(args, result)
    except (Refused, LookupError, TypeError, ValueError):
        log.warning("undo_not_compared", tool=tool.name, action_id=done.id)
        return ["what was done cannot be compared any more"]
    return [
        f"{name.replace('_', ' ')} was {_said(was)} and is {_said(facts.get(name))} now"
        for name, was in expected.items()
        if facts.get(name) != was
    ]


def asked_because(verdict: Verdict, changes: list[str]) -> Verdict:
    """The verdict raised to a question that says what changed; a denial stays one."""
    if verdict.kind == "deny" or not changes:
        return verdict
    why = f"something changed since it was done: {'; '.join(changes)}"
    if verdict.kind == "allow":
        return replace(verdict, kind="ask", reason=why, stages=(Stage(REQUESTER, 1, why),))
    stages = tuple(replace(stage, why=f"{why}; {stage.why}") for stage in verdict.stages)
    return replace(verdict, reason=f"{why}; {verdict.reason}", stages=stages)


def _hold_back(
    session: Session, audit: Log, action: Action, person: Principal, now: datetime
) -> Pressed:
    """Cancel what has not begun: the move and the worker's claim exclude each other."""
    said = f"{person.first_name} took it back before it was begun"
    outcome = failure("cancelled", f"{said}. Nothing was done.") | {"code": TAKEN_BACK}
    move(
        session,
        audit,
        action,
        "cancelled",
        now=now,
        actor=person.id,
        reason=said,
        outcome=outcome,
    )
    return Pressed("taken_back", "Taken back in time: nothing was done.")


def _call_back(registry: Registry, done: Action) -> tuple[Tool, dict[str, Any]] | None:
    tool = registry.tool(done.tool)
    result = (done.outcome or {}).get("result")
    if tool is None or tool.undo is None or not result:
        return None
    try:
        name, args = tool.undo(validated(tool, done.args), result)
    except (Refused, LookupError, TypeError, ValueError):
        log.exception("undo_unknown", tool=tool.name, action_id=done.id)
        return None
    back = registry.tool(name)
    return (back, args) if back is not None else None


def _already(people: People, undo: Action) -> str:
    person = people.by_id(undo.undone_by or undo.principal_id)
    who = person.first_name if person else "Somebody"
    if unasked(undo):
        who = "I"
    if undo.status == "succeeded":
        return f"{who} undid this already."
    if undo.status == "unknown":
        return f"{who} wanted this undone; it is not known whether that happened: see my question."
    want = "want" if who == "I" else "wants"
    if undo.status == "awaiting":
        return f"{who} {want} this undone already: see its card."
    return f"{who} {want} this undone already: it is being done."


def _said(value: Any) -> str:
    if value is None or value == "":
        return "not there"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "nobody"
    return str(value)


_NOTHING: tuple[Any, str] = ("impossible", "Nothing was done, so there is nothing to undo.")
_UNDONE_NOT: Mapping[str, tuple[Any, str]] = {
    "executing": (
        "impossible",
        "It has begun just now, so it cannot be held back any more. "
        "Once it is done, its card says whether it can be undone.",
    ),
    "unknown": (
        "impossible",
        "It is not known whether this happened: please answer my question about it first.",
    ),
    "cancelled": ("already", "This was taken back or stopped already: nothing was done."),
}
