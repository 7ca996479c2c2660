"""A card that is too long to show: read page by page, and only then approved."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from approvals.tables import PageRead
from audit.tables import Event
from bot.presses.reading import UNREAD
from tests.bot.desk import ANA, ASKER, FINN, SAM, SUPPORT, Desk, buttons, shown

LONG = {"order": "4711", "amount": {"minor": 18_000, "currency": "EUR"}, "reason": "torn\n" * 6_000}


async def view_of(desk: Desk, user: str) -> dict[str, Any] | None:
    views = (await desk.get(f"views?user={user}"))["views"]
    return views[-1] if views else None


async def onward(desk: Desk, user: str) -> dict[str, Any] | None:
    """Press the modal's button; the modal that is open then."""
    view = await view_of(desk, user)
    assert view is not None
    await desk.post("views", user=user, view_id=view["id"], values={})
    return await view_of(desk, user)


async def test_a_long_card_is_approved_at_the_end_of_its_pages(any_desk: Desk) -> None:
    desk = any_desk
    card = await desk.card(args=LONG)
    assert buttons(card) == ["Read all (3 pages)", "Reject…", "Ask…"]
    assert "Too long to show here: 30,0" in shown(card)

    await desk.click(FINN, card["ts"], "read")
    first = await view_of(desk, FINN)
    second = await onward(desk, FINN)
    third = await onward(desk, FINN)
    after = await onward(desk, FINN)

    assert first
    assert second
    assert third
    assert [v["title"]["text"] for v in (first, second, third)] == [
        f"Page {number} of 3" for number in (1, 2, 3)
    ]
    assert [v["submit"]["text"] for v in (first, second, third)] == [
        "Next page",
        "Next page",
        "Approve refund",
    ]
    assert after is None
    assert desk.action().status == "approved"
    with desk.deps.db.read() as session:
        assert sorted(session.exec(select(PageRead.page))) == [1, 2, 3]
        assert "Finn went through all 3 pages" in session.exec(select(Event.reason)).all()


async def test_a_press_that_the_card_does_not_offer_is_told_to_read_first(one_desk: Desk) -> None:
    card = await one_desk.card(args=LONG)
    request = card["blocks"][-1]["elements"][0]["value"]
    payload = {
        "type": "block_actions",
        "team": {"id": "T0PRACTICE"},
        "user": {"id": FINN, "team_id": "T0PRACTICE"},
        "channel": {"id": SUPPORT},
        "container": {"type": "message", "message_ts": card["ts"], "channel_id": SUPPORT},
        "trigger_id": "1.2",
        "actions": [{"type": "button", "action_id": "approve", "value": request, "block_id": "b"}],
    }

    await one_desk.post("deliver", type="interactive", payload=payload)

    assert await one_desk.whispers(FINN) == [UNREAD]
    assert one_desk.action().status == "awaiting"


async def test_what_one_read_nobody_else_has_read(one_desk: Desk) -> None:
    card = await one_desk.card(args=LONG, stages=(ASKER,), four_eyes=False)
    assert buttons(card)[0] == "Read all (3 pages)"
    await one_desk.click(SAM, card["ts"], "read")
    await onward(one_desk, SAM)
    sams = await onward(one_desk, SAM)
    assert sams is not None
    assert sams["submit"] is None
    await one_desk.click(ANA, card["ts"], "read")

    view = await view_of(one_desk, ANA)
    assert view is not None
    skipping = {**view, "private_metadata": view["private_metadata"].replace(" 1", " 3")}
    payload = {
        "type": "view_submission",
        "team": {"id": "T0PRACTICE"},
        "user": {"id": ANA, "team_id": "T0PRACTICE"},
        "trigger_id": "1.3",
        "view": skipping,
    }
    await one_desk.post("deliver", type="interactive", payload=payload)

    assert one_desk.action().status == "awaiting"
