"""Cards and their buttons: who may press them, when, and what the person is told."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.event import listen, remove
from sqlmodel import select

from approvals.actions import ask_about
from approvals.policy.judge import Stage
from approvals.tables import Decision
from bot.presses.clicks import BUSY, STRANGER, Click
from bot.presses.undoing import take_undo
from bot.presses.votes import take_reject
from core.outbox import Outbox
from core.posts import Post, refresh_posts
from tests.bot.desk import (
    ANA,
    ASKER,
    FINN,
    OLGA,
    SAM,
    SUPPORT,
    Desk,
    buttons,
    propose_refund,
    shown,
)


async def test_the_card_says_what_why_and_until_when(one_desk: Desk) -> None:
    card = await one_desk.card()

    assert shown(card).splitlines() == [
        "Refund EUR 180.00 to Mara Lind?",
        "",
        "Order 4711 · Visa ••42 · asked by Ana in Slack · order: from our own records"
        " · amount: typed by Ana",
        "Why you: refunds above EUR 100 need Finance. Can be undone: no. "
        "Expires Mon 10:00, then nothing happens.",
        "Approve refund",
        "Reject…",
        "Ask…",
    ]
    assert card["metadata"]["event_payload"] == {"post_id": one_desk.posts()[0].id}


async def test_an_approver_approves_and_the_card_loses_its_buttons(desk: Desk) -> None:
    """R104."""
    card = await desk.card()

    acked = await desk.click(FINN, card["ts"], "approve")

    assert acked
    assert desk.action().status == "approved"
    await desk.send_owed()
    [closed] = await desk.messages()
    assert closed["ts"] == card["ts"]
    assert "Approved by Finn 10:00 · I am on it" in shown(closed)
    assert buttons(closed) == ["Story"]
    assert _queued(desk, "execute") == ["act_1"]


async def test_an_approval_takes_one_transaction_and_thirty_two_statements(one_desk: Desk) -> None:
    """What a press costs is its statements: who adds one has seen it here."""
    card, engine = await one_desk.card(), one_desk.deps.db.engine
    said: list[str] = []

    def says(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    listen(engine, "before_cursor_execute", says)
    await one_desk.click(FINN, card["ts"], "approve")
    remove(engine, "before_cursor_execute", says)

    assert one_desk.action().status == "approved"
    assert said.count("BEGIN IMMEDIATE") == 1
    begun = said.index("BEGIN IMMEDIATE")
    # What reads next, in a thread of its own, follows from the approval and is not part of it.
    after = said[begun:].index("BEGIN") if "BEGIN" in said[begun:] else len(said)
    assert len(said[: begun + after]) <= 32, "\n".join(said)


async def test_the_asker_is_told_who_else_must_approve(desk: Desk) -> None:
    card = await desk.card()

    await desk.click(ANA, card["ts"], "approve")

    assert await desk.whispers(ANA) == [
        "You asked for this, so someone else must approve it: Finn (Finance)."
    ]
    assert desk.action().status == "awaiting"


async def test_a_second_approval_click_changes_nothing_and_is_told_so(desk: Desk) -> None:
    card = await desk.card()
    await desk.click(FINN, card["ts"], "approve")

    await desk.click(FINN, card["ts"], "approve")

    assert await desk.whispers(FINN) == ["You approved this already, at 10:00 on Fri 20 Nov."]
    with desk.deps.db.read() as session:
        assert len(session.exec(select(Decision)).all()) == 1


async def test_a_click_delivered_twice_counts_once(desk: Desk) -> None:
    card = await desk.card()
    await desk.post("faults", kind="duplicate_delivery", times=1)

    await desk.click(FINN, card["ts"], "approve")

    assert desk.action().status == "approved"
    assert await desk.whispers(FINN) == []


async def test_a_click_after_the_expiry_is_told_so(one_desk: Desk) -> None:
    card = await one_desk.card()
    one_desk.clock.advance(timedelta(days=4))

    await one_desk.click(FINN, card["ts"], "approve")

    [told] = await one_desk.whispers(FINN)
    assert told.startswith("This expired")
    assert one_desk.action().status == "expired"
    await one_desk.send_owed()
    assert "Expired Mon 10:00. Nothing was done." in shown((await one_desk.messages())[0])


async def test_a_refusal_needs_a_reason_and_the_card_tells_it(desk: Desk) -> None:
    """R104."""
    card = await desk.card()

    await desk.click(FINN, card["ts"], "reject")
    view = await _view(desk, FINN)
    empty = await _submit(desk, FINN, view, "  ")
    sent = await _submit(desk, FINN, view, "The goods came back broken")

    assert empty == {"ok": False, "errors": {"reason": "Please say why, in a few words."}}
    assert sent["acked"]
    assert desk.action().status == "rejected"
    await desk.send_owed()
    assert "Rejected by Finn 10:00: The goods came back broken" in shown((await desk.messages())[0])


async def test_who_may_not_decide_is_not_asked_for_a_reason(one_desk: Desk) -> None:
    card = await one_desk.card()

    await one_desk.click(SAM, card["ts"], "reject")

    assert (await one_desk.get(f"views?user={SAM}"))["views"] == []
    assert await one_desk.whispers(SAM) == ["You cannot decide this; it is for Finn (Finance)."]


async def test_a_rejection_that_comes_too_late_says_what_happened(one_desk: Desk) -> None:
    card = await one_desk.card()
    await one_desk.click(FINN, card["ts"], "reject")
    view = await _view(one_desk, FINN)
    await one_desk.click(FINN, card["ts"], "approve")

    await _submit(one_desk, FINN, view, "Changed my mind")

    assert one_desk.action().status == "approved"
    assert "You approved this already" in shown(await _view(one_desk, FINN))


async def test_the_asker_confirms_what_only_they_must(one_desk: Desk) -> None:
    """R109."""
    card = await one_desk.card(stages=(ASKER,), four_eyes=False)
    assert buttons(card) == ["Do it", "Don't"]
    assert "Why I ask: it goes out in your name." in shown(card)

    await one_desk.click(ANA, card["ts"], "confirm")

    assert one_desk.action().status == "approved"


async def test_where_two_must_agree_the_card_shows_who_said_yes_already(one_desk: Desk) -> None:
    card = await one_desk.card(stages=(Stage("person:finn", 1, "a"), Stage("person:olga", 1, "b")))

    await one_desk.click(FINN, card["ts"], "approve")
    await one_desk.send_owed()

    [told] = await one_desk.whispers(FINN)
    assert told.startswith("Counted. Now it is for ")
    assert "Approved so far: Finn 10:00." in shown((await one_desk.messages())[0])
    await one_desk.click(OLGA, card["ts"], "approve")
    assert one_desk.action().status == "approved"


async def test_what_was_asked_in_a_direct_message_reaches_its_approvers_in_theirs(
    one_desk: Desk,
) -> None:
    with one_desk.deps.db.transaction() as session:
        propose_refund(session, one_desk.deps, channel="D0ANA")
    await one_desk.send_owed()
    [first] = await one_desk.messages("D0ANA")
    await one_desk.click(ANA, first["ts"], "disclose", channel="D0ANA")
    await one_desk.send_owed()
    _, asked = await one_desk.messages("D0ANA")
    [card] = await one_desk.messages("D0FINN")
    assert shown(card) == shown(asked)
    assert f"/D0FINN/p{card['ts'].replace('.', '')}" in await one_desk.command(FINN, "approvals")

    await one_desk.click(FINN, card["ts"], "approve", channel="D0FINN")

    assert one_desk.action().status == "approved"
    await one_desk.send_owed()
    for channel in ("D0ANA", "D0FINN"):
        closed = (await one_desk.messages(channel))[-1]
        assert buttons(closed) == ["Story"]


async def test_tampered_values_and_foreign_messages_are_turned_away(one_desk: Desk) -> None:
    card = await one_desk.card()
    request = _value(card, "approve")
    other = await one_desk.say(FINN, SUPPORT, "Lunch?")
    tampered = [
        _click(FINN, card["ts"], value="req_made_up"),
        _click(FINN, other, value=request),
        _click(FINN, card["ts"], value=request, channel="C0GENERAL"),
        _click(FINN, card["ts"], value=request, team="T0OTHER"),
        _click(FINN, card["ts"], value=request, action_id="approve_all"),
    ]

    acks = [
        (await one_desk.post("deliver", type="interactive", payload=payload))["acked"]
        for payload in tampered
    ]

    assert acks == [True] * 5
    assert one_desk.action().status == "awaiting"
    told = await one_desk.whispers(FINN) + await one_desk.whispers(FINN, "C0GENERAL")
    assert told == [STRANGER] * 5


async def test_a_stranger_never_decides_whatever_the_payload_claims(one_desk: Desk) -> None:
    card = await one_desk.card()
    payload = _click(FINN, card["ts"], value=_value(card, "approve"))
    payload["user"]["team_id"] = "T0OTHER"

    await one_desk.post("deliver", type="interactive", payload=payload)

    assert one_desk.action().status == "awaiting"


async def test_garbage_is_acknowledged_and_changes_nothing(one_desk: Desk) -> None:
    await one_desk.card()
    payloads: list[dict[str, Any]] = [
        {"type": "block_actions", "user": {"id": FINN}, "actions": [{"action_id": "approve"}]},
        {
            "type": "view_submission",
            "user": {"id": FINN},
            "view": {"type": "modal", "callback_id": "strange"},
        },
        {"type": "shortcut", "callback_id": "x", "user": {"id": FINN}},
    ]

    for payload in payloads:
        payload.update(team={"id": "T0PRACTICE"}, trigger_id=f"1.{payloads.index(payload)}")
        said = await one_desk.post("deliver", type="interactive", payload=payload)
        assert said["acked"], payload

    assert one_desk.action().status == "awaiting"


async def test_a_commit_that_fails_leaves_the_click_unacknowledged(desk: Desk) -> None:
    card = await desk.card()
    with desk.deps.db.transaction() as session:
        session.execute(text("ALTER TABLE inbound RENAME TO inbound_away"))

    acked = await desk.click(FINN, card["ts"], "approve")

    assert not acked
    assert desk.action().status == "awaiting"


async def test_what_fails_after_the_record_is_acknowledged_and_told_with_a_reference(
    desk: Desk,
) -> None:
    card = await desk.card()
    await desk.post("faults", kind="lost_reply", method="views.open", times=1)

    acked = await desk.click(FINN, card["ts"], "reject")

    assert acked
    [told] = await desk.whispers(FINN)
    assert re.fullmatch(
        r"Something went wrong on my side \(reference [0-9a-f]{8}\)\. Nothing was changed\.", told
    )
    assert desk.action().status == "awaiting"


async def test_a_modal_that_comes_too_late_says_to_press_again(one_desk: Desk) -> None:
    card = await one_desk.card()
    payload = _click(FINN, card["ts"], value=_value(card, "reject"), action_id="reject")

    await one_desk.post("deliver", type="interactive", payload=payload)

    assert await one_desk.whispers(FINN) == [
        "That took me too long. Please press the button again."
    ]


async def test_a_press_before_our_own_send_was_stored_waits_for_it(one_desk: Desk) -> None:
    card = await one_desk.card()
    post_id = one_desk.posts()[0].id
    with one_desk.deps.db.transaction() as session:
        post = session.get_one(Post, post_id)
        ts, post.ts = post.ts, None

    pressing = asyncio.create_task(one_desk.click(FINN, card["ts"], "approve"))
    await asyncio.sleep(0.3)
    with one_desk.deps.db.transaction() as session:
        session.get_one(Post, post_id).ts = ts

    assert await pressing
    assert one_desk.action().status == "approved"


async def test_a_press_on_a_message_that_is_not_stored_yet_is_told_to_come_again(
    one_desk: Desk,
) -> None:
    card = await one_desk.card()
    deps, action_id = one_desk.deps, one_desk.action().id
    finn = deps.people.by_id("finn")
    assert finn is not None
    with deps.db.transaction() as session:
        session.get_one(Post, one_desk.posts()[0].id).ts = None
    presses = {take_reject: _value(card, "reject"), take_undo: action_id}

    told = [
        await asyncio.to_thread(
            take, deps, Click(f"9.{n}", FINN, "T0PRACTICE", SUPPORT, card["ts"], "x", value), finn
        )
        for n, (take, value) in enumerate(presses.items())
    ]

    assert told == [BUSY, BUSY]


async def test_the_story_opens_for_whoever_sees_the_card(one_desk: Desk) -> None:
    """R109."""
    card = await one_desk.card()
    await one_desk.click(FINN, card["ts"], "approve")
    await one_desk.send_owed()

    await one_desk.click(SAM, card["ts"], "story")

    story = shown(await _view(one_desk, SAM))
    assert "Finn approved" in story
    assert "refunds above EUR 100 need Finance" in story


async def test_an_unknown_outcome_is_settled_by_a_person(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        action = propose_refund(session, one_desk.deps, stages=(ASKER,), four_eyes=False)
        action.status = "unknown"
        session.add(action)
        ask_about(session, action, now=one_desk.deps.clock.now())
    await one_desk.send_owed()
    question = next(m for m in await one_desk.messages() if "Did this happen" in shown(m))
    assert buttons(question) == ["It happened", "It did not happen"]

    await one_desk.click(ANA, question["ts"], "happened")

    assert one_desk.action().status == "succeeded"
    await one_desk.send_owed()
    closed = next(m for m in await one_desk.messages() if m["ts"] == question["ts"])
    assert "Ana looked: it happened" in shown(closed)


async def test_an_unknown_outcome_can_be_looked_up_again(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        action = propose_refund(session, one_desk.deps, stages=(ASKER,), four_eyes=False)
        action.status, action.outcome = "unknown", {"status": "unknown", "can_look": True}
        session.add(action)
        ask_about(session, action, now=one_desk.deps.clock.now())
    await one_desk.send_owed()
    question = next(m for m in await one_desk.messages() if "Did this happen" in shown(m))
    assert buttons(question) == ["It happened", "It did not happen", "Look again"]

    await one_desk.click(SAM, question["ts"], "look")
    assert _queued(one_desk, "look") == []
    await one_desk.click(ANA, question["ts"], "look")

    assert _queued(one_desk, "look") == [action.id]
    assert one_desk.action().status == "unknown"


async def test_that_it_did_not_happen_cannot_be_said_while_it_may_still_happen(
    one_desk: Desk,
) -> None:
    until = one_desk.clock.now() + timedelta(seconds=20)
    with one_desk.deps.db.transaction() as session:
        action = propose_refund(session, one_desk.deps, stages=(ASKER,), four_eyes=False)
        action.status = "unknown"
        action.outcome = {"status": "unknown", "can_look": True, "no_before": until.isoformat()}
        session.add(action)
        ask_about(session, action, now=one_desk.deps.clock.now())
    await one_desk.send_owed()
    question = next(m for m in await one_desk.messages() if "Did this happen" in shown(m))
    assert buttons(question) == ["It happened", "Look again"]
    assert "that it did not happen can be said from 10:00:20 on" in shown(question)

    forged = _click(ANA, question["ts"], value=action.id, action_id="not_happened")
    await one_desk.post("deliver", type="interactive", payload=forged)
    assert one_desk.action().status == "unknown"
    assert (await one_desk.whispers(ANA))[-1].startswith("The other system may still be at work")
    one_desk.clock.advance(timedelta(seconds=20))
    with one_desk.deps.db.transaction() as session:
        refresh_posts(session, subject=action.id, kind="question", now=one_desk.clock.now())
    await one_desk.send_owed()
    question = next(m for m in await one_desk.messages() if "Did this happen" in shown(m))
    await one_desk.click(ANA, question["ts"], "not_happened")

    assert one_desk.action().status == "failed"


def _queued(desk: Desk, job: str) -> list[str]:
    with desk.deps.db.read() as session:
        return list(session.exec(select(Outbox.subject).where(Outbox.job == job)))


def _value(card: dict[str, Any], action_id: str) -> str:
    return next(
        str(element["value"])
        for block in card["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == action_id
    )


def _click(
    user: str,
    ts: str,
    *,
    value: str,
    channel: str = SUPPORT,
    team: str = "T0PRACTICE",
    action_id: str = "approve",
) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": team},
        "user": {"id": user, "team_id": "T0PRACTICE"},
        "channel": {"id": channel},
        "container": {"type": "message", "message_ts": ts, "channel_id": channel},
        "trigger_id": f"{ts}.{value}.{channel}.{team}.{action_id}",
        "actions": [{"type": "button", "action_id": action_id, "value": value, "block_id": "b"}],
    }


async def _view(desk: Desk, user: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.get(f"views?user={user}"))["views"][-1]
    return found


async def _submit(desk: Desk, user: str, view: dict[str, Any], reason: str) -> dict[str, Any]:
    values = {"reason": {"reason": reason}}
    return await desk.post("views", user=user, view_id=view["id"], values=values)
