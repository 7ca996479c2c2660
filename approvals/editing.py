"""Approvers change a request instead of refusing it: a new action, judged and asked afresh.

What was asked is superseded and its votes are void. The values somebody typed count as theirs, and
they are an author of it from then on: where the asker may not approve alone (four eyes), neither
may they. Their own vote counts as any other, and the asker must agree to what they changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.actions import supersede
from approvals.directory import as_of
from approvals.entitlement import entitled, stage_of
from approvals.origins import leaves
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER, Stage, Verdict
from approvals.requests import decide
from approvals.seeing import may_see
from approvals.tables import Action, Request
from approvals.undoing import unasked
from audit.log import Log
from core.origins import Origin


@dataclass(frozen=True)
class Edited:
    """What became of a change: the action in the old one's place, or why there is none."""

    action_id: str | None
    sentence: str


def may_answer(
    session: Session, people: People, request_id: str, person: Principal, *, now: datetime
) -> Action | None:
    """The action that waits for this person's own answer now: they may change it, ask about it,
    or approve it. Else None."""
    request = session.get(Request, request_id, with_for_update=True, populate_existing=True)
    if request is None or request.workspace_id != people.workspace_id:
        return None
    if request.status != "pending" or request.expires_at <= now:
        return None
    if request.withheld is not None:
        return None
    action = session.get_one(Action, request.action_id, populate_existing=True)
    people = as_of(session, people, now=now)
    able = entitled(people, action, stage_of(request), person)[0]
    return action if able and may_see(session, request, action, person) else None


def edit(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal,
    args: Mapping[str, Any],
    now: datetime,
) -> Edited:
    """Put an action with these arguments (plain JSON, validated) in the place of the one asked."""
    action = may_answer(session, people, request_id, person, now=now)
    if action is None:
        return Edited(None, why_not(session, log, people, request_id, person, now=now))
    changed = changes(action.args, args)
    if not changed:
        return Edited(None, "Nothing is changed.")
    named = [entry["argument"] for entry in changed]
    names = ", ".join(named)
    if set(named) - set((action.preview or {}).get("editable") or ()):
        return Edited(None, f"This may not be changed here: {names}.")
    newer = supersede(
        session,
        log,
        action,
        now=now,
        actor=person.id,
        reason=f"{person.first_name} changed {names}",
        args=args,
        edit={"by": person.id, "at": now.isoformat(), "changed": changed},
    )
    return Edited(newer.id, f"Changed: {names}. I ask anew with what you typed.")


def why_not(
    session: Session,
    log: Log,
    people: People,
    request_id: str,
    person: Principal,
    *,
    now: datetime,
) -> str:
    """Why this person may not change or ask about it, told and recorded like a vote of theirs.

    To be asked only after `may_answer` said no in the same transaction, or it is a rejection.
    """
    return decide(
        session,
        log,
        people,
        request_id=request_id,
        person=person,
        vote="reject",
        reason=None,
        now=now,
    ).sentence


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`[{"argument", "from", "to"}]` of each argument that differs, in the new one's order."""
    names = dict.fromkeys((*after, *before))
    return [
        {"argument": name, "from": before.get(name), "to": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]


def typed_in_edits(action: Action) -> dict[str, Origin]:
    """JSON pointer of each leaf that somebody typed in a change -> whose word it is.

    A value counts as typed where it stands in an argument it was typed into; what that argument
    held before keeps its own origin, wherever in it it stands now.
    """
    typed: dict[tuple[str, str], Origin] = {}
    for edit_ in action.edits or ():
        own = edit_["by"] == action.principal_id
        for entry in edit_["changed"]:
            known = set(_spelled(entry["argument"], entry["from"]).values())
            for key in _spelled(entry["argument"], entry["to"]).values():
                if key not in known:
                    typed[key] = Origin.REQUESTER if own else Origin.EDITOR
    return {
        pointer: typed[key]
        for name, value in action.args.items()
        for pointer, key in _spelled(name, value).items()
        if key in typed
    }


def editors(action: Action, people: People) -> tuple[Principal, ...]:
    """Whoever changed it besides the one who asked."""
    found = [people.by_id(entry["by"]) for entry in action.edits or ()]
    others = [person for person in found if person and person.id != action.principal_id]
    return tuple(dict.fromkeys(others))


def agreed_by_asker(verdict: Verdict, action: Action, people: People) -> Verdict:
    """The verdict on an action that others changed: it is not done without the asker's agreement
    where policy would let it pass, nor on its editor's vote alone where it wants four eyes. Nor
    there on the vote alone of whoever wants something taken back that another one asked for."""
    others = editors(action, people)
    asker = people.by_id(action.principal_id)
    if asker is None or verdict.kind == "deny" or verdict.effect == "read":
        return verdict
    if others:
        who = " and ".join(person.first_name for person in others)
        agrees = Stage(REQUESTER, 1, f"{who} changed what {asker.first_name} asked for")
    elif verdict.kind == "ask" and _wanted_by_another(action):
        agrees = Stage(REQUESTER, 1, f"it takes back what {asker.first_name} asked for")
    else:
        return verdict
    if verdict.kind == "allow":
        return replace(verdict, kind="ask", reason=agrees.why, stages=(agrees,))
    if not verdict.four_eyes or any(stage.who == REQUESTER for stage in verdict.stages):
        return verdict
    return replace(verdict, stages=(*verdict.stages, agrees))


def _wanted_by_another(undo: Action) -> bool:
    return undo.undone_by not in (None, undo.principal_id) and not unasked(undo)


def _spelled(argument: str, value: Any) -> dict[str, tuple[str, str]]:
    """Pointer of each leaf -> the argument and its value; an amount's leaves carry it whole."""
    step = argument.replace("~", "~0").replace("/", "~1")
    return {
        pointer: (argument, f"{type(leaf).__name__} {leaf} {money or ''}")
        for pointer, leaf, money in leaves(value, f"/{step}")
    }
