"""What must hold after every step, whatever happened: read from the rows, the log, the other
system's own books, and the model's record of clicks. Nothing here asks the product's own judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlmodel import select

from approvals.states import ACTION, ACTION_TERMINAL
from approvals.tables import Action, Decision, Grant, Request
from core.outbox import Outbox
from core.posts import Post
from tests.model.rights import (
    Case,
    Permitted,
    answers_are_their_own,
    begun_in_its_time,
    begun_while_nothing_was_stopped,
    covered_by_its_permission,
    decided_by_those_entitled,
    ended_by_a_no,
    has_the_scope,
    never_given_over_a_no,
    never_overspent,
    nobody_said_no_before_it_began,
    nothing_written_late,
    on_facts_that_held,
    somebody_has_it,
    still_entitled_when_begun,
)
from tests.model.story import Told
from tests.model.world import World
from tools.content import content_digest

_NEVER_DONE = frozenset({"denied", "rejected", "expired", "cancelled", "superseded", "failed"})
_NOT_BEGUN = frozenset({"proposed", "awaiting", "allowed", "approved"})


class Violated(AssertionError):
    """A promise was broken."""


@dataclass
class Seen:
    """What was seen before: terminal rows and tokens, which may never change or shrink."""

    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    #: Action -> what it takes back, by what its row said first.
    undoes: dict[str, str] = field(default_factory=dict)
    #: What it looked like at the last check, which need not be repeated.
    checked: tuple[int, ...] = ()


def check(world: World, seen: Seen) -> None:
    """Raises `Violated`, naming the promise and the action."""
    other = world.other
    looks = (world.db.version, len(other.effects), len(other.travelling), len(other.working))
    if looks == seen.checked:
        return
    seen.checked = looks
    permitted = Permitted.of(world)
    cases = _cases(world, permitted)
    open_jobs = {(row.job, row.subject) for row in world.rows(Outbox) if row.done_at is None}
    dead = {(row.job, row.subject) for row in world.acts.letters() if row.status == "dead"}
    by_id = {case.action.id: case for case in cases}
    for case in cases:
        for promise in (
            _once, _only_with_a_permission, _as_it_is_said, _the_log_explains_the_row,
            _used_at_most_once, decided_by_those_entitled, still_entitled_when_begun,
            begun_in_its_time, _the_question_fits, _its_turn_is_woken, answers_are_their_own,
            on_facts_that_held, begun_while_nothing_was_stopped, nothing_written_late,
        ):  # fmt: skip
            _hold(promise(case, world), promise.__name__, case)
        _hold(_nothing_goes_back(case.action, seen), "nothing goes back", case)
        _hold(has_the_scope(case, world, permitted), "has the scope when it begins", case)
        covered = covered_by_its_permission(case, world, permitted, by_id)
        _hold(covered, "covered by its standing permission", case)
        said_no = nobody_said_no_before_it_began(case, world, permitted, by_id)
        _hold(said_no, "a no ends a standing permission", case)
        _hold(somebody_has_it(case, open_jobs, dead), "somebody has it", case)
    for row in permitted.standing.values():
        held = never_overspent(row, world, cases)
        _hold(held, "a standing permission is never overspent", by_id[row.action_id])
        given = never_given_over_a_no(row, world, by_id)
        _hold(given, "what was rejected is not permitted for the asking", by_id[row.action_id])
    _each_call_once(cases)
    _undone_once(cases, seen)
    _resumed_once(world, {case.action.id: case.action for case in cases})


def check_settled(world: World) -> None:
    """At the end, with everything delivered: each action is settled or a person's question."""
    permitted = Permitted.of(world)
    cases = _cases(world, permitted)
    by_id = {case.action.id: case for case in cases}
    for row in permitted.standing.values():
        ended = ended_by_a_no(row, world, by_id)
        _hold(ended, "a no ends a standing permission", by_id[row.action_id])
    for case in cases:
        status = case.action.status
        _hold(status in ACTION_TERMINAL, f"it ends, not as {status}", case)
    known = {turn: set().union(*map(set, runs)) for turn, runs in world.resumed.items()}
    for case in cases:
        action = case.action
        if action.supersedes is None and action.turn_id is not None:
            _hold(action.id in known.get(action.turn_id, set()), "its turn went on", case)


def questions(world: World) -> set[str]:
    """Actions that people were asked about."""
    with world.db.read() as session:
        return set(session.exec(select(Post.subject).where(Post.kind == "question")))


def _once(case: Case, world: World) -> bool:
    chain = [case.action.id]
    with_older = {a.id: a.supersedes for a in world.actions()} if len(case.effects) else {}
    while (older := with_older.get(chain[-1])) is not None:
        chain.append(older)
    return sum(len(world.other.effects_of(one)) for one in chain) <= 1


def _only_with_a_permission(case: Case, _world: World) -> bool:
    action, grant = case.action, case.grant
    if not case.effects and not case.under_way:
        return True
    if grant is None or grant.consumed_at is None or grant.digest != action.digest:
        return False
    facts = action.facts or {}
    return all(
        sent.args == action.args and sent.facts == facts for sent in case.effects
    ) and grant.digest == content_digest(
        _tool(_world, action), args=action.args, principal_id=action.principal_id, facts=facts
    )


def _as_it_is_said(case: Case, world: World) -> bool:
    status, done = case.action.status, bool(case.effects)
    if status == "succeeded":
        return done or case.action.tool == "other.read"
    if status in _NEVER_DONE or status in _NOT_BEGUN:
        return not done and not case.under_way
    return True


def _the_log_explains_the_row(case: Case, _world: World) -> bool:
    """Each step is one event, in an order the table allows, and the last one is what the row is."""
    moves = case.moves()
    legal = all(after in ACTION[before] for before, after in pairwise(moves))
    return (
        moves[:1] == ["proposed"]
        and legal
        and moves[-1] == case.action.status
        and len(moves) == len(set(moves))
    )


def _used_at_most_once(case: Case, _world: World) -> bool:
    used = case.count("approvals:grant:consumed")
    begun = case.count("tools:effect:intent")
    consumed = case.grant is not None and case.grant.consumed_at is not None
    return used == begun == int(consumed) and case.count("approvals:grant:minted") <= 1


def _the_question_fits(case: Case, _world: World) -> bool:
    status = case.action.status
    if case.request is None:
        return status != "awaiting"
    if status == "awaiting":
        return case.request.status == "pending"
    return case.request.status != "pending"


def _its_turn_is_woken(case: Case, _world: World) -> bool:
    """Settled means that its turn is asked to go on, once; not settled, that it is not."""
    settled = case.action.status in ACTION_TERMINAL and case.action.status != "superseded"
    return len(case.woken) == int(settled and case.action.turn_id is not None)


def _nothing_goes_back(action: Action, seen: Seen) -> bool:
    newer = action.token >= seen.tokens.get(action.id, 0)
    seen.tokens[action.id] = action.token
    row = action.model_dump(exclude={"undoes"})  # an undo in vain makes room for another
    if action.status in ACTION_TERMINAL:
        return newer and seen.ended.setdefault(action.id, row) == row
    return newer and action.id not in seen.ended


def _each_call_once(cases: Iterable[Case]) -> None:
    roots: dict[tuple[Any, ...], list[Case]] = defaultdict(list)
    for case in cases:
        action = case.action
        if action.supersedes is None and action.undone_by is None and action.turn_id is not None:
            roots[action.turn_id, action.step, action.call].append(case)
    for found in roots.values():
        _hold(len(found) == 1, "one action per call of a step", found[0])


def _undone_once(cases: Iterable[Case], seen: Seen) -> None:
    """What was done is put back at most once, and only what was done."""
    undos: dict[str, list[Case]] = defaultdict(list)
    done = {case.action.id for case in cases if case.effects}
    for case in cases:
        if case.action.undoes is not None:
            seen.undoes.setdefault(case.action.id, case.action.undoes)
        if case.effects and (taken := seen.undoes.get(case.action.id)):
            undos[taken].append(case)
    for taken, found in undos.items():
        _hold(len(found) == 1 and taken in done, "undone once", found[-1])


def _resumed_once(world: World, actions: dict[str, Action]) -> None:
    for turn, runs in world.resumed.items():
        asked = [action_id for run in runs for action_id in run]
        if len(asked) != len(set(asked)):
            raise Violated(f"{turn} went on twice with one action")
        for run in runs:
            for head in run.values():
                if actions[head].status not in ACTION_TERMINAL:
                    raise Violated(f"{turn} went on with what is not settled")


def _cases(world: World, permitted: Permitted) -> list[Case]:
    events: dict[str | None, list[Told]] = defaultdict(list)
    for event in world.events():
        events[event.action_id].append(event)
    grants = {grant.action_id: grant for grant in world.rows(Grant)}
    requests = {request.action_id: request for request in world.rows(Request)}
    votes: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for vote in world.rows(Decision):
        votes[vote.request_id].add((vote.person_id, vote.vote))
    woken = [row for row in world.rows(Outbox) if row.job == "run_turn"]
    return [
        Case(
            action=action,
            events=events[action.id],
            grant=grants.get(action.id),
            request=requests.get(action.id),
            effects=world.other.effects_of(action.id) or permitted.made_by(action),
            under_way=world.other.under_way(action.id),
            clicks=world.clicks.get(action.id, []),
            # A job that was given up and is tried again is the same occasion.
            woken=[r for r in woken if f":{action.id}:" in r.key and ":dead_" not in r.key],
            begun=world.begun.get(action.id),
            votes=votes[requests[action.id].id] if action.id in requests else set(),
        )
        for action in world.rows(Action)
    ]


def _tool(world: World, action: Action) -> Any:
    return world.deps.registry.tool(action.tool)


def _hold(held: bool, promise: str, case: Case) -> None:
    if held:
        return
    words = promise.strip("_").replace("_", " ")
    action = case.action
    raise Violated(
        f"broken: {words}. {action.tool} {action.id} is {action.status}, "
        f"moves {case.moves()}, {len(case.effects)} effects, under way: {case.under_way}"
    )
