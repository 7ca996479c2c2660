"""Who may answer a request: asked at the click and again at execution.

A *place* is one right to answer; it belongs to a person. Whoever stands in for somebody who is away
fills that place and no other: nobody answers twice, no place is filled twice, and nobody stands in
where they asked themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from approvals.people import OPERATORS, People, Principal
from approvals.policy.judge import REQUESTER, Stage, approver_words
from approvals.tables import Action, Request


def stage_of(request: Request, number: int | None = None) -> Stage:
    """The stage this request is in, or the one of this number."""
    return Stage.from_json(request.stages[request.stage if number is None else number])


def entitled(
    people: People, action: Action, stage: Stage, person: Principal | None
) -> tuple[bool, str]:
    """Whether this person may answer this stage, and if not, why, as a sentence."""
    if person is None:
        return False, "I don't know you, so you cannot decide this."
    if places(people, action, stage, person):
        return True, ""
    asker = people.by_id(action.principal_id)
    if stage.who == REQUESTER:
        name = asker.first_name if asker else "the person who asked"
        return False, f"Only {name}, who asked for this, can confirm it."
    able = eligible(people, action, stage)
    others = _named(listed(able), whom(stage)) if able else "nobody"
    if person.id in authors(action):
        why = "You asked for this" if person.id == action.principal_id else "This is for you"
        return False, f"{why}, so someone else must approve it: {others}."
    return False, f"You cannot decide this; it is for {others}."


def eligible(people: People, action: Action, stage: Stage) -> tuple[Principal, ...]:
    """Everybody who may answer this stage by themselves. Empty means nobody, never anybody."""
    if stage.who == REQUESTER:
        found = people.by_id(action.principal_id)
        return (found,) if found else ()
    members = [] if stage.escalated and stage.instead else [*people.asked(stage.who)]
    if stage.escalated:
        members += people.asked(stage.escalate_to)
    if stage.handed:
        members += [p for p in people.asked(stage.hand_to) if p.id in stage.handed]
    found_once = dict.fromkeys(members)
    if four_eyes(action):
        return tuple(member for member in found_once if member.id not in authors(action))
    return tuple(found_once)


def places(
    people: People, action: Action, stage: Stage, person: Principal
) -> tuple[Principal, ...]:
    """Whose place this person may fill here: their own first, then those they stand in for."""
    able = {each.id: each for each in eligible(people, action, stage)}
    own = [able[person.id]] if person.id in able else []
    if stage.who == REQUESTER or person.id in authors(action):
        return tuple(own)
    away = [each for each in people.away_with(person.id) if each.id in able]
    return (*own, *(each for each in away if may_stand_in(stage, person)))


def stand_ins(
    people: People, action: Action, stage: Stage, owner: Principal
) -> tuple[Principal, ...]:
    """Who answers this stage in the place of this person while they are away."""
    found = people.deciding_for(owner.id)
    return tuple(p for p in found if p.id not in authors(action) and may_stand_in(stage, p))


def may_stand_in(stage: Stage, person: Principal) -> bool:
    """Whether this person may answer this stage in another's place. What only operators may permit
    is not handed over by being away, unless people.yaml says so of whoever stands in."""
    return stage.who != OPERATORS or person.operator or person.stands_in_for_operators


def keeps(people: People, action: Action, stage: Stage, voter_id: str, for_id: str) -> bool:
    """Whether an answer given by this person in that place still counts: whose place it is must
    still be entitled, and whoever stood in must still be served. What a stand-in answered while
    they stood in holds after that time has ended."""
    voter, owner = people.by_id(voter_id), people.by_id(for_id)
    if voter is None or owner is None or voter_id in people.inactive:
        return False
    if voter_id != for_id and voter_id in authors(action):
        return False
    # Who could answer before it went to others instead has answered in time.
    return owner in eligible(people, action, replace(stage, instead=False))


def authors(action: Action) -> frozenset[str]:
    """Ids of those whose wish this is: the asker, and whom its verdict bars besides. They stand in
    for nobody here, and where four eyes are asked they do not answer at all."""
    return frozenset((action.principal_id, *(action.verdict or {}).get("barred", ())))


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


def whom(stage: Stage) -> str:
    """Whom this stage asks now, in words: `Finance`, `Finance or Board`."""
    first, other = approver_words(stage.who), approver_words(stage.escalate_to)
    if not stage.escalated:
        return first
    return other if stage.instead else f"{first} or {other}"


def _named(names: str, group: str) -> str:
    """`Finn (Finance)`, and `Finn` where Finn is who is asked."""
    return names if names == group else f"{names} ({group})"


def _emptiness(people: People, stage: Stage) -> str:
    kind, _, name = stage.who.partition(":")
    if kind == "usergroup":
        problem = people.unreadable(name)
        if problem is not None:
            return problem
    if kind in ("group", "usergroup") and not people.asked(stage.who):
        return f"{'group' if kind == 'group' else 'user group'} {name} is empty"
    if kind in ("group", "usergroup"):
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
