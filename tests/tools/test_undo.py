"""Taking something back: before it is begun, after it was done, twice, too late, by others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from road import PEOPLE, POLICY, Road
from sqlmodel import select
from taking_back import press
from till import Fault, Till

from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.tables import Action
from approvals.windows import undo_of
from core.posts import Post
from tools.registry import Registry
from tools.undo_news import UndoNews
from tools.undoing import Pressed

LETTER = {"to": "finn@lindqvist.example", "text": "hello"}
GOODS = {"sku": "SKU-1", "quantity": 3}
HELD = POLICY.replace("why: they stay here}", "why: they stay here, hold: 20 s}")


@pytest.fixture
def held(road: Road) -> Road:
    return road.changed(policy=parse_policy(HELD, Path("policy.yaml")))


def news(road: Road, action_id: str) -> str:
    return UndoNews(road.deps).run(action_id)


def undo(road: Road, action_id: str) -> Action:
    with road.db.read() as session:
        found = undo_of(session, action_id)
        assert found is not None
        return found


def undone(road: Road, action_id: str) -> Action:
    """What becomes of the undo of this action, as the workers take it on."""
    road.prepare(undo(road, action_id).id)
    return undo(road, action_id)


def kinds(road: Road, subject: str) -> list[str]:
    with road.db.read() as session:
        return list(session.exec(select(Post.kind).where(Post.subject == subject)))


# Before it is begun


def test_what_is_held_goes_out_when_its_time_has_come(held: Road, till: Till) -> None:
    action_id = held.propose("till.letter", **LETTER)

    assert held.prepare(action_id) == "allowed"
    assert held.execute(action_id) == "held"
    held.wait(19)
    assert held.execute(action_id) == "held"
    held.wait(1)
    assert held.execute(action_id) == "succeeded"

    assert till.effects("/letter") == 1
    assert kinds(held, action_id) == ["held"]


def test_what_is_held_can_be_taken_back_on_its_own_row(held: Road, till: Till) -> None:
    action_id = held.propose("till.letter", **LETTER)
    held.prepare(action_id)

    first, second = press(held, action_id), press(held, action_id)
    held.wait(60)

    assert first == Pressed("taken_back", "Taken back in time: nothing was done.")
    assert second.outcome == "already"
    assert held.execute(action_id) == "cancelled"
    assert till.effects("/letter") == 0
    row = held.row(action_id)
    assert row.outcome is not None
    assert row.outcome["message"] == "Ana took it back before it was begun. Nothing was done."
    assert held.open_jobs("turn_1") == ["run_turn"]


def test_an_approved_letter_is_held_too_and_its_approver_may_take_it_back(held: Road) -> None:
    asked = held.changed(
        policy=parse_policy(
            POLICY.replace("outside: false, allow: true", "who: group:finance, hold: 2 min"),
            Path("policy.yaml"),
        )
    )
    action_id = asked.approved("till.letter", **LETTER)

    assert asked.execute(action_id) == "held"
    assert press(asked, action_id, "olga") == Pressed(
        "not_allowed", "Only Ana or Finn can take this back."
    )
    assert press(asked, action_id, "finn").outcome == "taken_back"
    assert asked.status(action_id) == "cancelled"


def test_who_presses_after_the_claim_is_told_that_it_was_too_late(held: Road, till: Till) -> None:
    action_id = held.propose("till.letter", **LETTER)
    held.prepare(action_id)
    held.wait(20)
    till.faults.append(Fault("POST /letter", "drop_before"))
    assert held.execute(action_id) == "unknown"

    told = press(held, action_id)

    assert told.outcome == "impossible"
    assert told.sentence.startswith("It is not known whether this happened")


def test_the_policy_may_lift_a_tools_own_hold(road: Road, till: Till) -> None:
    tools = road.deps.registry.connectors[0]
    slow = tuple(replace(t, hold_s=60) if t.name == "till.letter" else t for t in tools.tools)
    registry = Registry.of([replace(tools, tools=slow)])

    def sent_at_once(policy: str, turn: str) -> bool:
        under = road.changed(registry=registry, policy=parse_policy(policy, Path("policy.yaml")))
        action_id = under.propose("till.letter", turn, **LETTER)
        under.prepare(action_id)
        return under.status(action_id) == "succeeded"

    assert not sent_at_once(POLICY, "turn_1")
    assert sent_at_once(HELD.replace("hold: 20 s", "hold: no"), "turn_2")
    assert till.effects("/letter") == 1


# After it was done


def test_what_was_done_is_put_back_by_an_action_of_its_own(road: Road, till: Till) -> None:
    """R87."""
    action_id = road.propose("till.order", **GOODS)
    road.prepare(action_id)

    assert press(road, action_id).outcome == "proposed"
    back = undone(road, action_id)

    assert (back.status, back.undoes, back.undone_by) == ("succeeded", action_id, "ana")
    assert back.args == {"sku": "SKU-1", "quantity": -3}
    assert set(back.origins.values()) == {"first_party"}
    assert road.status(action_id) == "succeeded"
    assert till.effects("/order") == 2
    assert news(road, back.id) == "succeeded"
    assert road.open_jobs(back.id) == []


def test_undo_twice_is_undo_once(road: Road, till: Till) -> None:
    action_id = road.propose("till.order", **GOODS)
    road.prepare(action_id)

    told = [press(road, action_id).outcome, press(road, action_id).outcome]
    undone(road, action_id)
    last = press(road, action_id)

    assert told == ["proposed", "already"]
    assert last == Pressed("already", "Ana undid this already.")
    assert till.effects("/order") == 2


def test_an_undo_cannot_itself_be_undone(road: Road) -> None:
    action_id = road.propose("till.order", **GOODS)
    road.prepare(action_id)
    press(road, action_id)
    back = undone(road, action_id)

    assert press(road, back.id) == Pressed("impossible", "This cannot be undone.")


def test_too_late_is_told_and_changes_nothing(road: Road, till: Till) -> None:
    action_id = road.propose("till.order", **GOODS)
    road.prepare(action_id)
    done_at = road.row(action_id).settled_at
    assert done_at is not None
    assert news(road, action_id) == "held"
    road.wait(600)

    told = press(road, action_id)

    assert told.outcome == "late"
    assert told.until is not None
    assert (told.until - done_at).total_seconds() == 600
    assert news(road, action_id) == "succeeded"
    assert road.open_jobs(action_id) == []
    assert till.effects("/order") == 1


def test_what_has_no_undo_says_so(road: Road) -> None:
    action_id = road.approved("till.refund", order="4711", minor=100)
    road.execute(action_id)

    assert press(road, action_id) == Pressed("impossible", "This cannot be undone.")


def test_an_undo_is_judged_like_any_other_action(road: Road, till: Till) -> None:
    judged = road.changed(
        policy=parse_policy(
            POLICY + '  - {name: taking back, tool: "till.*", undoes: true, who: group:finance}\n',
            Path("policy.yaml"),
        )
    )
    action_id = judged.propose("till.order", **GOODS)
    judged.prepare(action_id)
    press(judged, action_id)

    back = undone(judged, action_id)

    assert back.status == "awaiting"
    assert (back.preview or {})["details"] == [["Takes back", "“Order 3 of SKU-1”"]]
    assert press(judged, action_id).sentence == "Ana wants this undone already: see its card."
    assert judged.decide(back.id, "finn").outcome == "approved"
    assert judged.execute(back.id) == "succeeded"
    assert till.effects("/order") == 2


def test_a_world_that_changed_is_told_and_asked_about(road: Road, till: Till) -> None:
    def expects(_args: Any, _result: Any) -> dict[str, Any]:
        return {"in_stock": 3}

    watched = road.changed(registry=_with(road, "till.order", undo_expects=expects))
    action_id = watched.propose("till.order", **GOODS)
    watched.prepare(action_id)
    press(watched, action_id)

    back = undone(watched, action_id)

    why = "something changed since it was done: in stock was 3 and is not there now"
    assert back.status == "awaiting"
    assert (back.verdict or {})["reason"] == why
    assert [stage["who"] for stage in (back.verdict or {})["stages"]] == ["requester"]
    assert till.effects("/order") == 1


def test_an_undo_that_fails_is_told_and_may_be_tried_again(road: Road, till: Till) -> None:
    action_id = road.propose("till.order", **GOODS)
    road.prepare(action_id)
    press(road, action_id)
    till.faults.append(Fault("POST /order", "status", status=400))

    failed = undone(road, action_id)
    news(road, failed.id)
    again = press(road, action_id)
    second = undone(road, action_id)

    assert failed.status == "failed"
    assert kinds(road, failed.id) == ["not_undone"]
    assert again.outcome == "proposed"
    assert second.id != failed.id
    assert second.status == "succeeded"
    assert road.row(failed.id).undoes is None
    assert till.effects("/order") == 2


def test_an_undo_looked_at_afresh_still_takes_the_same_back(road: Road) -> None:
    judged = road.changed(
        policy=parse_policy(
            POLICY + '  - {name: back, tool: "till.*", undoes: true, ask: requester}\n',
            Path("policy.yaml"),
        )
    )
    action_id = judged.propose("till.order", **GOODS)
    judged.prepare(action_id)
    press(judged, action_id)
    first = undone(judged, action_id)
    judged.decide(first.id, "ana")
    newer = judged.changed(
        people=People.parse(PEOPLE, Path("people.yaml")),
        policy=parse_policy(
            POLICY + '  - {name: back, tool: "till.*", undoes: true, who: group:finance}\n',
            Path("policy.yaml"),
        ),
    )

    assert newer.execute(first.id) == "superseded"

    second = undo(newer, action_id)
    assert (second.supersedes, second.undone_by) == (first.id, "ana")
    assert newer.row(first.id).undoes is None


def _with(road: Road, name: str, **changes: Any) -> Registry:
    connector = road.deps.registry.connectors[0]
    changed = tuple(replace(t, **changes) if t.name == name else t for t in connector.tools)
    return Registry.of([replace(connector, tools=changed)])


def test_a_card_says_who_wants_it_undone_where_that_is_not_the_asker(road: Road) -> None:
    asked = road.changed(
        policy=parse_policy(
            POLICY.replace("allow: true, why: goods are ordered freely", "who: group:finance"),
            Path("policy.yaml"),
        )
    )
    action_id = asked.approved("till.order", **GOODS)
    asked.execute(action_id)
    press(asked, action_id, "finn")

    back = undone(asked, action_id)

    assert (back.preview or {})["details"] == [
        ["Takes back", "“Order 3 of SKU-1”"],
        ["Wanted by", "Finn"],
    ]
    assert (back.status, back.principal_id) == ("awaiting", "ana")
    # P5: whoever wants it back is one of its authors, so it is not done on their vote alone.
    assert asked.decide(back.id, "finn").outcome == "counted"
    assert asked.decide(back.id, "ana").outcome == "approved"
