"""Steps that belong together: begun in order once all are permitted, and undone when one is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from killing import killed_at
from road import POLICY, Road
from sqlmodel import col, select
from taking_back import decided, undo
from till import Fault, Till

from approvals.actions import Proposed, answer_unknown, cancel_turn, propose
from approvals.policy.file import parse_policy
from approvals.tables import Action, Compensation
from approvals.together import TOOL, together_id, waits_for
from bot.blocks.question import build as build_question
from bot.presses.compensations import offer_view
from bot.questions import question_view
from bot.undo_words import how_it_stands, together_words
from core.clock import FileClock
from core.db import Database
from core.outbox import Outbox
from core.posts import Post
from tools.observe import observation
from tools.together import Together, marked, warning_on
from tools.undo_news import UndoNews

REFUND = ("till.refund", {"order": "4711", "minor": 18_000})
SQLITE = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
#: Rounds of five seconds in which nothing is due, and in all: what is held looks every minute.
_PATIENCE, _LONGEST = 4, 40
LETTER = ("till.letter", {"to": "finn@lindqvist.example", "text": "hello"})


def goods(number: int) -> tuple[str, dict[str, Any]]:
    return "till.order", {"sku": f"SKU-{number}", "quantity": number}


def together(road: Road, *calls: tuple[str, dict[str, Any]]) -> list[str]:
    """Ids of these changes, asked for in one answer that says that they belong together."""
    named = [Proposed(TOOL, "1.0.0", {}), *(Proposed(tool, "1.0.0", args) for tool, args in calls)]
    with road.db.transaction() as session:
        made = propose(
            session,
            road.deps.log,
            turn_id="turn_1",
            step=0,
            calls=marked(road.deps.registry, named),
            principal_id="ana",
            workspace_id="T0PRACTICE",
            channel="C0SUPPORT",
            thread_ts="1.1",
            automation="assistant",
            now=road.clock.now(),
        )
    return [action.id for action in made[1:]]


def due(road: Road) -> list[tuple[str, str]]:
    query = select(Outbox.job, Outbox.args).where(
        col(Outbox.done_at).is_(None), Outbox.next_at <= road.clock.now()
    )
    with road.db.read() as session:
        rows = session.exec(query.order_by(col(Outbox.created_at), col(Outbox.id))).all()
    return [(job, args["action_id"]) for job, args in rows if "action_id" in args]


class Ticking:
    """Time that a worker in another process reads too."""

    def __init__(self, file: Path) -> None:
        self._file, self._s = file, 0

    def wait(self, seconds: int) -> None:
        self._s += seconds
        self._file.write_text(str(self._s))


def work(
    road: Road,
    clock: Ticking | Road | None = None,
    *,
    until: Callable[[], bool] = lambda: False,
    patience: int = _PATIENCE,
) -> None:
    """Do what is queued as the workers would, until nothing is due for a while."""
    jobs = {
        "prepare": road.prepare,
        "execute": road.execute,
        "keep_together": Together(road.deps).run,
        "undo_changed": UndoNews(road.deps).run,
    }
    idle = 0
    for _ in range(_LONGEST):
        if idle == patience or until():
            return
        (clock or road).wait(5)
        queued = due(road)
        idle = 0 if queued else idle + 1
        for job, action_id in queued:
            jobs[job](action_id)
            if until():
                return


def statuses(road: Road, ids: Sequence[str]) -> list[str]:
    return [road.status(one) for one in ids]


def undone(road: Road, ids: Sequence[str]) -> list[str | None]:
    found = [undo(road, one) for one in ids]
    return [one.status if one else None for one in found]


def taking_back(road: Road) -> Compensation | None:
    with road.db.read() as session:
        return session.exec(select(Compensation)).one_or_none()


def told(road: Road) -> str:
    """What the thread says of it."""
    row = taking_back(road)
    assert row is not None
    with road.db.read() as session:
        posted = session.exec(select(Post).where(Post.subject == row.id)).all()
        assert len(posted) == 1
        view = offer_view(session, road.deps.people, row.id)
    offers = " ".join(f"[{press.label}]" for press in view.offers)
    return " | ".join(filter(None, [view.why, *view.steps, view.line, offers]))


def press(road: Road, *, back: bool) -> str:
    row = taking_back(road)
    assert row is not None
    return decided(road, row, back=back)


# Which steps they are


@SQLITE
def test_the_changes_of_an_answer_that_says_so_belong_together(road: Road) -> None:
    first = together(road, goods(1), LETTER, ("till.balance", {"order": "4711"}))

    again = together(road, goods(1), LETTER, ("till.balance", {"order": "4711"}))

    rows = [road.row(one) for one in first]
    assert first == again
    assert [row.together for row in rows] == [{"steps": 2, "final": 1}] * 2 + [None]
    assert [together_words(row) for row in rows] == [
        "1 of 2 steps that belong together: they begin once all are permitted, and if one fails, "
        "those done are undone, the last first. 1 of the 2 cannot be undone."
    ] * 2 + [""]
    assert together_id(rows[0]) == together_id(rows[1]) is not None
    assert together_id(rows[2]) is None


@SQLITE
def test_one_change_alone_belongs_to_nothing(road: Road) -> None:
    [alone] = together(road, goods(1))

    assert road.row(alone).together is None


def test_each_waits_for_those_before_it_and_all_for_what_is_not_permitted() -> None:
    def steps(*found: str) -> list[Action]:
        return [Action(id=str(n), status=status) for n, status in enumerate(found)]  # type: ignore[call-arg]

    def first(action_id: str, *found: str) -> str | None:
        waited = waits_for(steps(*found), action_id)
        return waited.id if waited else None

    assert first("0", "allowed", "awaiting", "approved") == "1"
    assert first("0", "allowed", "approved") is None
    assert first("1", "allowed", "approved") == "0"
    assert first("1", "unknown", "approved") == "0"
    assert first("1", "succeeded", "approved") is None
    assert first("1", "succeeded", "approved", "proposed") == "2"


# On the road


@SQLITE
def test_nothing_begins_before_all_is_permitted_and_then_in_order(road: Road, till: Till) -> None:
    ids = together(road, goods(1), REFUND, LETTER)
    order, refund, _letter = ids
    work(road)

    assert statuses(road, ids) == ["allowed", "awaiting", "allowed"]
    assert till.journal == [entry for entry in till.journal if not entry.effect]

    road.decide(refund)
    work(road)

    assert statuses(road, ids) == ["succeeded"] * 3
    assert [entry.path for entry in till.journal if entry.effect] == [
        "/order",
        "/refund",
        "/letter",
    ]
    assert taking_back(road) is None
    with road.db.read() as session:
        assert warning_on(session, road.row(order)) is None


@SQLITE
def test_what_is_refused_costs_nothing(road: Road, till: Till) -> None:
    order, refund = together(road, goods(1), REFUND)
    work(road)

    road.decide(refund, vote="reject")
    work(road)

    assert statuses(road, [order, refund]) == ["cancelled", "rejected"]
    assert sum(entry.effect for entry in till.journal) == 0
    assert taking_back(road) is None
    message = observation(road.row(order))["message"]
    assert message.startswith("Not done: it belongs together with “Refund EUR 180.00 for 4711”")


def test_of_three_items_two_were_posted_and_are_undone_the_last_first(
    road: Road, till: Till
) -> None:
    ids = together(road, goods(1), goods(2), goods(3))
    first, second, _third = ids
    refuse_after(till, 2)
    work(road)

    assert statuses(road, ids) == ["succeeded", "succeeded", "failed"]
    assert undone(road, ids) == ["succeeded", "succeeded", None]
    back = [undo(road, one) for one in (second, first)]
    times = [one.settled_at for one in back if one]
    assert times == sorted(times)
    assert [order["quantity"] for order in till.orders.values()] == [1, 2, -2, -1]
    assert told(road) == (
        "Order 3 of SKU-3 failed: The till refuses: fault. It belongs together with what was done "
        "before it: all of it, or nothing. | Order 2 of SKU-2: undone | Order 1 of SKU-1: undone | "
        "All of it was undone."
    )
    with road.db.read() as session:
        assert "this is taken back too" in str(warning_on(session, road.row(first)))


def refuse_after(till: Till, good: int) -> None:
    """Let so many orders through, then refuse one."""
    till.faults.clear()
    till.faults += [
        Fault("POST /order", "delay", times=good),
        Fault("POST /order", "status", status=400),
    ]


@SQLITE
def test_each_undo_is_judged_like_anything_else(road: Road, till: Till) -> None:
    strict = POLICY.replace(
        "rules:", "rules:\n  - {name: back, undoes: true, who: group:finance, why: Finance looks}"
    )
    road = road.changed(policy=parse_policy(strict, Path("policy.yaml")))
    first, second = together(road, goods(1), goods(2))
    refuse_after(till, 1)
    work(road)

    asked = undo(road, first)
    assert asked is not None
    assert (asked.status, asked.principal_id) == ("awaiting", "ana")
    assert "its undo waits for an approval" in told(road)

    road.decide(asked.id)
    work(road)

    assert undone(road, [first, second]) == ["succeeded", None]


@SQLITE
def test_an_undo_that_fails_is_asked_about_with_what_stands(road: Road, till: Till) -> None:
    first, second, _ = together(road, goods(1), goods(2), goods(3))
    refuse_after(till, 2)
    till.faults.append(Fault("POST /order", "status", status=400))
    work(road)

    assert undone(road, [first, second]) == [None, "failed"]
    assert told(road).endswith(
        "| Order 2 of SKU-2: could not be undone | Order 1 of SKU-1: not undone | "
        "I stopped there. What should happen now? | [Try again] [Keep]"
    )

    press(road, back=True)
    work(road)

    assert undone(road, [first, second]) == ["succeeded", "succeeded"]


@SQLITE
def test_what_cannot_be_undone_stands_and_is_told(road: Road, till: Till) -> None:
    ids = together(road, goods(1), LETTER, goods(2))
    refuse_after(till, 1)
    work(road)

    assert statuses(road, ids) == ["succeeded", "succeeded", "failed"]
    assert undone(road, ids) == ["succeeded", None, None]
    assert told(road).endswith(
        "| Order 1 of SKU-1: undone | Write to finn@lindqvist.example: cannot be undone | The rest "
        "was undone. Please look yourself at what cannot be undone, and tell me what to do."
    )


@SQLITE
def test_with_nothing_to_undo_a_person_is_still_told(road: Road, till: Till) -> None:
    together(road, LETTER, goods(2))
    till.faults.append(Fault("POST /order", "status", status=400))
    work(road)

    row = taking_back(road)
    assert row is not None
    assert (row.steps, row.status) == ([], "done")
    assert told(road).endswith(
        "| Write to finn@lindqvist.example: cannot be undone | Please look yourself at what cannot "
        "be undone, and tell me what to do."
    )
    assert press(road, back=True) == "This button doesn't belong to an open question."


@SQLITE
def test_an_unclear_outcome_is_waited_for_and_then_taken_back_too(road: Road, till: Till) -> None:
    ids = together(road, goods(1), LETTER, goods(2))
    till.faults.append(Fault("POST /letter", "drop_after"))
    work(road)
    assert statuses(road, ids) == ["succeeded", "unknown", "allowed"]
    # The thread says what is waited for: a person is asked about it, and the card says so.
    assert asked_about(road, ids[1]) == "Until then what belongs with it waits: “Order 2 of SKU-2”."
    assert standing(road, ids[2]) == [
        "waits for “Write to finn@lindqvist.example”, of which it is not known whether it "
        "happened: see my question"
    ]

    road.wait(86_400)
    work(road)
    assert statuses(road, ids) == ["succeeded", "unknown", "expired"]
    assert taking_back(road) is None
    assert asked_about(road, ids[1]) == (
        "Until then I undo nothing of what belongs with it: “Order 1 of SKU-1”."
    )

    with road.db.transaction() as session:
        answer_unknown(
            session,
            road.deps.log,
            action_id=ids[1],
            person=road.deps.people.by_id("ana"),
            happened=True,
            now=road.clock.now(),
        )
    work(road)

    # The day is over in which the goods could be sent back: a person is told, nothing is tried.
    assert undone(road, ids) == [None, None, None]
    assert "Order 1 of SKU-1: cannot be undone" in told(road)


def asked_about(road: Road, action_id: str) -> str:
    """What the question in the thread says of the steps that belong together with this one; it was
    drawn anew since it was asked."""
    with road.db.read() as session:
        [post] = session.exec(
            select(Post).where(Post.subject == action_id, Post.kind == "question")
        )
        assert post.wanted > 1
        view = question_view(session, road.deps.people, action_id, now=road.clock.now())
    assert view.waits in shown(build_question(view).blocks)
    return view.waits


def shown(blocks: Any) -> str:
    return json.dumps(blocks, ensure_ascii=False)


def standing(road: Road, action_id: str) -> Sequence[str]:
    with road.db.read() as session:
        action = session.get_one(Action, action_id)
        return how_it_stands(session, road.deps.people, action, now=road.clock.now())


@SQLITE
def test_stopped_halfway_a_person_decides(road: Road, till: Till) -> None:
    first, second = together(road, goods(1), goods(2))
    till.faults.append(Fault("POST /order", "delay", times=1))
    road.prepare(first)
    road.prepare(second)
    road.wait(5)
    for _ in range(4):
        if road.status(first) != "succeeded":
            road.execute(first)
    with road.db.transaction() as session:
        cancel_turn(
            session, road.deps.log, "turn_1", now=road.clock.now(), actor="sam",
            reason="Sam stopped this",
        )  # fmt: skip
    work(road)

    assert statuses(road, [first, second]) == ["succeeded", "cancelled"]
    assert undo(road, first) is None
    assert told(road).endswith("| Undo it? | [Undo] [Keep]")
    press(road, back=True)
    work(road)
    assert undone(road, [first]) == ["succeeded"]


# Workers killed between the undos


@pytest.mark.chaos
@SQLITE
@pytest.mark.parametrize(
    ("place", "job"),
    [
        ("together:went-on", "keep_together"),
        ("executor:called", "prepare"),
        ("undo:followed", "undo_changed"),
    ],
)
def test_a_worker_killed_between_the_undos_undoes_each_once(
    db: Database, till: Till, tmp_path: Path, place: str, job: str
) -> None:
    clock_file = tmp_path / "clock"
    road = Road.over(db, FileClock(clock_file), till.url)
    clock = Ticking(clock_file)
    ids = together(road, goods(1), goods(2), goods(3))
    _first, second, third = ids
    refuse_after(till, 2)
    work(road, clock, until=lambda: road.status(third) == "failed")
    if job != "keep_together":
        work(road, clock, until=lambda: undo(road, second) is not None)
    back = undo(road, second)
    if job == "undo_changed":
        work(road, clock, until=lambda: undone(road, [second]) == ["succeeded"])

    dying = third if back is None else back.id
    killed_at(place, road, till, clock_file, dying, job)
    work(road, clock, patience=15)

    assert statuses(road, ids) == ["succeeded", "succeeded", "failed"]
    assert undone(road, ids) == ["succeeded", "succeeded", None]
    assert [order["quantity"] for order in till.orders.values()] == [1, 2, -2, -1]
    assert told(road).endswith("All of it was undone.")
