"""What a standing permission would have covered so far, and what people rejected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlmodel import Session

from approvals.bounds import Bounds, outside_of, values_outside
from approvals.config_texts import kept_people
from approvals.people import People
from approvals.policy.history import (
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
    #: What a person rejected and these bounds cover, however long ago and whoever had chosen it.
    rejected: tuple[str, ...]
    #: How many could not be looked at any more, and how many of what was rejected.
    unknown: int
    rejected_unknown: int


def alike(
    session: Session, people: People, bounds: Bounds, *, workspace_id: str, newest: int = LOOKED_AT
) -> Alike:
    """Look through this person's past actions with this tool: the newest, and all rejected ones."""
    mine = Slice(workspace_id, tool=bounds.tool, principal_id=bounds.asker)
    directories = _directories(session, people, workspace_id)
    lately = replace(mine, newest=newest)
    asked = list(_covered(past_actions(session, lately, directories), bounds, _covers))
    refused = replace(mine, rejected=True)
    rejected = list(_covered(past_actions(session, refused, directories), bounds, _hits))
    return Alike(
        asked=tuple(found for found in asked if found is not None),
        rejected=tuple(found for found in rejected if found is not None),
        unknown=asked.count(None),
        rejected_unknown=rejected.count(None),
    )


def past_action(
    session: Session, people: People, action_id: str, *, workspace_id: str
) -> Past | None:
    """This action as it was judged; None where it cannot be told any more."""
    part = Slice(workspace_id, only=action_id)
    found = past_actions(session, part, _directories(session, people, workspace_id))
    first = next(iter(list(found)), None)
    return first if isinstance(first, Past) else None


def _covers(bounds: Bounds, past: Past) -> bool:
    return outside_of(bounds, past.subject(), past.people, bounds.tool_version) is None


def _hits(bounds: Bounds, past: Past) -> bool:
    """Whether the same done by the asker's own word would be covered: a refusal of what a letter
    chose is a refusal of it. A refusal to take something back is none."""
    subject = past.subject()
    return not subject.undoes and values_outside(bounds, subject) is None


def _covered(
    pasts: Iterator[Past | str], bounds: Bounds, fits: Callable[[Bounds, Past], bool]
) -> Iterator[str | None]:
    """Ids of what was asked and fits; None for each that cannot be looked at any more."""
    for past in pasts:
        if isinstance(past, str):
            if past not in {REPLACED, NEVER_JUDGED}:
                yield None
            continue
        try:
            covered = fits(bounds, past)
        except SignoffError:
            yield None
            continue
        if covered and past.verdict.kind == "ask":
            yield past.action_id


def _directories(session: Session, people: People, workspace_id: str) -> Directories:
    kept = kept_people(session, workspace_id=workspace_id)
    return Directories({**kept, people.digest: people})
