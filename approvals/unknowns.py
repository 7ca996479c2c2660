"""Actions whose outcome nobody knows yet: a person looks and says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from approvals.moves import move
from approvals.people import Principal
from approvals.tables import Action
from audit.log import Log
from core.posts import ask_post


def ask_about(session: Session, action: Action, *, now: datetime) -> str:
    """Ask people whether an action of unknown outcome happened; once per action."""
    return ask_post(
        session,
        workspace_id=action.workspace_id,
        subject=action.id,
        kind="question",
        channel=action.channel,
        thread_ts=action.thread_ts,
        body={},
        now=now,
    )


def no_before(action: Action) -> datetime | None:
    """Until when nobody can say that this did not happen: the other side may still be at work on
    it. None where they can at once."""
    said = (action.outcome or {}).get("no_before")
    return datetime.fromisoformat(said) if said else None


@dataclass(frozen=True)
class Answered:
    """What became of a person's answer: settled | not_allowed | already_settled | too_early."""

    outcome: Literal["settled", "not_allowed", "already_settled", "too_early"]
    sentence: str


def answer_unknown(
    session: Session,
    log: Log,
    *,
    action_id: str,
    person: Principal | None,
    happened: bool,
    now: datetime,
    reason: str = "",
) -> Answered:
    """Settle an unknown outcome by what a person saw: the asker, its approvers or an operator."""
    action = session.get(Action, action_id, populate_existing=True)
    if action is None:
        return Answered("not_allowed", "This button doesn't belong to an open question.")
    if person is None or not may_settle(action, person):
        return Answered("not_allowed", "Only the asker, the approvers or an operator can say this.")
    if action.status != "unknown":
        return Answered("already_settled", f"This is settled already: it {_ended(action)}.")
    until = no_before(action)
    if not happened and until is not None and now < until:
        when = f"{until.astimezone(person.zone):%H:%M:%S}"
        return Answered(
            "too_early",
            f"The other system may still be at work on it. Please look again after {when}.",
        )
    did = "happened" if happened else "did not happen"
    said = f"{person.first_name} looked: it {did}"
    move(
        session,
        log,
        action,
        "succeeded" if happened else "failed",
        now=now,
        actor=person.id,
        reason=said,
        body={"words": reason} if reason else None,
        token=action.token,
        outcome=_outcome(said, happened),
    )
    return Answered("settled", f"Thank you. Noted: it {did}.")


def _outcome(said: str, happened: bool) -> dict[str, Any]:
    if happened:
        return {"status": "succeeded", "result": {}, "summary": said}
    return {"status": "failed", "code": "not_done", "message": said}


def may_settle(action: Action, person: Principal) -> bool:
    """Whether this person may say what became of it: the asker, an approver, an operator."""
    asked = {stage["who"] for stage in (action.verdict or {}).get("stages", ())}
    mine = {f"person:{person.id}", *(f"group:{group}" for group in person.groups)}
    return person.operator or person.id == action.principal_id or not asked.isdisjoint(mine)


def _ended(action: Action) -> str:
    return {"succeeded": "happened", "failed": "did not happen"}.get(
        action.status, f"is {action.status}"
    )
