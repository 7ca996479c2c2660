"""Bugs to plant where people permit things beyond one card: each replaces one function, or one
condition of one statement, of the real code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

import approvals.directory
import approvals.entitlement
import approvals.grants
import approvals.standing
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


def _only(**weights: int) -> dict[str, int]:
    """Of what people do beyond single cards nothing but this."""
    none = ("hand_on", "go_away", "press_batch", "permit", "revoke", "fail", "replay")
    return dict.fromkeys(none, 0) | weights


def _asked_and_their_time_is_over(machine: Protocol) -> None:
    """The card is there, and whoever was away for a while is back."""
    machine.world.deliver_all()
    machine.world.wait(50.0)


_STANDING = "alike are permitted"
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
