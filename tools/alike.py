"""A proposal alike to one that is under way or unclear is asked about, naming that one."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session, col, select

from approvals.policy.judge import Stage, Verdict
from approvals.subjects import ALIKE
from approvals.tables import Action, title_of

_UNDER_WAY = ("executing", "unknown")


def one_alike(session: Session, action: Action) -> Action | None:
    """An action of the same tool and authority arguments whose outcome is not known yet.

    Whoever asked for it: a second refund of one order is suspicious from anybody.
    """
    query = (
        select(Action)
        .where(
            Action.workspace_id == action.workspace_id,
            Action.alike == action.alike,
            Action.id != action.id,
            col(Action.status).in_(_UNDER_WAY),
        )
        .order_by(col(Action.created_at))
    )
    return session.exec(query).first()


def asked_instead(verdict: Verdict, other: Action) -> Verdict:
    """The verdict raised to a question that names the other action; a denial stays one."""
    if verdict.kind == "deny":
        return verdict
    title = title_of(other)
    state = "is under way" if other.status == "executing" else "has an unclear outcome"
    why = f"the same thing {state}: {title}"
    if verdict.kind == "ask":
        stages = tuple(replace(stage, why=f"{stage.why}; {why}") for stage in verdict.stages)
        return replace(verdict, reason=f"{verdict.reason}; {why}", stages=stages)
    rules = (*verdict.rules, ALIKE)
    stages = (Stage("requester", 1, why),)
    return replace(verdict, kind="ask", reason=why, stages=stages, rules=rules)
