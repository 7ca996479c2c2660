"""From a proposal to a verdict."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import field_validator
from road import POLICY, Road
from sqlmodel import select
from till import Fault, Till
from till_tools import connector

from approvals.origins import Labelled
from approvals.policy.file import parse_policy
from approvals.tables import Request
from core.origins import Origin
from tools.contract import Arguments
from tools.observe import observation
from tools.registry import Registry


def test_arguments_that_do_not_fit_are_explained_to_the_model(road: Road) -> None:
    """R50."""
    action_id = road.propose("till.refund", order="4711", minor=-5, hurry=True)

    assert road.prepare(action_id) == "failed"

    told = observation(road.row(action_id))
    assert told["code"] == "invalid_arguments"
    assert "minor: input should be greater than 0" in told["message"]
    assert "hurry: extra inputs are not permitted" in told["message"]
    assert road.open_jobs("turn_1") == ["run_turn"]


def test_an_unknown_tool_fails(road: Road) -> None:
    action_id = road.propose("till.rob", order="4711")

    assert road.prepare(action_id) == "failed"
    assert observation(road.row(action_id))["code"] == "unknown_tool"


def test_what_the_counterpart_refuses_to_preview_is_not_asked_of_anybody(road: Road) -> None:
    """R75."""
    action_id = road.propose("till.refund", order="9999", minor=100)

    assert road.prepare(action_id) == "failed"
    assert observation(road.row(action_id))["code"] == "no_such_order"
    assert road.posts(action_id, "card") == 0


def test_who_only_a_letter_named_is_marked_beside_their_address(road: Road) -> None:
    texts = [
        Labelled(Origin.REQUESTER, "do what the letter says"),
        Labelled(Origin.MAIL, "send hello to finn@lindqvist.example"),
        Labelled(Origin.FIRST_PARTY, "Finn Aalto finn@lindqvist.example"),
    ]
    tricked = road.changed(evidence=lambda _session, _action: texts)
    action_id = tricked.propose("till.letter", to="finn@lindqvist.example", text="hello")

    tricked.prepare(action_id)

    row = tricked.row(action_id)
    assert row.origins == {"/to": "first_party", "/text": "mail"}
    assert row.preview is not None
    assert row.preview["named_in"] == {"/to": "mail"}


def test_the_card_rests_on_the_preview_and_the_labelled_arguments(road: Road) -> None:
    """R75."""
    action_id = road.propose("till.refund", order="4711", minor=77)

    road.prepare(action_id)

    row = road.row(action_id)
    assert row.args == {"order": "4711", "minor": 77}
    assert row.origins == {"/order": "requester", "/minor": "model"}
    assert row.facts == {"paid": 18_000, "refunded": 0}
    assert row.preview == {
        "title": "Refund EUR 0.77 for 4711",
        "verb": "refund",
        "details": [],
        "amount": {"minor": 77, "currency": "EUR"},
        "outside": False,
        "own": False,
        "recipients": [],
        "undo": "no",
        "authority": ["order", "minor"],
        "read_at": road.clock.now().isoformat(),
        "editable": ["minor"],
    }
    assert str(row.digest).startswith("sha256:")
    assert row.verdict is not None
    assert row.verdict["kind"] == "ask"


@pytest.mark.parametrize(("says", "left"), [("no", []), ("[minor]", ["minor"])])
def test_a_rule_says_what_approvers_may_change_and_where_its_card_stands(
    road: Road, says: str, left: list[str]
) -> None:
    told = f"who: group:finance, editable: {says}, cards: dm"
    policy = parse_policy(POLICY.replace("who: group:finance", told), Path("policy.yaml"))
    road = road.changed(policy=policy)
    action_id = road.propose("till.refund", order="4711", minor=77)

    assert road.prepare(action_id) == "awaiting"

    assert (road.row(action_id).preview or {})["editable"] == left
    with road.db.read() as session:
        assert session.exec(select(Request.cards)).all() == ["dm"]


def test_a_recipient_the_model_made_up_is_refused_and_the_model_not_told_why(road: Road) -> None:
    action_id = road.propose("till.letter", to="exports@kappel-data.example", text="hello")

    assert road.prepare(action_id) == "denied"

    row = road.row(action_id)
    assert row.verdict is not None
    assert "exports@kappel-data.example" in row.verdict["reason"]
    assert observation(row) == {
        "status": "denied",
        "message": "Signoff's policy does not allow this.",
    }


def test_delivered_again_it_asks_once(road: Road) -> None:
    action_id = road.propose("till.refund", order="4711", minor=100)

    assert [road.prepare(action_id) for _ in range(3)] == ["awaiting"] * 3

    assert road.posts(action_id, "card") == 1
    assert road.events(action_id).count("approvals:action:awaiting") == 1
    assert road.open_jobs(action_id) == []


def test_two_workers_at_once_ask_once(road: Road) -> None:
    action_id = road.propose("till.refund", order="4711", minor=100)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        road.prepare(action_id)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert road.status(action_id) == "awaiting"
    assert road.posts(action_id, "card") == 1


def test_a_counterpart_that_is_down_is_asked_again_then_said_to_be_down(
    road: Road, till: Till
) -> None:
    action_id = road.propose("till.refund", order="4711", minor=100)
    till.faults.append(Fault("GET /balance", "drop_before", times=99))

    answers = [road.prepare(action_id) for _ in range(4)]

    assert answers == ["proposed"] * 3 + ["failed"]
    assert observation(road.row(action_id)) == {
        "status": "failed",
        "code": "unavailable",
        "message": "The till does not answer.",
    }


def test_a_short_outage_at_preview_is_survived(road: Road, till: Till) -> None:
    action_id = road.propose("till.refund", order="4711", minor=100)
    till.faults.append(Fault("GET /balance", "drop_before"))

    assert [road.prepare(action_id) for _ in range(2)] == ["proposed", "awaiting"]
    assert road.row(action_id).attempt == 0


def test_what_was_allowed_is_executed_though_the_worker_died_in_between(
    road: Road, till: Till
) -> None:
    action_id = road.propose("till.order", sku="SKU-1", quantity=3)

    assert road.prepare_only(action_id) == "allowed"
    assert road.open_jobs(action_id) == ["execute"]

    assert road.execute(action_id) == "succeeded"
    assert road.open_jobs(action_id) == ["undo_changed"]  # when its time is over


def test_the_like_of_something_unclear_is_asked_about_naming_it(road: Road, till: Till) -> None:
    """R102."""
    till.faults.append(Fault("POST /letter", "drop_after"))
    first = road.propose("till.letter", to="finn@lindqvist.example", text="hello")
    road.prepare(first)
    assert road.status(first) == "unknown"

    second = road.propose(
        "till.letter", turn="turn_2", to="finn@lindqvist.example", text="hello again"
    )

    assert road.prepare(second) == "awaiting"
    verdict = road.row(second).verdict
    assert verdict is not None
    assert verdict["stages"][0]["who"] == "requester"
    assert verdict["reason"] == (
        "the same thing has an unclear outcome: Write to finn@lindqvist.example"
    )


def test_nobody_to_approve_means_no(road: Road) -> None:
    policy = parse_policy(
        POLICY.replace(
            "tool: till.refund, who: group:finance", "tool: till.refund, who: group:nobody"
        ),
        Path("policy.yaml"),
    )
    later = road.changed(policy=policy)
    action_id = later.propose("till.refund", order="4711", minor=100)

    assert later.prepare(action_id) == "denied"
    assert "group nobody is empty" in later.reasons(action_id)[-1]


def test_somebody_we_do_not_serve_any_more_gets_nothing_done(road: Road) -> None:
    """R1."""
    action_id = road.propose("till.balance", by="gone", order="4711")

    assert road.prepare(action_id) == "denied"


def test_there_is_no_such_action(road: Road) -> None:
    assert road.prepare("act_none") == "gone"
    assert road.execute("act_none") == "gone"


@pytest.mark.parametrize(("vote", "message"), [("reject", "Finance did not approve this.")])
def test_a_model_learns_that_it_was_rejected_not_by_whom(
    road: Road, vote: str, message: str
) -> None:
    action_id = road.propose("till.refund", order="4711", minor=100)
    road.prepare(action_id)

    road.decide(action_id, vote=vote)

    assert observation(road.row(action_id)) == {"status": "rejected", "message": message}


def test_a_fault_of_our_own_is_tried_again_then_said_with_a_reference(road: Road) -> None:
    def broken(_session: object, _action: object) -> list[Labelled]:
        raise RuntimeError("a bug")

    action_id = road.propose("till.balance", order="4711")
    later = road.changed(evidence=broken)

    answers = [later.prepare(action_id) for _ in range(4)]

    assert answers == ["proposed"] * 3 + ["failed"]
    message = observation(road.row(action_id))["message"]
    assert message.startswith("Something went wrong on our side (reference ")
    assert road.open_jobs(action_id) == []


class _Grows(Arguments):
    order: str

    @field_validator("order")
    @classmethod
    def _again(cls, value: str) -> str:
        return f"{value}1"


class _GrowsToo(_Grows):
    minor: int


def test_arguments_that_are_read_differently_each_time_are_refused(road: Road, till: Till) -> None:
    """P1: what is done is what was shown."""
    declared = connector(till.url)
    tools = tuple(
        replace(tool, args=_Grows) if tool.name == "till.balance" else tool
        for tool in declared.tools
    )
    changed = road.changed(registry=Registry.of([replace(declared, tools=tools)]))

    action_id = changed.propose("till.balance", order="471")

    assert changed.prepare(action_id) == "failed"
    assert observation(changed.row(action_id))["code"] == "invalid_arguments"
    assert till.calls("/balance", "GET") == 0


def test_arguments_read_differently_than_when_they_were_shown_are_not_sent(
    road: Road, till: Till
) -> None:
    action_id = road.approved("till.refund", order="4711", minor=1)
    declared = connector(till.url)
    tools = tuple(
        replace(tool, args=_GrowsToo) if tool.name == "till.refund" else tool
        for tool in declared.tools
    )
    changed = road.changed(registry=Registry.of([replace(declared, tools=tools)]))

    assert changed.execute(action_id) == "denied"

    assert till.calls("/refund") == 0
