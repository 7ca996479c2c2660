"""Who may answer a request: asked at the click and again at execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from approvals.people import People, Principal
from approvals.policy import REQUESTER, Stage, approver_words
from approvals.tables import Action


def entitled(
    people: People, action: Action, stage: Stage, person: Principal | None
) -> tuple[bool, str]:
    """Whether this person may answer this stage, and if not, why, as a sentence."""
    if person is None:
        return False, "I don't know you, so you cannot decide this."
    asker = people.by_id(action.principal_id)
    if stage.who == REQUESTER:
        if asker is not None and person.id == asker.id:
            return True, ""
        name = asker.first_name if asker else "the person who asked"
        return False, f"Only {name}, who asked for this, can confirm it."
    able = eligible(people, action, stage)
    if person.id in {each.id for each in able}:
        return True, ""
    others = f"{listed(able)} ({approver_words(stage.who)})" if able else "nobody"
    if person.id == action.principal_id:
        return False, f"You asked for this, so someone else must approve it: {others}."
    return False, f"You cannot decide this; it is for {others}."


def eligible(people: People, action: Action, stage: Stage) -> tuple[Principal, ...]:
    """Everybody who may answer this stage. Empty means nobody, never anybody."""
    kind, _, name = stage.who.partition(":")
    if stage.who == REQUESTER:
        found = people.by_id(action.principal_id)
        return (found,) if found else ()
    if kind == "group":
        members = people.members(name)
    elif kind == "person":
        person = people.by_id(name)
        members = (person,) if person else ()
    else:
        members = ()
    if four_eyes(action):
        return tuple(member for member in members if member.id != action.principal_id)
    return members


def four_eyes(action: Action) -> bool:
    """Whether the asker is excluded; an action without a verdict excludes them."""
    verdict: Mapping[str, Any] = action.verdict or {}
    return bool(verdict.get("four_eyes", True))


def impossible(people: People, action: Action, stages: Sequence[Stage]) -> str | None:
    """Why these stages can never be filled, as a sentence; None when they can.

    One person has one vote, so any stages together need as many people as their quorums sum to
    (Hall's condition).
    """
    able = {stage.who: {p.id for p in eligible(people, action, stage)} for stage in stages}
    for stage in stages:
        if not able[stage.who]:
            return f"nobody can approve this: {_emptiness(people, stage)}"
        if len(able[stage.who]) < stage.quorum:
            words = approver_words(stage.who)
            return (
                f"nobody can approve this: it needs {stage.quorum} of {words}, "
                f"and only {len(able[stage.who])} may"
            )
    for size in range(2, len(stages) + 1):
        for some in combinations(stages, size):
            together = set().union(*(able[stage.who] for stage in some))
            if len(together) < sum(stage.quorum for stage in some):
                return "nobody can approve this: too few different people may"
    return None


def _emptiness(people: People, stage: Stage) -> str:
    kind, _, name = stage.who.partition(":")
    if kind == "group" and not people.members(name):
        return f"group {name} is empty"
    if kind == "group":
        return f"nobody but the person who asks is in {approver_words(stage.who)}"
    return f"{approver_words(stage.who)} may not"


def listed(people: Sequence[Principal]) -> str:
    """First names: `Finn`, `Finn or Olga`, `Finn, Olga or Sam`; `nobody` for none."""
    names = [person.first_name for person in people]
    if not names:
        return "nobody"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
