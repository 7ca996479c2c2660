"""Steps taken back when a later one fails: backwards, one after the other, never silently."""

from __future__ import annotations

import contextlib
import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road import Road
from sqlmodel import select
from taking_back import (
    answer,
    decided,
    done,
    fail,
    offered,
    offered_after,
    press,
    stick,
    undo,
    work,
    work_off,
)
from till import Fault, Till

from approvals.tables import Action, Compensation, Decision, Request
from approvals.undoing import IN_VAIN, unasked
from audit.tables import Event
from bot.presses.compensations import offer_view
from bot.presses.undoing import not_undone_view
from bot.undo_words import undone_words
from core.posts import Post
from tools.saga import Done, Next, backwards, following

SQLITE = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


# The order, without any database


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.booleans())))
def test_the_order_is_that_of_what_was_done_backwards(
    rows: list[tuple[int, int, int, bool]],
) -> None:
    steps = [
        Done(str(n), NOON + timedelta(seconds=at), step, call, able)
        for n, (at, step, call, able) in enumerate(rows)
    ]

    order = backwards(steps)

    known = {step.id: (step.settled_at, step.step, step.call) for step in steps}
    assert set(order) == {step.id for step in steps if step.undoable}
    assert all(known[a] >= known[b] for a, b in itertools.pairwise(order))


STATUSES = st.sampled_from(["proposed", "awaiting", "executing", "unknown", "succeeded", "failed"])


@given(st.lists(st.one_of(st.none(), STATUSES), max_size=6))
def test_nothing_is_begun_before_the_one_before_it_is_undone(statuses: list[str | None]) -> None:
    steps = [(f"step_{n}", status) for n, status in enumerate(statuses)]

    found = following(steps)

    ready = [name for name, status in steps if status != "succeeded"]
    if not ready:
        assert found == Next("done")
        return
    status = dict(steps)[ready[0]]
    expected = {None: "propose", "failed": "stuck"}.get(status, "wait")
    assert found == Next(expected, ready[0])  # type: ignore[arg-type]


@given(st.data())
def test_any_story_of_failures_and_repeated_looks_ends_in_order(data: st.DataObject) -> None:
    names = [f"step_{n}" for n in range(data.draw(st.integers(1, 5)))]
    undo: dict[str, str | None] = dict.fromkeys(names)
    begun: list[str] = []
    for _ in range(60):
        again = data.draw(st.booleans())
        found = following(list(undo.items()), again=again)
        if found.what == "done":
            break
        assert found.step is not None
        if found.what == "propose":
            before = names[: names.index(found.step)]
            assert all(undo[name] == "succeeded" for name in before)
            undo[found.step] = "executing"
            begun.append(found.step)
        elif found.what == "wait":
            undo[found.step] = data.draw(
                st.sampled_from(["succeeded", "failed", "unknown", "executing"])
            )
    firsts = list(dict.fromkeys(begun))
    assert firsts == names[: len(firsts)]


# On the road


def status(road: Road) -> str:
    with road.db.read() as session:
        return session.exec(select(Compensation.status)).one()


def test_the_asker_is_asked_and_all_is_taken_back_in_reverse(road: Road, till: Till) -> None:
    """R42, R86: what a model planned step by step is taken back where one step fails."""
    *steps, failing = done(road, 3)
    fail(road, till, failing)

    row = offered(road)
    assert row is not None
    assert (row.status, row.steps, row.failed_id) == ("offered", steps[::-1], failing)
    assert offered(road) is not None  # asked again, still once
    assert all(undo(road, step) is None for step in steps)
    assert decided(road, row) == "I take it back step by step, the last one first."
    work_off(road)

    assert status(road) == "done"
    undone = [undo(road, step) for step in steps]
    assert [one.status for one in undone if one] == ["succeeded"] * 3
    times = [one.created_at for one in undone if one]
    assert till.effects("/order") == 6
    assert times == sorted(times, reverse=True)
    assert decided(road, row) == "Ana had it taken back already."
    with road.db.read() as session:
        assert len(session.exec(select(Post).where(Post.kind == "compensation")).all()) == 1


def test_keeping_it_changes_nothing(road: Road, till: Till) -> None:
    steps, row = offered_after(road, till, 2)

    told = [decided(road, row, back=False), decided(road, row)]

    assert told == ["Kept as it is.", "Ana kept it already."]
    assert all(undo(road, step) is None for step in steps)


def test_others_do_not_decide_and_late_is_told(road: Road, till: Till) -> None:
    _, row = offered_after(road, till, 1)

    assert decided(road, row, by="finn") == "Only Ana can take this back."
    road.wait(601)
    assert decided(road, row) == "The time to undo this is over. Nothing was changed."


def test_nothing_is_offered_where_nothing_was_done_or_it_was_made_up_for(
    road: Road, till: Till
) -> None:
    failing = road.propose("till.order", sku="SKU-9", quantity=1)
    fail(road, till, failing)

    assert offered(road) is None


def test_an_undo_that_fails_stops_there_and_asks(road: Road, till: Till) -> None:
    """R88."""
    (first, second), row = offered_after(road, till, 2)
    stick(road, till, row)

    broken = undo(road, second)
    assert broken is not None
    assert broken.status == "failed"
    assert (status(road), undo(road, first)) == ("stuck", None)
    assert road.posts(broken.id, "not_undone") == 1

    decided(road, row)
    work_off(road)

    assert status(road) == "done"
    assert till.effects("/order") == 4


def test_automatic_begins_at_once(road: Road, till: Till) -> None:
    """R86."""
    *steps, failing = done(road, 2)
    fail(road, till, failing)

    row = offered(road, automatic=True)
    work_off(road)

    assert row is not None
    assert status(road) == "done"
    last = undo(road, steps[-1])
    assert last is not None
    assert unasked(last)
    with road.db.read() as session:
        proposed = select(Event.actor).where(
            Event.action_id == last.id, Event.type == "approvals:action:proposed"
        )
        assert session.exec(proposed).one() == "system:tools"
    assert said_of(road, steps[-1]) == [
        "undone by itself 10:00, because “Order 1 of SKU-9” was not done"
    ]


def said_of(road: Road, action_id: str) -> list[str]:
    """What a card says of taking this back."""
    with road.db.read() as session:
        action = session.get_one(Action, action_id)
        words = undone_words(session, road.deps.people, action, now=road.clock.now())
    return [words] if words else []


@SQLITE
def test_an_automatic_undo_that_comes_to_nothing_is_told_to_the_asker_and_blames_nobody(
    road: Road, till: Till
) -> None:
    *steps, failing = done(road, 1)
    fail(road, till, failing)
    offered(road, automatic=True)
    broken = undo(road, steps[0])
    assert broken is not None
    under_way = said_of(road, steps[0])
    till.faults.append(Fault("POST /order", "status", status=400))

    work_off(road)

    with road.db.read() as session:
        told = not_undone_view(session, road.deps.people, broken.id, now=road.clock.now())
    assert under_way == ["is being undone by itself, because “Order 1 of SKU-9” was not done"]
    assert told.user == "U0ANA"
    assert [line.partition(":")[0] for line in said_of(road, steps[0])] == [
        "was to be undone by itself, because “Order 1 of SKU-9” was not done"
    ]


@SQLITE
def test_who_may_undo_one_step_only_does_not_decide_about_all(road: Road, till: Till) -> None:
    """Finn approved the last step: that one he can take back, at its card."""
    first, second, failing = done(road, 2)
    fail(road, till, failing)
    _approved_by_finn(road, second)
    row = offered(road)
    assert row is not None
    assert row.steps == [second, first]

    told = decided(road, row, by="finn")

    assert told == "You can take back some of this, each at its card; only Ana can take back all."
    assert (undo(road, first), undo(road, second)) == (None, None)
    assert decided(road, row) == "I take it back step by step, the last one first."


def _approved_by_finn(road: Road, action_id: str) -> None:
    with road.db.transaction() as session:
        now = road.clock.now()
        request = Request(
            id=f"req_{action_id}",
            workspace_id="T0PRACTICE",
            action_id=action_id,
            status="approved",
            stages=[],
            stage_at=now,
            awaited=[],
            created_at=now,
            expires_at=now,
        )
        vote = Decision(
            id=f"dec_{action_id}",
            request_id=request.id,
            workspace_id="T0PRACTICE",
            stage=0,
            person_id="finn",
            for_id="finn",
            vote="approve",
            at=now,
        )
        session.add(request)
        session.flush()
        session.add(vote)


@SQLITE
def test_what_was_undone_before_the_failure_is_not_offered_again(road: Road, till: Till) -> None:
    first, second, failing = done(road, 2)
    press(road, second)
    work_off(road)
    fail(road, till, failing)

    row = offered(road)

    assert row is not None
    assert row.steps == [first]


@SQLITE
def test_an_undo_that_was_in_vain_is_no_step_that_failed(road: Road, till: Till) -> None:
    """The turn was stopped; nothing of it failed but an undo, which was tried again."""
    first, second, failing = done(road, 2)
    road.set(failing, status="cancelled")
    till.faults.append(Fault("POST /order", "status", status=400))
    press(road, second)
    work_off(road)
    press(road, second)
    work_off(road)

    row = offered(road)

    assert row is not None
    assert (row.failed_id, row.steps) == (None, [first])


@SQLITE
def test_a_step_undone_at_its_card_is_shown_where_taking_back_had_stopped(
    road: Road, till: Till
) -> None:
    (first, second), row = offered_after(road, till, 2)
    stick(road, till, row)
    wanted = drawn(road, row)

    press(road, second)
    work_off(road)

    assert status(road) == "stuck"
    assert drawn(road, row) > wanted
    with road.db.read() as session:
        view = offer_view(session, road.deps.people, row.id)
    assert view.steps == ("Order 1 of SKU-1: undone", "Order 1 of SKU-0: not undone")
    decided(road, row)
    work_off(road)
    assert status(road) == "done"
    assert undo(road, first) is not None


def drawn(road: Road, row: Compensation) -> int:
    with road.db.read() as session:
        return session.exec(select(Post.wanted).where(Post.subject == row.id)).one()


def test_what_has_an_unclear_outcome_is_not_taken_back(road: Road, till: Till) -> None:
    first, second, failing = done(road, 2)
    road.set(second, status="unknown", settled_at=None)
    fail(road, till, failing)

    row = offered(road)

    assert row is not None
    assert row.steps == [first]


@pytest.mark.parametrize("seed", range(2))
def test_failures_and_crashes_anywhere_leave_it_in_order(road: Road, till: Till, seed: int) -> None:
    """Undos fail, jobs come twice or their transaction is lost; it is taken back in order."""
    chance = random.Random(seed)
    steps, row = offered_after(road, till, 4)
    decided(road, row)
    for _ in range(60):
        if chance.random() < 0.3:
            till.faults.append(Fault("POST /order", "status", status=400))
        if chance.random() < 0.2:
            _lost(road, row)
        if not work(road) and status(road) == "stuck":
            till.faults.clear()
            decided(road, row)
        _in_order(road, steps)
        if status(road) == "done":
            break

    assert status(road) == "done"
    assert till.effects("/order") == 8


def _lost(road: Road, row: Compensation) -> None:
    """A worker dies before its commit: nothing of what it did is there."""
    with contextlib.suppress(RuntimeError), road.db.transaction() as session:
        answer(session, road, row)
        raise RuntimeError("killed")


def _in_order(road: Road, steps: list[str]) -> None:
    found = [undo(road, step) for step in reversed(steps)]
    statuses = [one.status if one else None for one in found]
    begun = [status for status in statuses if status is not None]
    assert statuses[: len(begun)] == begun, "a gap in the order"
    assert all(status == "succeeded" for status in begun[:-1]), "one before it is not undone"
    assert IN_VAIN  # what ends in vain is only ever the last begun
