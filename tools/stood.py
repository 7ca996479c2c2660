"""Where standing permissions meet actions: found when one is prepared, used up when one begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals import standing
from approvals.policy.judge import Verdict
from approvals.subjects import subject_of
from approvals.tables import Action
from tools.deps import Deps

#: Under this key an action's verdict names the permission that answered its question.
STOOD_ON = "stood_on"


@dataclass(frozen=True)
class Stood:
    """The permission that covers an action, and what the story says of it."""

    id: str
    reason: str


def covering(session: Session, deps: Deps, row: Action, verdict: Verdict) -> Stood | None:
    """The standing permission that answers this question about a prepared action, if any.

    What somebody changed on its way is asked: nobody said yes to that.
    """
    principal = deps.people.by_id(row.principal_id)
    if principal is None or row.preview is None or row.edits:
        return None
    if not standing.may_stand(row.tool, verdict):
        return None
    now = deps.clock.now()
    subject = subject_of(
        tool=row.tool,
        effect=verdict.effect,
        args=row.args,
        principal=principal,
        channel=row.channel,
        automation=row.automation,
        origins=row.origins,
        authority=row.preview["authority"],
        preview=row.preview,
        undoes=row.undoes is not None,
        at=now,
    )
    found = standing.covering(
        session,
        deps.log,
        deps.people,
        subject,
        verdict,
        workspace_id=row.workspace_id,
        tool_version=row.tool_version,
        now=now,
    )
    if found is None:
        return None
    givers = standing.given_by(session, deps.people, found)
    return Stood(found.id, f"a standing permission of {givers} covers it")


def spend(session: Session, deps: Deps, action: Action, *, now: datetime) -> str | None:
    """Use up what an allowed action stands on, in the transaction that begins it.

    None where it stands on none or there was room; else why it must be asked after all.
    """
    permission_id = (action.verdict or {}).get(STOOD_ON)
    if permission_id is None or action.status != "allowed":
        return None
    return standing.spend(
        session,
        deps.log,
        deps.people,
        permission_id=permission_id,
        action=action,
        now=now,
    )
