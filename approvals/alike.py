"""What a standing permission would have covered so far, and what people rejected of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from approvals.bounds import Bounds, outside_of
from approvals.config_texts import kept_people
from approvals.people import People
from approvals.policy_history import (
    NEVER_JUDGED,
    REPLACED,
    Directories,
    Past,
    Slice,
    past_actions,
)
from core.errors import SignoffError

#: How far back is looked: the newest so many actions of that person with that tool.
LOOKED_AT = 2_000


@dataclass(frozen=True)
class Alike:
    """Past actions that were asked about and that these bounds cover, by id."""

    asked: tuple[str, ...]
    #: Those of them that a person rejected.
    rejected: tuple[str, ...]
    #: How many could not be looked at any more.
    unknown: int


def alike(session: Session, people: People, bounds: Bounds, *, workspace_id: str) -> Alike:
    """Look through this person's past actions with this tool."""
    part = Slice(workspace_id, newest=LOOKED_AT, tool=bounds.tool, principal_id=bounds.asker)
    asked, rejected, unknown = [], [], 0
    for past in past_actions(session, part, _directories(session, people, workspace_id)):
        if isinstance(past, str):
            unknown += past not in {REPLACED, NEVER_JUDGED}
            continue
        try:
            covered = outside_of(bounds, past.subject(), past.people, bounds.tool_version) is None
        except SignoffError:
            unknown += 1
            continue
        if not covered or past.verdict.kind != "ask":
            continue
        asked.append(past.action_id)
        if past.status == "rejected":
            rejected.append(past.action_id)
    return Alike(tuple(asked), tuple(rejected), unknown)


def past_action(
    session: Session, people: People, action_id: str, *, workspace_id: str
) -> Past | None:
    """This action as it was judged; None where it cannot be told any more."""
    part = Slice(workspace_id, only=action_id)
    found = past_actions(session, part, _directories(session, people, workspace_id))
    first = next(iter(list(found)), None)
    return first if isinstance(first, Past) else None


def _directories(session: Session, people: People, workspace_id: str) -> Directories:
    kept = kept_people(session, workspace_id=workspace_id)
    return Directories({**kept, people.digest: people})
