"""Undo where something else happens at the same time: two clicks, a step that waits, a stop, a
system that does not answer, an outcome nobody knows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from road import POLICY, Road
from sqlmodel import col, select
from taking_back import decided, done, offered_after, press, undo, work
from test_steps_together import goods, statuses, together
from test_steps_together import work as go_on
from till import Fault, Till

from approvals import switches
from approvals.actions import answer_unknown
from approvals.policy.file import parse_policy
from approvals.tables import Action, Compensation
from core.posts import Post

SQLITE = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
LETTER = ("till.letter", {"to": "finn@lindqvist.example", "text": "hello"})
HELD = POLICY.replace("why: they stay here}", "why: they stay here, hold: 20 s}")


def compensation(road: Road) -> Compensation:
    with road.db.read() as session:
        return session.exec(select(Compensation)).one()


def test_two_clicks_at_the_very_same_time_undo_once(road: Road, till: Till) -> None:
    [step, _] = done(road, 1)

    with ThreadPoolExecutor(4) as clicks:
        found = list(clicks.map(lambda _: press(road, step).outcome, range(4)))
    for _ in range(4):
        work(road)

    assert sorted(set(found)) in (["already", "proposed"], ["proposed"])
    with road.db.read() as session:
        undos = session.exec(select(Action).where(col(Action.undone_by).is_not(None))).all()
    assert [one.status for one in undos] == ["succeeded"]
    assert till.effects("/order") == 2


@SQLITE
def test_what_belongs_with_something_taken_back_does_not_begin_any_more(
    road: Road, till: Till
) -> None:
    """The goods are ordered, the letter still waits its 20 seconds: the order is taken back."""
    held = road.changed(policy=parse_policy(HELD, Path("policy.yaml")))
    ids = together(held, goods(1), LETTER)
    go_on(held, until=lambda: held.status(ids[0]) == "succeeded")
    assert held.status(ids[1]) == "allowed"

    pressed = press(held, ids[0])
    assert held.execute(ids[1]) != "succeeded"  # nor before anybody has looked
    go_on(held)
    held.wait(60)
    go_on(held)

    assert pressed.outcome == "proposed"
    assert statuses(held, ids) == ["succeeded", "cancelled"]
    assert till.effects("/letter") == 0
    outcome = held.row(ids[1]).outcome or {}
    assert outcome["message"] == (
        "Not done: it belongs together with “Order 1 of SKU-1”, which is taken back."
    )
    back = undo(held, ids[0])
    assert back is not None
    assert back.status == "succeeded"


@SQLITE
def test_an_undo_with_an_unclear_outcome_is_waited_for_and_never_repeated(
    road: Road, till: Till
) -> None:
    (first, second), row = offered_after(road, till, 2)
    decided(road, row)
    back = undo(road, second)
    assert back is not None
    road.prepare_only(back.id)
    road.set(back.id, status="unknown", outcome={"status": "unknown"})

    again = [press(road, second).outcome, decided(road, row)]
    work(road)

    assert again == ["already", "Ana is having it taken back already."]
    assert (compensation(road).status, undo(road, first)) == ("running", None)

    with road.db.transaction() as session:
        answer_unknown(
            session,
            road.deps.log,
            action_id=back.id,
            person=road.deps.people.by_id("ana"),
            happened=False,
            now=road.clock.now(),
        )
    for _ in range(3):
        work(road)
    assert (compensation(road).status, undo(road, first)) == ("stuck", None)
    assert road.posts(back.id, "not_undone") == 1


@SQLITE
def test_an_undo_is_not_undone_whatever_the_policy_says(road: Road, till: Till) -> None:
    rule = "allow: true, why: goods are ordered freely"
    policy = POLICY.replace(rule, f"{rule}, undo: 1 hour")
    longer = road.changed(policy=parse_policy(policy, Path("policy.yaml")))
    [step, _] = done(longer, 1)
    press(longer, step)
    for _ in range(3):
        work(longer)
    back = undo(longer, step)
    assert back is not None
    assert back.status == "succeeded"

    pressed = press(longer, back.id)

    assert (pressed.outcome, pressed.sentence) == ("impossible", "This cannot be undone.")
    assert till.effects("/order") == 2


@SQLITE
def test_a_stop_in_the_middle_holds_the_next_undo_and_lifted_it_goes_on(
    road: Road, till: Till
) -> None:
    (first, second), row = offered_after(road, till, 2)
    decided(road, row)
    stopped(road, on=True)
    for _ in range(3):
        work(road)
    assert till.effects("/order") == 2
    assert [one.status if one else None for one in (undo(road, second), undo(road, first))] == [
        "allowed",
        None,
    ]

    stopped(road, on=False)
    go_on(road, patience=20)  # what was held is looked at every minute

    assert compensation(road).status == "done"
    assert till.effects("/order") == 4


@SQLITE
def test_a_stop_that_outlasts_the_permission_ends_the_undo_visibly(road: Road, till: Till) -> None:
    (first, second), row = offered_after(road, till, 2)
    decided(road, row)
    stopped(road, on=True)
    work(road)

    road.wait(86_401)
    go_on(road)

    back = undo(road, second)
    assert back is not None
    assert (back.status, compensation(road).status, undo(road, first)) == ("expired", "stuck", None)
    assert road.posts(back.id, "not_undone") == 1
    with road.db.read() as session:
        query = select(Post.wanted).where(Post.subject == row.id)
        assert session.exec(query).one() > 1


def stopped(road: Road, *, on: bool) -> None:
    with road.db.transaction() as session:
        (switches.stop if on else switches.release)(
            session,
            road.deps.log,
            scope=switches.ALL,
            workspace_id="T0PRACTICE",
            by="olga",
            now=road.clock.now(),
        )


@SQLITE
def test_a_system_that_does_not_answer_is_waited_for_and_each_is_undone_once(
    road: Road, till: Till
) -> None:
    """Its breaker opens on the way."""
    _, row = offered_after(road, till, 2)
    decided(road, row)
    till.faults.append(Fault("POST /order", "status", status=503, times=6))

    for _ in range(4):
        go_on(road)
        if compensation(road).status == "stuck":
            decided(road, row)

    assert compensation(road).status == "done"
    assert till.effects("/order") == 4
