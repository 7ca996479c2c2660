"""A request is changed instead of refused: asked anew, votes void, its author known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from approvals.actions import head
from approvals.editing import Edited, agreed_by_asker, edit, typed_in_edits
from approvals.people import People
from approvals.policy.judge import Stage
from approvals.requests import decide
from approvals.tables import Action, Decision, Request
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.origins import Origin
from core.outbox import Outbox
from tests.approvals.conftest import NOW, verdict

Awaiting = Callable[..., tuple[Action, str]]
Edit = Callable[..., Edited]
ARGS = {"order": "4711", "to": ["a@x.example"], "amount": {"minor": 18_000, "currency": "EUR"}}
LESS = {**ARGS, "amount": {"minor": 15_000, "currency": "EUR"}}


@pytest.fixture
def asked(db: Database, awaiting: Awaiting) -> Callable[..., tuple[str, str]]:
    """A refund of these arguments that waits; ids of action and request."""

    def make(*stages: Stage, four_eyes: bool = True) -> tuple[str, str]:
        action, request_id = awaiting(*stages, four_eyes=four_eyes)
        with db.transaction() as session:
            row = session.get_one(Action, action.id)
            row.args, row.preview = ARGS, {"title": "Refund", "editable": ["amount", "to"]}
            session.add(row)
        return action.id, request_id

    return make


@pytest.fixture
def change(db: Database, log: Log, people: People) -> Edit:
    def submit(request_id: str, who: str, args: dict[str, Any], minutes: int = 5) -> Edited:
        with db.transaction() as session:
            return edit(
                session,
                log,
                people,
                request_id=request_id,
                person=people.by_id(who),  # type: ignore[arg-type]
                args=args,
                now=NOW + timedelta(minutes=minutes),
            )

    return submit


def test_a_change_supersedes_what_was_asked_and_is_prepared_anew(
    db: Database, asked: Any, change: Edit
) -> None:
    action_id, request_id = asked()

    edited = change(request_id, "finn", LESS)

    assert edited.sentence == "Changed: amount. I ask anew with what you typed."
    with db.read() as session:
        newer = head(session, action_id)
        assert newer.id == edited.action_id
        assert (newer.status, newer.args, newer.supersedes) == ("proposed", LESS, action_id)
        assert newer.edits == [
            {
                "by": "finn",
                "at": (NOW + timedelta(minutes=5)).isoformat(),
                "changed": [{"argument": "amount", "from": ARGS["amount"], "to": LESS["amount"]}],
            }
        ]
        assert session.get_one(Request, request_id).status == "superseded"
        jobs = session.exec(select(Outbox.job).where(Outbox.subject == newer.id)).all()
        assert jobs == ["prepare"]
        said = session.exec(select(Event.reason).where(Event.action_id == action_id)).all()
        assert "Finn changed amount" in said


def test_votes_given_before_a_change_count_for_nothing(
    db: Database, log: Log, people: People, asked: Any, change: Edit
) -> None:
    action_id, request_id = asked(Stage("group:finance", 2, "two of Finance"))
    olga = people.by_id("olga")
    with db.transaction() as session:
        decide(
            session, log, people, request_id=request_id, person=olga, vote="approve",
            reason=None, now=NOW,
        )  # fmt: skip

    change(request_id, "finn", LESS)

    with db.transaction() as session:
        late = decide(
            session, log, people, request_id=request_id, person=people.by_id("finn"),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip
        assert late.outcome == "already_decided"
        assert session.get_one(Action, action_id).status == "superseded"
        newer = head(session, action_id)
        votes = session.exec(select(Decision).where(Decision.request_id != request_id)).all()
        assert (newer.status, votes) == ("proposed", [])


@pytest.mark.parametrize(
    ("who", "minutes", "told"),
    [
        ("sam", 5, "You cannot decide this; it is for Finn or Olga (Finance)."),
        ("ana", 5, "You asked for this, so someone else must approve it: Finn or Olga (Finance)."),
        ("finn", 500, "This expired"),
    ],
)
def test_only_who_may_decide_now_may_change_it(
    db: Database, asked: Any, change: Edit, who: str, minutes: int, told: str
) -> None:
    action_id, request_id = asked()

    edited = change(request_id, who, LESS, minutes)

    assert edited.action_id is None
    assert edited.sentence.startswith(told)
    with db.read() as session:
        assert session.get_one(Action, action_id).status in ("awaiting", "expired")


@pytest.mark.parametrize("args", [ARGS, {**LESS, "order": "4712"}])
def test_what_may_not_be_changed_or_is_not_changed_is_not_asked_anew(
    db: Database, asked: Any, change: Edit, args: dict[str, Any]
) -> None:
    action_id, request_id = asked()

    assert change(request_id, "finn", args).action_id is None

    with db.read() as session:
        assert session.get_one(Action, action_id).status == "awaiting"


def test_a_second_change_comes_too_late_for_the_first_request(asked: Any, change: Edit) -> None:
    _, request_id = asked()
    change(request_id, "finn", LESS)

    late = change(request_id, "olga", {**LESS, "to": []})

    assert late == Edited(
        None, "Something changed meanwhile, so this was asked anew: see the newer card."
    )


def test_what_was_typed_counts_as_the_editors_and_the_rest_keeps_its_origin() -> None:
    action = an_action(
        args={**LESS, "to": ["b@x.example", "a@x.example"]},
        edits=[
            {
                "by": "finn",
                "at": NOW.isoformat(),
                "changed": [
                    {"argument": "amount", "from": ARGS["amount"], "to": LESS["amount"]},
                    {
                        "argument": "to",
                        "from": ["a@x.example"],
                        "to": ["b@x.example", "a@x.example"],
                    },
                ],
            }
        ],
    )

    assert typed_in_edits(action) == {
        "/amount/minor": Origin.EDITOR,
        "/amount/currency": Origin.EDITOR,
        "/to/0": Origin.EDITOR,
    }


def test_what_the_asker_changes_counts_as_typed_by_the_asker() -> None:
    entry = {"argument": "amount", "from": ARGS["amount"], "to": LESS["amount"]}
    action = an_action(args=LESS, edits=[{"by": "ana", "at": "", "changed": [entry]}])

    assert set(typed_in_edits(action).values()) == {Origin.REQUESTER}


def test_where_four_eyes_are_wanted_the_asker_must_agree_to_the_change(people: People) -> None:
    asked = verdict()

    found = agreed_by_asker(asked, edited_by("finn"), people)

    assert found.stages == (
        *asked.stages,
        Stage("requester", 1, "Finn changed what Ana asked for"),
    )


def test_without_four_eyes_the_editor_may_approve_as_anybody(people: People) -> None:
    asked = verdict(four_eyes=False)

    assert agreed_by_asker(asked, edited_by("finn"), people) is asked


def test_the_askers_own_change_needs_no_further_agreement(people: People) -> None:
    asked = verdict()

    assert agreed_by_asker(asked, edited_by("ana"), people) is asked


def test_what_somebody_else_changed_is_not_done_unasked(people: People) -> None:
    passed = replace(verdict(), kind="allow", stages=(), four_eyes=False)

    found = agreed_by_asker(passed, edited_by("finn"), people)

    assert (found.kind, [stage.who for stage in found.stages]) == ("ask", ["requester"])


def an_action(**parts: Any) -> Action:
    return Action(
        id="act_1", workspace_id="T0PRACTICE", principal_id="ana", channel="C1",
        tool="shop.refund", tool_version="1.0.0", origins={}, created_at=NOW, **parts,
    )  # fmt: skip


def edited_by(person: str) -> Action:
    return an_action(args=LESS, edits=[{"by": person, "at": NOW.isoformat(), "changed": []}])


def test_a_change_and_the_last_vote_at_once_leave_one_of_them(
    db: Database, log: Log, people: People, asked: Any, change: Edit
) -> None:
    _, request_id = asked()
    said: dict[str, str] = {}

    def vote() -> None:
        with db.transaction() as session:
            said["vote"] = decide(
                session, log, people, request_id=request_id, person=people.by_id("finn"),
                vote="approve", reason=None, now=NOW + timedelta(minutes=5),
            ).sentence  # fmt: skip

    def edit_it() -> None:
        said["edit"] = change(request_id, "olga", LESS).sentence

    threads = [threading.Thread(target=each) for each in (vote, edit_it)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (said["vote"].split(",")[0], said["edit"].split(",")[0]) in [
        ("Approved. I do it now.", "Finn approved this already"),
        ("Something changed meanwhile", "Changed: amount. I ask anew with what you typed."),
    ]
