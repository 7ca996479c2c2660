"""On the road: steps done, one that failed, and what becomes of taking them back."""

from __future__ import annotations

from road import Road
from sqlmodel import Session, select
from till import Fault, Till

from approvals.tables import Action, Compensation
from approvals.windows import undo_of
from tools.compensating import decide_back
from tools.offering import offer
from tools.undo_news import UndoNews
from tools.undoing import Pressed, press_undo


def done(road: Road, count: int) -> list[str]:
    """So many orders of goods in one turn, done one after the other, and a letter that fails."""
    made = []
    for n in range(count):
        action_id = road.propose("till.order", f"turn_step_{n}", sku=f"SKU-{n}", quantity=1)
        road.wait(1)
        road.prepare(action_id)
        assert road.status(action_id) == "succeeded"
        made.append(action_id)
    failed = road.propose("till.order", "turn_failing", sku="SKU-9", quantity=1)
    for n, action_id in enumerate([*made, failed]):
        road.set(action_id, turn_id="turn_1", step=n)
    return [*made, failed]


def fail(road: Road, till: Till, action_id: str) -> None:
    till.faults.append(Fault("POST /order", "status", status=400))
    road.wait(1)
    road.prepare(action_id)
    assert road.status(action_id) == "failed"


def offered(road: Road, *, automatic: bool = False) -> Compensation | None:
    with road.db.transaction() as session:
        return offer(
            session,
            road.deps.log,
            road.deps.registry,
            turn_id="turn_1",
            automatic=automatic,
            now=road.clock.now(),
        )


def offered_after(road: Road, till: Till, count: int) -> tuple[list[str], Compensation]:
    """So many steps done and one that failed, and the offer to take them back."""
    *steps, failing = done(road, count)
    fail(road, till, failing)
    row = offered(road)
    assert row is not None
    return steps, row


def decided(road: Road, row: Compensation, *, by: str = "ana", back: bool = True) -> str:
    with road.db.transaction() as session:
        return answer(session, road, row, by=by, back=back)


def answer(
    session: Session, road: Road, row: Compensation, *, by: str = "ana", back: bool = True
) -> str:
    return decide_back(
        session,
        road.deps.log,
        road.deps.people,
        road.deps.registry,
        compensation_id=row.id,
        person=road.person(by),
        back=back,
        now=road.clock.now(),
    )


def stick(road: Road, till: Till, row: Compensation) -> None:
    """Ana wants them taken back, and the first undo fails."""
    decided(road, row)
    till.faults.append(Fault("POST /order", "status", status=400))
    work_off(road)


def press(road: Road, action_id: str, by: str = "ana") -> Pressed:
    """Somebody presses Undo at one action."""
    with road.db.transaction() as session:
        return press_undo(
            session,
            road.deps.log,
            road.deps.people,
            road.deps.registry,
            action_id=action_id,
            person=road.person(by),
            now=road.clock.now(),
        )


def undo(road: Road, action_id: str) -> Action | None:
    with road.db.read() as session:
        return undo_of(session, action_id)


def work(road: Road) -> bool:
    """Do what is queued for every undo under way, once; whether there was anything."""
    with road.db.read() as session:
        undos = session.exec(select(Action).where(Action.undoes.is_not(None))).all()  # type: ignore[union-attr]
    busy = [one for one in undos if road.open_jobs(one.id)]
    for one in busy:
        if one.status == "proposed":
            road.prepare(one.id)
        elif one.status == "executing":
            road.wait(1)
            road.execute(one.id)
        UndoNews(road.deps).run(one.id)
    return bool(busy)


def work_off(road: Road) -> None:
    while work(road):
        pass
