"""Bugs to plant where people permit things beyond one card: each replaces one function, or one
condition of one statement, of the real code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

import approvals.directory
import approvals.entitlement
import approvals.grants
import approvals.objections
import approvals.standing
import approvals.standing_asked
import approvals.switches
import approvals.undoing
import bot.presses.batches
import core.dead
import tools.executor
import tools.start
import tools.undoing
from approvals.people import People, Principal
from approvals.people_tables import Delegation
from approvals.rights_tables import StandingPermission
from approvals.tables import Action, Request
from core.dead import DeadLetter
from core.outbox import enqueue
from tests.model.gates import standing_here
from tests.model.machine import Protocol
from tests.model.planted import JUST_BEFORE, Bug
from tools.claim import Claim, Work
from tools.deps import Deps
from tools.undoing import Pressed


def _hold_not_kept(patch: pytest.MonkeyPatch) -> None:
    true_one = tools.executor.begin

    def begin(deps: Deps, work: Work) -> Claim | str:
        now = Action(**{**work.action.model_dump(), "not_before": None})
        return true_one(deps, replace(work, action=now))

    patch.setattr(tools.executor, "begin", begin)


def _taken_back_though_begun(patch: pytest.MonkeyPatch) -> None:
    def hold_back(
        session: Session, audit: Any, action: Action, person: Principal, now: datetime
    ) -> Pressed:
        return Pressed("taken_back", "Taken back in time: nothing was done.")

    patch.setattr(tools.undoing, "_hold_back", hold_back)


def _undone_as_often_as_pressed(patch: pytest.MonkeyPatch) -> None:
    every = approvals.undoing.IN_VAIN | {"succeeded"}
    patch.setattr(approvals.undoing, "IN_VAIN", every)
    patch.setattr(tools.undoing, "IN_VAIN", every)


def _spent_without_a_look(patch: pytest.MonkeyPatch) -> None:
    def spend(session: Session, *_: Any, permission_id: str, action: Action, **more: Any) -> None:
        _count(session, permission_id, action)

    patch.setattr(approvals.standing, "spend", spend)


def _only_uses_are_counted(patch: pytest.MonkeyPatch) -> None:
    def spend(
        session: Session, *_: Any, permission_id: str, action: Action, now: datetime, **more: Any
    ) -> str | None:
        row = session.get_one(StandingPermission, permission_id, populate_existing=True)
        if row.used >= row.uses or row.expires_at <= now or row.ended_at is not None:
            return "it is used up"
        _count(session, permission_id, action)
        return None

    patch.setattr(approvals.standing, "spend", spend)


def _revoked_too_late(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.standing._live
    patch.setattr(
        approvals.standing,
        "_live",
        # Without the first condition: not revoked.
        lambda now: true_one(now)[1:],
    )


def _count(session: Session, permission_id: str, action: Action) -> None:
    worth = ((action.preview or {}).get("amount") or {}).get("minor", 0)
    session.execute(
        update(StandingPermission)
        .where(col(StandingPermission.id) == permission_id)
        .values(used=StandingPermission.used + 1, spent=StandingPermission.spent + worth)
        .execution_options(synchronize_session=False)
    )


def _scope_not_looked_at_when_begun(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tools.start, "missing_scope", lambda *_, **__: None)


def _not_heard_again_when_begun(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.grants, "lapsed", lambda *_, **__: None)


def _absences_never_end(patch: pytest.MonkeyPatch) -> None:
    def stand_ins(session: Session, people: People, now: datetime) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for row in session.exec(select(Delegation).where(Delegation.since <= now)):
            found[row.delegate_id] = (*found.get(row.delegate_id, ()), row.person_id)
        return found

    patch.setattr(approvals.directory, "_stand_ins", stand_ins)


def _whoever_it_could_be_handed_to_decides(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.entitlement.eligible

    def eligible(people: People, action: Action, stage: Any) -> Any:
        return true_one(people, action, replace(stage, handed=tuple(p.id for p in people.everyone)))

    patch.setattr(approvals.entitlement, "eligible", eligible)


def _batch_decides_what_it_does_not_list(patch: pytest.MonkeyPatch) -> None:
    def open_ids(session: Session, *_: Any) -> list[str]:
        query = select(Request.id).where(Request.status == "pending").order_by(col(Request.id))
        return list(session.exec(query))

    patch.setattr(bot.presses.batches, "_open_ids", open_ids)


def _batch_counts_as_somebody_elses(patch: pytest.MonkeyPatch) -> None:
    true_one = bot.presses.batches.decide

    def decide(
        session: Session, log: Any, people: People, *, person: Principal, **more: Any
    ) -> Any:
        return true_one(session, log, people, person=people.by_id("gita"), **more)

    patch.setattr(bot.presses.batches, "decide", decide)


def _given_up_without_a_letter(patch: pytest.MonkeyPatch) -> None:
    true_one = Session.add_all
    patch.setattr(
        Session,
        "add_all",
        lambda self, rows: true_one(self, [r for r in rows if not isinstance(r, DeadLetter)]),
    )


def _replayed_under_its_old_key(patch: pytest.MonkeyPatch) -> None:
    true_one = enqueue

    def again(session: Session, *, key: str, **more: Any) -> bool:
        return true_one(session, key=key.rpartition(":")[0], **more)

    patch.setattr(core.dead, "enqueue", again)


def _a_no_is_not_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.objections, "objection", lambda *_: None)


def _a_no_is_not_heard_when_begun(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.standing.spend

    def spend(*args: Any, **more: Any) -> str | None:
        with pytest.MonkeyPatch.context() as meanwhile:
            meanwhile.setattr(approvals.standing, "ended_by_objection", lambda *_, **__: False)
            return true_one(*args, **more)

    patch.setattr(approvals.standing, "spend", spend)


def _taking_back_is_no_no(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.objections, "_taken_back", lambda *_: iter(()))


def _permitted_over_a_no(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals.standing_asked, "_check_rejected", lambda *_: None)


def _stop_looked_at_before_the_claim(patch: pytest.MonkeyPatch) -> None:
    """Before its transaction and not within, so that a stop in between comes to nothing."""
    in_force, may_go = approvals.switches.in_force, tools.start.may_go
    seen: dict[object, Any] = {}

    def look(deps: Deps, work: Work) -> bool:
        action = work.action
        with deps.db.read() as session:
            seen[standing_here()] = in_force(
                session, workspace_id=action.workspace_id, scopes=tools.start.scopes(action)
            )
        return may_go(deps, work)

    patch.setattr(tools.start, "may_go", look)
    patch.setattr(approvals.switches, "in_force", lambda *_, **__: seen.get(standing_here()))


def _facts_not_read_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tools.start, "too_old", lambda *_: False)


def _answers_to_what_was_replaced_count(patch: pytest.MonkeyPatch) -> None:
    true_one = Session.get

    def get(session: Session, entity: type[Any], ident: Any, **options: Any) -> Any:
        row = true_one(session, entity, ident, **options)
        locked = isinstance(row, Request) and "with_for_update" in options
        if locked and (row.status, row.stage) == ("superseded", 0):
            set_committed_value(row, "status", "pending")
        return row

    patch.setattr(Session, "get", get)


def _absences_count_before_they_begin(patch: pytest.MonkeyPatch) -> None:
    true_one = approvals.directory._stand_ins
    patch.setattr(
        approvals.directory,
        "_stand_ins",
        lambda session, people, now: true_one(session, people, now + timedelta(seconds=45)),
    )


def _only(**weights: int) -> dict[str, int]:
    """Of what people do beyond single cards nothing but this."""
    none = ("hand_on", "go_away", "press_batch", "permit", "revoke", "fail", "replay")
    return dict.fromkeys(none, 0) | weights


def _asked_and_their_time_is_over(machine: Protocol) -> None:
    """The card is there, and whoever was away for a while is back."""
    machine.world.deliver_all()
    machine.world.wait(50.0)


def _about_to_begin(machine: Protocol) -> None:
    """A worker has looked at everything, and stands before the transaction that claims it."""
    world = machine.world
    worker = world.deliver(world.queue.pop(0))
    while worker is not None and worker.gate is not None and not world.actions("allowed"):
        worker.go()
    while worker is not None and worker.gate not in (None, "commit"):
        worker.go()


def _taken_back_in_time(machine: Protocol) -> None:
    """What is permitted already is about to begin, and its asker takes it back."""
    world = machine.world
    _about_to_begin(machine)
    for action in world.actions("allowed"):
        world.undo(action, "ana")


def _asked_for_alike(machine: Protocol) -> None:
    """Ana asks that payments alike to the first, which was approved, need no question."""
    (first,) = [a for a in machine.world.actions("succeeded") if a.tool == "other.pay"]
    machine.world.acts.ask_alike(first)


def _soon_away(machine: Protocol) -> None:
    """The card is there, and whoever may answer will be away from soon on."""
    machine.world.deliver_all()
    for person, to in (("finn", "mara"), ("gita", "mara")):
        machine.world.acts.away(person, to, 7_300.0, later=45.0)


_STANDING = "alike are permitted"
_ONE_WAITS = "alike are permitted and one waits"
_BATCH = "several alike wait"
RIGHTS = (
    Bug("begun before its hold is over", _hold_not_kept, ("note",)),
    Bug(
        "told taken back, and begun",
        _taken_back_though_begun,
        ("letter",),
        situation="a letter is held",
        weights={"undo": 8},
    ),
    Bug(
        "undone as often as pressed",
        _undone_as_often_as_pressed,
        ("order",),
        fates=("answered",),
        gates=(99,),
        weights={"undo": 12, "disturb": 0},
    ),
    Bug(
        "standing permission spent without a look",
        _spent_without_a_look,
        ("pay",),
        many=True,
        more=True,
        situation=_STANDING,
        askers=("ana",),
        gates=JUST_BEFORE,
        weights=_only(propose=8, deliver=12, go_on=1, decide=0, edit=0, disturb=0, wait=1),
    ),
    Bug(
        "only the uses of a standing permission counted",
        _only_uses_are_counted,
        ("pay",),
        many=True,
        more=True,
        situation=_STANDING,
        askers=("ana",),
        gates=JUST_BEFORE,
        weights=_only(propose=8, deliver=12, go_on=1, decide=0, edit=0, disturb=0, wait=1),
    ),
    Bug(
        "standing permission revoked after the verdict",
        _revoked_too_late,
        ("pay",),
        many=True,
        more=True,
        situation=_STANDING,
        weights=_only(revoke=6),
    ),
    Bug(
        "a no leaves the standing permission",
        _a_no_is_not_heard,
        ("pay",),
        many=True,
        more=True,
        situation=_ONE_WAITS,
        askers=("ana",),
        weights=_only(propose=6, decide=8, edit=0, disturb=0),
    ),
    Bug(
        "a no is not looked at when it begins",
        _a_no_is_not_heard_when_begun,
        ("pay",),
        many=True,
        more=True,
        situation=_ONE_WAITS,
        askers=("ana",),
        gates=JUST_BEFORE,
        weights=_only(propose=6, deliver=8, decide=12, go_on=2, edit=0, disturb=0, wait=1),
    ),
    Bug(
        "taking back leaves the standing permission",
        _taking_back_is_no_no,
        ("pay",),
        many=True,
        more=True,
        situation=_STANDING,
        askers=("ana",),
        start=_taken_back_in_time,
        weights=_only(propose=8, deliver=12, decide=0, edit=0, disturb=0, wait=1),
    ),
    Bug(
        "permitted for the asking over a no",
        _permitted_over_a_no,
        ("pay",),
        more=True,
        situation="one alike was rejected",
        start=_asked_for_alike,
        gates=(99,),
        weights=_only(deliver=12, decide=12, edit=0, disturb=0, wait=1),
    ),
    Bug(
        "a stop is looked at before the claim only",
        _stop_looked_at_before_the_claim,
        ("order",),
        start=_about_to_begin,
        disturbances=("everything is stopped", "everything goes on"),
        weights={"disturb": 6, "go_on": 6, "wait": 1, "undo": 0},
    ),
    Bug(
        "facts not read again when begun",
        _facts_not_read_again,
        ("pay",),
        disturbances=("somebody else acts there",),
        weights={"disturb": 6},
    ),
    Bug(
        "answers to what was replaced count",
        _answers_to_what_was_replaced_count,
        ("book",),
        disturbances=("a late click",),
        weights={"edit": 8, "disturb": 8},
    ),
    Bug(
        "absences count before they begin",
        _absences_count_before_they_begin,
        ("pay",),
        more=True,
        start=_soon_away,
        weights=_only(decide=12, wait=1, disturb=0, edit=0),
    ),
    Bug(
        "scope not looked at when begun",
        _scope_not_looked_at_when_begun,
        ("ship",),
        more=True,
        situation="a scope is given",
        askers=("ana",),
        gates=(99,),
        weights=_only(wait=8, disturb=0, edit=0),
    ),
    Bug(
        "approvals not heard again when begun",
        _not_heard_again_when_begun,
        ("pay",),
        disturbances=("the files change",),
        weights={"disturb": 6},
    ),
    Bug(
        "absences never end",
        _absences_never_end,
        ("pay",),
        more=True,
        situation="somebody is away",
        start=_asked_and_their_time_is_over,
        weights=_only(wait=0, disturb=0, edit=0),
    ),
    Bug(
        "decided by whoever it could be handed to",
        _whoever_it_could_be_handed_to_decides,
        ("pay",),
    ),
    Bug(
        "a batch decides what it does not list",
        _batch_decides_what_it_does_not_list,
        ("pay",),
        more=True,
        situation=_BATCH,
        weights=_only(press_batch=8),
    ),
    Bug(
        "a batch counts as somebody else's answer",
        _batch_counts_as_somebody_elses,
        ("pay",),
        more=True,
        situation=_BATCH,
        weights=_only(press_batch=8),
    ),
    Bug(
        "given up without a letter",
        _given_up_without_a_letter,
        ("order",),
        more=True,
        weights=_only(fail=8),
    ),
    Bug(
        "replayed under its old key",
        _replayed_under_its_old_key,
        ("order",),
        more=True,
        weights=_only(fail=8, replay=8),
    ),
)
