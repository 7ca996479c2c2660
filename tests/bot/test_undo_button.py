"""The Undo button: where it stands, until when, and what a press is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from approvals.moves import move, row_of
from approvals.tables import Action
from approvals.windows import ask_held
from bot.presses.clicks import STRANGER
from core.posts import ask_post, refresh_posts
from tests.bot.desk import ANA, ASKER, FINN, SAM, SUPPORT, Desk, buttons, propose_refund, shown
from tools.offering import offer

REFUNDED = {
    "status": "succeeded",
    "result": {
        "source": "shop refund re_83",
        "refund": "re_83",
        "order": "4711",
        "amount": {"minor": 18000, "currency": "EUR"},
    },
    "origin": "first_party",
    "summary": "Refunded EUR 180.00, re_83",
}
REFUND_ARGS = {
    "order": "4711",
    "amount": {"minor": 18000, "currency": "EUR"},
    "reason": "torn",
}


async def done(desk: Desk, **verdict: Any) -> dict[str, Any]:
    """The card of a refund that Finn approved and that was done just now."""
    card = await desk.card(args=REFUND_ARGS)
    set_verdict(desk, undo_s=1800, **verdict)
    await desk.click(FINN, card["ts"], "approve")
    await desk.at_rest()
    go_on(desk, "executing")
    go_on(desk, "succeeded", outcome=REFUNDED)
    await desk.send_owed()
    return (await desk.messages())[-1]


async def again(desk: Desk, message: dict[str, Any]) -> dict[str, Any]:
    """The same message as it stands now."""
    return next(m for m in await desk.messages() if m["ts"] == message["ts"])


def set_verdict(desk: Desk, action_id: str = "act_1", **verdict: Any) -> None:
    with desk.deps.db.transaction() as session:
        row = session.get_one(Action, action_id)
        row.verdict = {**(row.verdict or {}), **verdict}
        session.add(row)


def go_on(desk: Desk, to: str, action_id: str = "act_1", **changes: Any) -> None:
    with desk.deps.db.transaction() as session:
        move(
            session,
            desk.deps.log,
            row_of(session, action_id),
            to,
            now=desk.clock.now(),
            actor="system:tools",
            reason="as the worker does",
            **changes,
        )


def undo_of(session: Session, action_id: str = "act_1") -> Action | None:
    return session.exec(select(Action).where(Action.undoes == action_id)).first()


async def test_a_done_refund_carries_undo_until_the_shop_pays_it_out(desk: Desk) -> None:
    """R93."""
    card = await done(desk)

    assert "refunded 10:00, once · re_83 · can be undone until 10:30" in shown(card)
    assert buttons(card) == ["Story", "Undo"]

    await desk.click(ANA, card["ts"], "undo")
    await desk.send_owed()

    with desk.deps.db.read() as session:
        undo = undo_of(session)
    assert undo is not None
    assert (undo.tool, undo.args, undo.undone_by) == (
        "shop.cancel_refund",
        {"refund": "re_83"},
        "ana",
    )
    assert await desk.whispers(ANA) == [
        "I am on it: it is undone in a moment, or somebody is asked first."
    ]
    closed = await again(desk, card)
    assert "Ana wants it undone" in shown(closed)
    assert buttons(closed) == ["Story"]


async def test_whoever_neither_asked_nor_approved_undoes_nothing(one_desk: Desk) -> None:
    card = await done(one_desk)

    await one_desk.click(SAM, card["ts"], "undo")

    assert await one_desk.whispers(SAM) == ["Only Ana or Finn can take this back."]
    with one_desk.deps.db.read() as session:
        assert undo_of(session) is None


async def test_a_press_after_its_time_is_told_until_when_it_was(one_desk: Desk) -> None:
    card = await done(one_desk)
    one_desk.clock.advance(timedelta(minutes=31))

    await one_desk.click(FINN, card["ts"], "undo")

    assert await one_desk.whispers(FINN) == [
        "This could be undone until 10:30; that time is over. Nothing was changed."
    ]


async def test_two_people_press_and_it_is_undone_once(one_desk: Desk) -> None:
    card = await done(one_desk)

    await one_desk.click(FINN, card["ts"], "undo")
    await one_desk.click(ANA, card["ts"], "undo")

    assert await one_desk.whispers(ANA) == ["Finn wants this undone already: it is being done."]
    with one_desk.deps.db.read() as session:
        assert len(session.exec(select(Action).where(Action.undoes == "act_1")).all()) == 1


async def test_an_undo_button_from_elsewhere_does_nothing(one_desk: Desk) -> None:
    await done(one_desk)
    other = await asyncio.to_thread(
        lambda: one_desk.web.chat_postMessage(
            channel=SUPPORT, text="Press me", blocks=[_button("act_1")]
        )
    )

    await one_desk.click(ANA, str(other["ts"]), "undo")

    assert await one_desk.whispers(ANA) == [STRANGER]


async def test_an_open_card_says_for_how_long_it_could_be_undone(one_desk: Desk) -> None:
    await one_desk.card()
    with one_desk.deps.db.transaction() as session:
        row = session.get_one(Action, "act_1")
        row.verdict = {**(row.verdict or {}), "undo_s": 600, "hold_s": 0}
        row.preview = {**(row.preview or {}), "undo": "yes, cancel it"}
        session.add(row)
        refresh_posts(session, subject="act_1", kind="card", now=one_desk.clock.now())
    await one_desk.send_owed()

    assert "Can be undone: yes, cancel it (for 10 minutes)." in shown(
        (await one_desk.messages())[0]
    )


async def test_an_approved_mail_waits_and_can_be_taken_back(desk: Desk) -> None:
    card = await desk.card(stages=(ASKER,))
    set_verdict(desk, hold_s=20)
    await desk.click(ANA, card["ts"], "confirm")
    await desk.send_owed()
    [held] = await desk.messages()
    assert "begins at 10:00:20 and can be taken back until then" in shown(held)
    assert buttons(held) == ["Story", "Undo"]

    await desk.click(ANA, card["ts"], "undo")
    await desk.send_owed()

    assert desk.action().status == "cancelled"
    closed = await again(desk, card)
    assert "Ana took it back before it was begun. Nothing was done." in shown(closed)
    assert buttons(closed) == ["Story"]


async def test_what_nobody_was_asked_about_and_waits_says_so_in_the_thread(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        action = propose_refund(session, one_desk.deps)
        action.status = "allowed"
        action.not_before = one_desk.clock.now() + timedelta(seconds=20)
        session.add(action)
        ask_held(session, action, now=one_desk.clock.now())
    await one_desk.send_owed()
    [held] = [m for m in await one_desk.messages() if "begins at 10:00:20" in shown(m)]

    await one_desk.click(ANA, held["ts"], "undo")
    await one_desk.send_owed()

    assert one_desk.action().status == "cancelled"
    closed = await again(one_desk, held)
    assert "took it back" in shown(closed)
    assert buttons(closed) == ["Story"]


async def test_an_answer_offers_to_undo_what_was_done_without_a_card(one_desk: Desk) -> None:
    """R93."""
    await one_desk.say(ANA, SUPPORT, "<@U0SIGNOFF> remember that Mara likes tea")
    [turn] = one_desk.turns()
    with one_desk.deps.db.transaction() as session:
        session.add(_remembered(one_desk, turn.id))
        session.flush()
        _answer(session, one_desk, turn.id)
    await one_desk.send_owed()
    said = (await one_desk.messages())[-1]
    assert "Remember a note of Ana Berg: can be undone until 10:10" in shown(said)
    assert buttons(said) == ["Undo", "Story"]

    await one_desk.click(ANA, said["ts"], "undo")
    await one_desk.send_owed()

    with one_desk.deps.db.read() as session:
        undo = undo_of(session, "act_note")
    assert undo is not None
    assert undo.tool == "notes.forget"
    assert buttons(await again(one_desk, said)) == ["Story"]


async def test_an_undo_that_could_not_be_is_told_to_who_wanted_it(one_desk: Desk) -> None:
    card = await done(one_desk)
    await one_desk.click(ANA, card["ts"], "undo")
    with one_desk.deps.db.read() as session:
        undo = undo_of(session)
    assert undo is not None
    why = "The shop has paid this refund out already, so it cannot be taken back."
    go_on(one_desk, "failed", undo.id, outcome={"code": "paid_out", "message": why})
    with one_desk.deps.db.transaction() as session:
        _not_undone(session, one_desk, undo.id)
    await one_desk.send_owed()

    told = (await one_desk.messages())[-1]

    assert f"<@{ANA}> *This could not be undone:* Refund EUR 180.00 to Mara Lind" in shown(told)
    assert f"{why} Nothing was changed." in shown(told)
    assert buttons(told) == ["Undo", "Story"]


async def test_the_steps_before_one_that_failed_are_offered_back_together(desk: Desk) -> None:
    steps = [_step(desk, 0, "Book “Tea”"), _step(desk, 1, "Change the stock of Tent by +3")]
    failed = _step(desk, 2, "Refund EUR 9.00 to Mara Lind")
    failed.status, failed.outcome = "failed", {"message": "The shop has no such order."}
    with desk.deps.db.transaction() as session:
        session.add_all([*steps, failed])
        session.flush()
        offer(
            session,
            desk.deps.log,
            desk.deps.registry,
            turn_id="turn_1",
            automatic=False,
            now=desk.clock.now(),
        )
    await desk.send_owed()
    asked = (await desk.messages())[-1]

    assert shown(asked).splitlines()[:6] == [
        f"<@{ANA}>",
        "Refund EUR 9.00 to Mara Lind failed: The shop has no such order.",
        "Done before that:",
        "• Change the stock of Tent by +3",
        "• Book “Tea”",
        "Undo it, the last first?",
    ]
    assert buttons(asked) == ["Undo both", "Keep"]

    await desk.click(SAM, asked["ts"], "undo_all")
    assert await desk.click(ANA, asked["ts"], "undo_all")
    await desk.send_owed()

    assert await desk.whispers(SAM) == ["Only Ana can take this back."]
    told = await again(desk, asked)
    assert "• Change the stock of Tent by +3: being undone" in shown(told)
    assert "• Book “Tea”: not undone" in shown(told)
    assert buttons(told) == []


def _step(desk: Desk, number: int, title: str) -> Action:
    at = desk.clock.now() + timedelta(seconds=number)
    return Action(
        id=f"act_step_{number}",
        workspace_id=desk.deps.identity.team_id,
        turn_id="turn_1",
        step=number,
        principal_id="ana",
        channel=SUPPORT,
        tool="shop.restock",
        tool_version="1.0.0",
        args={"sku": "TENT-2", "quantity": 3},
        origins={},
        status="succeeded",
        preview={"title": title},
        verdict={"undo_s": 600, "effect": "reversible", "digests": {}},
        outcome={"result": {"sku": "TENT-2", "quantity": 3}},
        alike=f"sha256:{number}",
        created_at=at,
        settled_at=at,
    )


def _button(value: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Undo"}
    button = {"type": "button", "action_id": "undo", "value": value, "text": text}
    return {"type": "actions", "elements": [button]}


def _remembered(desk: Desk, turn_id: str) -> Action:
    now = desk.clock.now()
    return Action(
        id="act_note",
        workspace_id=desk.deps.identity.team_id,
        turn_id=turn_id,
        principal_id="ana",
        channel=SUPPORT,
        tool="notes.remember",
        tool_version="1.0.0",
        args={"text": "Mara likes tea"},
        origins={},
        status="succeeded",
        preview={"title": "Remember a note of Ana Berg"},
        verdict={"undo_s": 600, "effect": "reversible", "digests": {}},
        outcome={"result": {"note_id": f"note_{'0' * 32}"}},
        created_at=now,
        settled_at=now,
    )


def _answer(session: Session, desk: Desk, turn_id: str) -> None:
    ask_post(
        session,
        workspace_id=desk.deps.identity.team_id,
        subject=turn_id,
        kind="answer",
        channel=SUPPORT,
        thread_ts=None,
        body={"text": "Noted.", "model": "rehearsal-1", "cost_micros": 0},
        now=desk.clock.now(),
    )


def _not_undone(session: Session, desk: Desk, undo_id: str) -> None:
    ask_post(
        session,
        workspace_id=desk.deps.identity.team_id,
        subject=undo_id,
        kind="not_undone",
        channel=SUPPORT,
        thread_ts=None,
        body={},
        now=desk.clock.now(),
    )
