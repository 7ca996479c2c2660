"""Bugs to plant: each replaces one function, or one condition of one statement, of the real code.

A net that never caught anything proves nothing. Every bug here is switched on for one test, and the
model must find it; switched off, the same model must find nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

import approvals.actions
import approvals.entitlement
import approvals.grants
import approvals.moves
import tools.afresh
import tools.calling
import tools.executor
import tools.protocol
import tools.start
import tools.verdicts
from approvals.opening import open_request
from approvals.tables import Action, Decision, Grant, Request
from core.ids import derive_id, new_id
from tests.model.machine import ASKERS, DISTURBANCES, Protocol
from tools.claim import Claim, Work
from tools.content import same_facts
from tools.deps import Deps
from tools.protocol import Next, Standing, Step
from tools.settle import _fail, proceed

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    name: str
    plant: Plant
    #: Tools it can show with, whether one action is enough, and the policy in force.
    tools: tuple[str, ...]
    many: bool = False
    files: int = 0
    #: What requests mostly come to where it shows.
    fates: tuple[str, ...] | None = None
    gates: tuple[int, ...] | None = None
    #: Where the runs begin (`situations`), and whether more happens than single cards.
    situation: str = "nothing"
    more: bool = False
    disturbances: tuple[str, ...] = DISTURBANCES
    askers: tuple[str, ...] = ASKERS
    #: What is done first, when a bug shows only deep in.
    start: Callable[[Protocol], None] = lambda _machine: None
    #: What is done more often there than usually.
    weights: Mapping[str, int] = field(default_factory=dict, hash=False)

    @contextmanager
    def planted(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            yield


def _no_compare_and_set(patch: pytest.MonkeyPatch) -> None:
    def careless(
        session: Session, action: Action, values: dict[str, Any], token: int | None
    ) -> Action:
        query = update(Action).where(col(Action.id) == action.id)
        if token is not None:
            query = query.where(col(Action.token) == token)
        session.execute(query.values(**values).execution_options(synchronize_session=False))
        return approvals.moves.row_of(session, action.id)

    patch.setattr(approvals.moves, "_compare_and_set", careless)


def _key_per_try(patch: pytest.MonkeyPatch) -> None:
    tries = itertools.count()
    patch.setattr(tools.calling, "key_of", lambda action_id: f"{action_id}:{next(tries)}")


def _stale_token_accepted(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.moves._compare_and_set
    patch.setattr(
        approvals.moves,
        "_compare_and_set",
        lambda session, action, values, _token: true_one(session, action, values, None),
    )


def _no_settle_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tools.protocol, "settled_at", lambda _tool, _limits, at: at.sent_by)


def _facts_read_again_after_the_intent(patch: pytest.MonkeyPatch) -> None:
    true_one = tools.executor.resume

    def resume(deps: Deps, work: Work) -> Claim | str:
        preview = tools.afresh.look_again(deps, work)
        if same_facts(work.action.facts, preview.facts):
            return true_one(deps, work)
        now = deps.clock.now()
        with deps.db.transaction() as session:
            changed = Next(Step.FAILED, now)
            return proceed(deps, session, work, changed, "the facts have changed", now=now)

    patch.setattr(tools.executor, "resume", resume)


def _grants_guard_gone(patch: pytest.MonkeyPatch) -> None:
    def consume(session: Session, log: Any, action: Action, *, now: Any) -> Grant:
        session.execute(
            update(Grant).where(col(Grant.action_id) == action.id).values(consumed_at=now)
        )
        grant = session.get_one(Grant, derive_id("grant", action.id), populate_existing=True)
        approvals.grants._record(session, log, action, grant, "consumed", "Used up", now)
        return grant

    patch.setattr(approvals.grants, "consume", consume)


def _claims_guard_gone(patch: pytest.MonkeyPatch) -> None:
    true_one = tools.start._to_executing

    def to_executing(deps: Deps, session: Session, work: Work, now: Any) -> Action:
        row = approvals.moves.row_of(session, work.action.id)
        session.execute(update(Action).where(col(Action.id) == row.id).values(status="approved"))
        as_read = replace(work, action=_copy(row, status="approved"))
        return true_one(deps, session, as_read, now)

    patch.setattr(tools.start, "_to_executing", to_executing)


def _grant_used_twice(patch: pytest.MonkeyPatch) -> None:
    _grants_guard_gone(patch)
    _claims_guard_gone(patch)


def _action_ids_not_derived(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.actions, "derive_id", lambda prefix, *_parts: new_id(prefix))


def _refusal_taken_as_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        tools.executor,
        "refused",
        lambda deps, claim, refusal: _fail(deps, claim, refusal.code, refusal.sentence),
    )


def _expired_claims_not_taken_over(patch: pytest.MonkeyPatch) -> None:
    true_one = tools.executor.resume
    patch.setattr(
        tools.executor,
        "resume",
        lambda deps, work: "held" if work.action.lease_until else true_one(deps, work),
    )


def _empty_group_approves(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.entitlement.eligible
    patch.setattr(
        approvals.entitlement,
        "eligible",
        lambda people, action, stage: true_one(people, action, stage) or people.everyone,
    )


def _requester_approves_own_request(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.entitlement, "four_eyes", lambda _action: False)


def _edit_keeps_earlier_votes(patch: pytest.MonkeyPatch) -> None:
    def kept(session: Session, log: Any, action: Action, *args: Any, **more: Any) -> Any:
        opened = open_request(session, log, action, *args, **more)
        before = session.exec(select(Request).where(Request.action_id == action.supersedes)).first()
        if opened is None or before is None:
            return opened
        votes = session.exec(select(Decision).where(Decision.request_id == before.id)).all()
        for vote in votes:
            values = {**vote.model_dump(), "request_id": opened.id}
            session.add(Decision(**{**values, "id": derive_id("dec", opened.id, vote.person_id)}))
        session.flush()
        return opened

    patch.setattr(tools.verdicts, "open_request", kept)


def _a_dead_workers_call_counts_as_unsent(patch: pytest.MonkeyPatch) -> None:
    true_one = tools.protocol.following

    def following(tool: Any, limits: Any, at: Standing, **more: Any) -> Next:
        return true_one(tool, limits, replace(at, tainted=False), **more)

    for module in ("tools.protocol", "tools.settle", "tools.resume"):
        patch.setattr(f"{module}.following", following)


def _sent_again_without_a_look(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        tools.protocol,
        "_may_call_blind",
        lambda tool, limits, at, *, now: at.attempt < limits.max_attempts,
    )


def _lease_shorter_than_the_call(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tools.start, "lease_until", lambda _deps, _tool, now: now)


def _permission_of_something_else(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tools.start, "unchanged", lambda _tool, _action: True)
    patch.setattr(
        approvals.grants,
        "consume",
        lambda session, log, action, *, now: session.get(Grant, derive_id("grant", action.id)),
    )


def _copy(row: Action, **changes: Any) -> Action:
    return Action(**{**row.model_dump(), **changes})


#: The gate at which what needs no question is allowed and not yet begun.
JUST_BEFORE = (6, 6, 99)
_MANY_AT_ONCE = {"deliver": 12, "disturb": 0, "undo": 0}
#: A permission is used once for two reasons, each enough alone: its own row says whether it was
#: used, and the claim is a compare-and-set on the action's. With either gone the other one holds.
#: Each stands in a test of its own besides: twenty threads at the permission's row, the action's
#: left alone, in tests/approvals/test_requests.py (`test_a_permission_is_used_once`); fifty at the
#: action's, without any permission, in tests/approvals/test_actions.py
#: (`test_one_of_fifty_threads_moves_an_action_and_the_others_are_told`).
ALONE = tuple(
    Bug(name, plant, ("order",), weights=_MANY_AT_ONCE)
    for name, plant in (
        ("the grant's own guard gone", _grants_guard_gone),
        ("the claim's guard gone", _claims_guard_gone),
    )
)
BUGS = (
    Bug(
        "no compare-and-set",
        _no_compare_and_set,
        ("order", "transfer"),
        weights={"deliver": 12, "undo": 0},
    ),
    Bug("key per try", _key_per_try, ("transfer",)),
    Bug(
        "stale token accepted",
        _stale_token_accepted,
        ("transfer",),
        gates=(0, 0, 0, 99),
        situation="a worker is paused past its lease",
    ),
    Bug("no settle time", _no_settle_time, ("order",), fates=("late", "answered")),
    Bug(
        "facts re-read after the intent",
        _facts_read_again_after_the_intent,
        ("transfer",),
        fates=("reply lost", "answered"),
    ),
    Bug(
        "grant used twice",
        _grant_used_twice,
        ("order",),
        weights=_MANY_AT_ONCE,
    ),
    Bug("action ids not derived", _action_ids_not_derived, ("order",)),
    Bug(
        "refusal on a retry taken as proof",
        _refusal_taken_as_proof,
        ("transfer",),
        fates=("reply lost", "refused"),
    ),
    Bug("expired claims not swept", _expired_claims_not_taken_over, ("order",)),
    Bug("empty group approves", _empty_group_approves, ("gift",)),
    Bug("requester approves own request", _requester_approves_own_request, ("pay",)),
    Bug(
        "edit keeps earlier votes",
        _edit_keeps_earlier_votes,
        ("pay",),
        situation="one of two has approved",
        weights={"edit": 6},
    ),
    Bug("a dead worker's call counts as unsent", _a_dead_workers_call_counts_as_unsent, ("order",)),
    Bug("sent again without a look", _sent_again_without_a_look, ("order",)),
    Bug("permission not used up", _permission_of_something_else, ("order",)),
)
