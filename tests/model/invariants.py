"""What must hold after every step, whatever happened: read from the rows, the log, the other
system's own books, and the model's record of clicks. Nothing here asks the product's own judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlmodel import col, select

from approvals.states import ACTION, ACTION_TERMINAL
from approvals.tables import Action, Grant, Request
from audit.tables import Event
from core.outbox import Outbox
from core.posts import Post
from tests.model.counterpart import Applied
from tests.model.world import GROUPS, Clicked, World
from tools.content import content_digest

_MOVES = "approvals:action:"
_NEVER_DONE = frozenset({"denied", "rejected", "expired", "cancelled", "superseded", "failed"})
_NOT_BEGUN = frozenset({"proposed", "awaiting", "allowed", "approved"})


class Violated(AssertionError):
    """A promise was broken."""


@dataclass
class Seen:
    """What was seen before: terminal rows and tokens, which may never change or shrink."""

    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    #: What it looked like at the last check, which need not be repeated.
    checked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Case:
    """Everything known of one action."""

    action: Action
    events: list[Event]
    grant: Grant | None
    request: Request | None
    effects: list[Applied]
    under_way: bool
    clicks: list[Clicked]
    woken: list[Outbox]

    def moves(self) -> list[str]:
        return [e.type.removeprefix(_MOVES) for e in self.events if e.type.startswith(_MOVES)]

    def count(self, kind: str) -> int:
        return sum(event.type == kind for event in self.events)


def check(world: World, seen: Seen) -> None:
    """Raises `Violated`, naming the promise and the action."""
    other = world.other
    looks = (world.db.version, len(other.effects), len(other.travelling), len(other.working))
    if looks == seen.checked:
        return
    seen.checked = looks
    cases = _cases(world)
    for case in cases:
        for promise in (
            _once, _only_with_a_permission, _as_it_is_said, _the_log_explains_the_row,
            _used_at_most_once, _decided_by_those_entitled, _the_question_fits, _its_turn_is_woken,
        ):  # fmt: skip
            _hold(promise(case, world), promise.__name__, case)
        _hold(_nothing_goes_back(case.action, seen), "nothing goes back", case)
    _each_call_once(cases)
    _resumed_once(world, {case.action.id: case.action for case in cases})


def check_settled(world: World) -> None:
    """At the end, with everything delivered: each action is settled or a person's question."""
    for case in _cases(world):
        status = case.action.status
        _hold(status in ACTION_TERMINAL, f"it ends, not as {status}", case)
    known = {turn: set().union(*map(set, runs)) for turn, runs in world.resumed.items()}
    for case in _cases(world):
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


def _decided_by_those_entitled(case: Case, _world: World) -> bool:
    """Approved only with, for each stage in its turn, enough clicks of different people who were
    in its group then, none of them the asker's; nothing is asked of a stage nobody can fill."""
    if "approved" not in case.moves() or case.request is None:
        return "approved" not in case.moves()
    counted = [one for one in case.clicks if one.outcome in ("counted", "approved")]
    clicks, used = [one for one in counted if one.vote == "approve"], set[str]()
    for stage in case.request.stages:
        voters: set[str] = set()
        while len(voters) < stage["quorum"]:
            if not clicks:
                return False
            click = clicks.pop(0)
            if click.person not in used and _may(case, stage, click):
                voters.add(str(click.person))
                used.add(str(click.person))
    return True


def _may(case: Case, stage: dict[str, Any], click: Clicked) -> bool:
    kind, _, name = stage["who"].partition(":")
    asker = case.action.principal_id
    if kind == "requester":
        return click.person == asker
    who = GROUPS[click.groups].get(name, ()) if kind == "group" else (name,)
    return click.person in who and click.person != asker


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
    return len(case.woken) == int(settled)


def _nothing_goes_back(action: Action, seen: Seen) -> bool:
    newer = action.token >= seen.tokens.get(action.id, 0)
    seen.tokens[action.id] = action.token
    row = action.model_dump()
    if action.status in ACTION_TERMINAL:
        return newer and seen.ended.setdefault(action.id, row) == row
    return newer and action.id not in seen.ended


def _each_call_once(cases: Iterable[Case]) -> None:
    roots: dict[tuple[Any, ...], list[Case]] = defaultdict(list)
    for case in cases:
        action = case.action
        if action.supersedes is None and action.undoes is None:
            roots[action.turn_id, action.step, action.call].append(case)
    for found in roots.values():
        _hold(len(found) == 1, "one action per call of a step", found[0])


def _resumed_once(world: World, actions: dict[str, Action]) -> None:
    for turn, runs in world.resumed.items():
        asked = [action_id for run in runs for action_id in run]
        if len(asked) != len(set(asked)):
            raise Violated(f"{turn} went on twice with one action")
        for run in runs:
            for head in run.values():
                if actions[head].status not in ACTION_TERMINAL:
                    raise Violated(f"{turn} went on with what is not settled")


def _cases(world: World) -> list[Case]:
    with world.db.read() as session:
        actions = session.exec(select(Action).order_by(col(Action.id))).all()
        events: dict[str | None, list[Event]] = defaultdict(list)
        for event in session.exec(select(Event).order_by(col(Event.id))):
            events[event.action_id].append(event)
        grants = {grant.action_id: grant for grant in session.exec(select(Grant))}
        requests = {request.action_id: request for request in session.exec(select(Request))}
        woken = session.exec(select(Outbox).where(Outbox.job == "run_turn")).all()
    return [
        Case(
            action=action,
            events=events[action.id],
            grant=grants.get(action.id),
            request=requests.get(action.id),
            effects=world.other.effects_of(action.id),
            under_way=world.other.under_way(action.id),
            clicks=world.clicks.get(action.id, []),
            woken=[row for row in woken if f":{action.id}:" in row.key],
        )
        for action in actions
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
