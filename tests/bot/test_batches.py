"""Questions alike on one message: each is listed whole, and each is decided by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from approvals.batches import offer_due
from approvals.keeping_time import plan
from approvals.policy.judge import Stage
from approvals.tables import Action, Batch, Decision, Request
from audit.tables import Event
from bot.blocks import batch as blocks
from bot.blocks.card import Card
from bot.presses.batches import read_form
from tests.bot.desk import FINN, OLGA, SUPPORT, Desk, buttons, propose_refund, shown
from tests.bot.test_cards import REFUND

FINANCE = Stage("group:finance", 1, "refunds above EUR 100 need Finance")


def ask(desk: Desk, number: int, **changes: Any) -> None:
    with desk.deps.db.transaction() as session:
        args = {"order": f"47{number}", "amount": {"minor": 18000, "currency": "EUR"}}
        row = propose_refund(
            session, desk.deps, action_id=f"act_{number}", **{"args": args, **changes}
        )
        row.preview = {**(row.preview or {}), "details": [], "title": f"Refund order 47{number}"}


def offer(desk: Desk, *, wait: bool = True) -> int:
    deps = desk.deps
    if wait:
        desk.clock.advance(timedelta(seconds=5))
    with deps.db.transaction() as session:
        return offer_due(session, deps.log, deps.people, now=deps.clock.now())


async def offered(desk: Desk, **changes: Any) -> dict[str, Any]:
    """Three refunds alike, and the message that offers them to Finn."""
    for number in (1, 2, 3):
        ask(desk, number, **changes)
    assert offer(desk) == 1
    await desk.send_owed()
    return (await desk.messages("D0FINN"))[-1]


def statuses(desk: Desk) -> list[str]:
    with desk.deps.db.read() as session:
        rows = session.exec(select(Action).order_by(col(Action.id))).all()
    return [row.status for row in rows]


async def test_each_is_listed_with_every_value_and_one_press_decides_each_by_itself(
    desk: Desk,
) -> None:
    message = await offered(desk)
    text = shown(message)

    assert text.startswith("3 alike wait for you\n")
    assert "Why you: refunds above EUR 100 need Finance." in text
    for number in (1, 2, 3):
        assert f". Refund order 47{number}" in text
    assert text.count("amount (typed by Ana): EUR 180.00") == 3
    assert buttons(message) == ["Approve all 3", "Choose…"]

    await desk.click(FINN, message["ts"], "approve_batch", channel="D0FINN")

    assert statuses(desk) == ["approved"] * 3
    with desk.deps.db.read() as session:
        assert len(session.exec(select(Decision)).all()) == 3
        votes = session.exec(select(Event).where(Event.type == "approvals:request:vote")).all()
    assert len(votes) == 3
    await desk.send_owed()
    closed = (await desk.messages("D0FINN"))[-1]
    assert closed["ts"] == message["ts"]
    assert buttons(closed) == []
    assert shown(closed).count("Approved by Finn 10:00") == 3
    assert {m["ts"] for m in await desk.messages(SUPPORT) if "Approved by Finn" in shown(m)}


async def test_some_are_left_out_in_the_form_and_the_rest_is_refused_with_a_reason(
    desk: Desk,
) -> None:
    message = await offered(desk)

    await desk.click(FINN, message["ts"], "choose_batch", channel="D0FINN")
    view = (await desk.get(f"views?user={FINN}"))["views"][-1]
    ids = [o["value"] for o in view["blocks"][0]["element"]["options"]]
    sent = await desk.post(
        "views", user=FINN, view_id=view["id"], values={"which": {"which": ids[:2]}}
    )

    assert sent["acked"]
    assert sorted(statuses(desk)) == ["approved", "approved", "awaiting"]

    await desk.click(FINN, message["ts"], "choose_batch", channel="D0FINN")
    view = (await desk.get(f"views?user={FINN}"))["views"][-1]
    values: dict[str, Any] = {"how": {"how": "reject"}}
    empty = await desk.post("views", user=FINN, view_id=view["id"], values=values)
    assert empty == {"ok": False, "errors": {"reason": "Please say why, in a few words."}}
    values["reason"] = {"reason": "paid twice"}
    await desk.post("views", user=FINN, view_id=view["id"], values=values)

    assert sorted(statuses(desk)) == ["approved", "approved", "rejected"]
    await desk.send_owed()
    assert "Rejected by Finn 10:00: paid twice" in shown((await desk.messages("D0FINN"))[-1])


async def test_what_was_answered_elsewhere_is_told_and_left_as_it_is(one_desk: Desk) -> None:
    message = await offered(one_desk)
    cards = await one_desk.messages(SUPPORT)
    await one_desk.click(FINN, cards[0]["ts"], "approve")
    await one_desk.send_owed()
    message = (await one_desk.messages("D0FINN"))[-1]

    assert shown(message).startswith("2 of 3 alike wait for you\n")
    assert buttons(message) == ["Approve all 2", "Choose…"]
    await one_desk.click(FINN, message["ts"], "approve_batch", channel="D0FINN")
    await one_desk.click(FINN, message["ts"], "approve_batch", channel="D0FINN")

    assert statuses(one_desk) == ["approved"] * 3
    assert await one_desk.whispers(FINN, "D0FINN") == ["All of these are answered already."]


async def test_who_may_not_decide_decides_nothing_by_it(one_desk: Desk) -> None:
    message = await offered(one_desk)

    value = message["blocks"][-1]["elements"][0]["value"]
    payload = {
        "type": "block_actions", "team": {"id": "T0PRACTICE"}, "trigger_id": "forged",
        "user": {"id": OLGA, "team_id": "T0PRACTICE"}, "channel": {"id": "D0FINN"},
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": "D0FINN"},
        "actions": [{"type": "button", "action_id": "approve_batch", "value": value}],
    }  # fmt: skip
    await one_desk.post("deliver", type="interactive", payload=payload)

    assert statuses(one_desk) == ["awaiting"] * 3
    [told] = await one_desk.whispers(OLGA, "D0FINN")
    assert told.startswith("Approved 0 of 3. The rest: You cannot decide this; it is for Finn")


async def test_part_of_it_is_told_as_a_part(one_desk: Desk) -> None:
    """With a quorum of two, what one has voted on already is not voted on again."""
    stage = Stage("group:finance", 1, "much")
    message = await offered(one_desk, stages=(stage, Stage("group:operations", 1, "and more")))
    cards = await one_desk.messages(SUPPORT)
    await one_desk.click(FINN, cards[0]["ts"], "approve")

    await one_desk.click(FINN, message["ts"], "approve_batch", channel="D0FINN")
    await one_desk.send_owed()

    again = (await one_desk.messages("D0FINN"))[-1]
    assert shown(again).count("Approved so far: Finn 10:00; it is asked further.") == 3
    assert statuses(one_desk) == ["awaiting"] * 3
    # The next stage is a batch of its own, for Operations.
    assert offer(one_desk) == 1
    await one_desk.send_owed()
    [next_one] = await one_desk.messages("D0OLGA")
    await one_desk.click(OLGA, next_one["ts"], "approve_batch", channel="D0OLGA")
    assert statuses(one_desk) == ["approved"] * 3


async def test_only_what_is_alike_and_has_come_to_rest_is_offered_once(one_desk: Desk) -> None:
    ask(one_desk, 1)
    ask(one_desk, 2)
    ask(one_desk, 3, stages=(Stage("group:operations", 1, "much"),))
    ask(one_desk, 4, stages=(Stage("requester", 1, "in your name"),), four_eyes=False)
    assert offer(one_desk) == 0

    ask(one_desk, 5)
    assert offer(one_desk, wait=False) == 0
    assert offer(one_desk) == 1
    ask(one_desk, 6)
    assert offer(one_desk) == 0

    with one_desk.deps.db.read() as session:
        (batch,) = session.exec(select(Batch)).all()
        alone = session.exec(select(Request).where(col(Request.batch_id).is_(None))).all()
    assert len(batch.request_ids) == 3
    assert len(alone) == 3


async def test_what_not_everybody_may_read_is_not_put_together(one_desk: Desk) -> None:
    for number in (1, 2, 3):
        ask(one_desk, number)
    with one_desk.deps.db.transaction() as session:
        request = session.exec(select(Request).where(Request.action_id == "act_3")).one()
        action = session.get_one(Action, "act_3")
        request.readers = ["U0ANA", "U0FINN"]
        plan(session, one_desk.deps.people, request, action, now=one_desk.clock.now())

    assert offer(one_desk) == 0


async def test_what_is_too_long_to_show_is_decided_on_its_own_card_alone(one_desk: Desk) -> None:
    for number in (1, 2):
        ask(one_desk, number)
    ask(one_desk, 3, args={"order": "x" * 30_000})
    assert offer(one_desk) == 1
    await one_desk.send_owed()

    message = (await one_desk.messages("D0FINN"))[-1]

    assert "Not shown whole here: see its own card." in shown(message)
    assert buttons(message) == ["Approve all 2", "Choose…"]
    await one_desk.click(FINN, message["ts"], "approve_batch", channel="D0FINN")
    assert statuses(one_desk) == ["approved", "approved", "awaiting"]


def test_what_is_answered_makes_no_room_for_what_was_not_shown() -> None:
    def one(number: int, **changes: Any) -> Card:
        args = {"order": "1", "reason": "x" * 900}
        return replace(REFUND, request_id=f"req_{number}", args=args, **changes)

    told = tuple(f"line {number}: {'y' * 200}" for number in range(3))
    shown = blocks.Batch("b", (one(1, changed=told), one(2), one(3)), (None,) * 3, "why", "refund")
    later = replace(shown, cards=(one(1, closed=("Approved",)), *shown.cards[1:]))
    later = replace(later, said=("Approved", None, None))

    before = {card.request_id for card in blocks.decidable(shown)}
    after = {card.request_id for card in blocks.decidable(later)}

    assert after <= before
    assert "req_1" not in before


async def test_a_forged_form_decides_nothing_that_the_batch_does_not_list(one_desk: Desk) -> None:
    message = await offered(one_desk)
    ask(one_desk, 7)
    await one_desk.click(FINN, message["ts"], "choose_batch", channel="D0FINN")
    view = (await one_desk.get(f"views?user={FINN}"))["views"][-1]
    with one_desk.deps.db.read() as session:
        other = session.exec(select(Request).where(Request.action_id == "act_7")).one()

    option = {"text": {"type": "plain_text", "text": "x"}, "value": other.id}
    view["state"] = {"values": {
        "which": {"which": {"type": "checkboxes", "selected_options": [option]}},
        "how": {"how": {"type": "radio_buttons", "selected_option": {"value": "approve"}}},
    }}  # fmt: skip
    payload = {
        "type": "view_submission", "team": {"id": "T0PRACTICE"}, "trigger_id": "forged",
        "user": {"id": FINN, "team_id": "T0PRACTICE"}, "view": view,
    }  # fmt: skip
    await one_desk.post("deliver", type="interactive", payload=payload)

    assert statuses(one_desk) == ["awaiting"] * 4


def test_a_form_that_holds_nonsense_is_read_as_nothing() -> None:
    for view in ({}, {"state": {"values": {"which": {"which": 3}, "how": {"how": None}}}}):
        chosen = read_form(view)
        assert (chosen.request_ids, chosen.vote, chosen.reason) == (frozenset(), "reject", "")
