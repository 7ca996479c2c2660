"""What people corrected: changed fields and refusals with their reasons, as rows to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session, col, select

from approvals.tables import Action, Decision, Request
from llm.tables import ModelResponse


@dataclass(frozen=True)
class Correction:
    """One field somebody changed before approving, or one action somebody refused.

    `argument`, `before` and `after` are of a change, `why` of a refusal. `model` and `prompt` wrote
    what was corrected; None where a person did.
    """

    kind: Literal["edited", "rejected"]
    action_id: str
    tool: str
    automation: str
    #: The rules that put it to a person.
    rules: tuple[str, ...]
    who: str
    at: datetime
    argument: str | None = None
    before: Any = None
    after: Any = None
    why: str | None = None
    model: str | None = None
    prompt: str | None = None


def corrections(session: Session, *, workspace_id: str, since: datetime) -> list[Correction]:
    """All of them since then, oldest first. Changes nothing."""
    found = [*_edited(session, workspace_id, since), *_rejected(session, workspace_id, since)]
    return sorted(found, key=lambda each: (each.at, each.action_id, each.argument or ""))


def _edited(session: Session, workspace_id: str, since: datetime) -> Iterator[Correction]:
    query = select(Action).where(
        Action.workspace_id == workspace_id,
        col(Action.supersedes).is_not(None),
        Action.created_at >= since,
    )
    for newer in session.exec(query):
        # Looked at afresh for another reason, it keeps the edits of the one before.
        old = session.get_one(Action, newer.supersedes)
        for edit in (newer.edits or [])[len(old.edits or []) :]:
            at = datetime.fromisoformat(edit["at"])
            for each in edit["changed"]:
                yield _of(
                    session, old, "edited", edit["by"], at, argument=each["argument"],
                    before=each["from"], after=each["to"],
                )  # fmt: skip


def _rejected(session: Session, workspace_id: str, since: datetime) -> Iterator[Correction]:
    query = (
        select(Decision, Action)
        .join(Request, col(Request.id) == col(Decision.request_id))
        .join(Action, col(Action.id) == col(Request.action_id))
        .where(
            Decision.workspace_id == workspace_id, Decision.vote == "reject", Decision.at >= since
        )
    )
    for said, action in session.exec(query):
        yield _of(session, action, "rejected", said.person_id, said.at, why=said.reason)


def _of(
    session: Session,
    action: Action,
    kind: Literal["edited", "rejected"],
    who: str,
    at: datetime,
    **more: Any,
) -> Correction:
    verdict: Mapping[str, Any] = action.verdict or {}
    query = select(ModelResponse).where(
        ModelResponse.turn_id == action.turn_id, ModelResponse.step == action.step
    )
    # What somebody had typed into it already is not the model's any more.
    wrote = None if action.edits or action.turn_id is None else session.exec(query).first()
    return Correction(
        kind=kind,
        action_id=action.id,
        tool=f"{action.tool}@{action.tool_version}",
        automation=action.automation,
        rules=tuple(verdict.get("rules", ())),
        who=who,
        at=at,
        model=wrote.model if wrote else None,
        prompt=wrote.prompt if wrote else None,
        **more,
    )
