"""Clicks by many at once, by no person, and after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sqlmodel import select

from approvals.people import People
from approvals.tables import Decision, Grant
from bot.members import judge
from bot.presses.clicks import Click
from bot.presses.votes import take_vote
from core.db import open_database
from tests.bot.desk import ANA, FINN, SAM, SUPPORT, Desk

BOTTY = "U0BOTTY"


def press(user: str, card: dict[str, Any], number: int) -> dict[str, Any]:
    value = card["blocks"][-1]["elements"][0]["value"]
    return {
        "type": "block_actions",
        "team": {"id": "T0PRACTICE"},
        "user": {"id": user, "team_id": "T0PRACTICE"},
        "channel": {"id": SUPPORT},
        "container": {"type": "message", "message_ts": card["ts"], "channel_id": SUPPORT},
        "trigger_id": f"50.{number}",
        "actions": [{"type": "button", "action_id": "approve", "value": value, "block_id": "b"}],
    }


async def test_of_fifty_clicks_at_once_one_decides_and_the_others_are_told_the_truth(
    any_desk: Desk,
) -> None:
    desk = any_desk
    card = await desk.card()
    users = [FINN] * 30 + [ANA] * 10 + [SAM] * 10

    await asyncio.gather(
        *(
            desk.post("deliver", type="interactive", payload=press(user, card, number))
            for number, user in enumerate(users)
        )
    )

    assert desk.action().status == "approved"
    with desk.deps.db.read() as session:
        [decision] = session.exec(select(Decision)).all()
        assert (decision.person_id, decision.vote) == ("finn", "approve")
        assert len(session.exec(select(Grant)).all()) == 1
    told = {
        user: await settled(desk, user, count) for user, count in ((FINN, 29), (ANA, 10), (SAM, 10))
    }
    assert set(told[FINN]) == {"You approved this already, at 10:00 on Fri 20 Nov."}
    already = "Finn approved this already, at 10:00 on Fri 20 Nov."
    own = "You asked for this, so someone else must approve it: Finn (Finance)."
    assert set(told[ANA]) <= {already, own}
    assert set(told[SAM]) <= {already, "You cannot decide this; it is for Finn (Finance)."}


async def settled(desk: Desk, user: str, count: int) -> list[str]:
    """What this person was told, once there are so many sentences."""
    for _ in range(40):
        found = await desk.whispers(user)
        if len(found) >= count:
            break
    assert len(found) == count
    return found


async def test_a_bot_never_decides(one_desk: Desk) -> None:
    card = await one_desk.card()

    await one_desk.post("deliver", type="interactive", payload=press(BOTTY, card, 1))

    assert one_desk.action().status == "awaiting"
    assert await one_desk.whispers(BOTTY) == ["Sorry, I work for people only, not for other apps."]


def test_not_even_one_whose_user_id_stands_in_the_file_of_people(people: People) -> None:
    account = judge(FINN, {"is_bot": True}, "T0PRACTICE", people)

    assert people.by_slack(FINN) is not None
    assert account.principal is None


async def test_a_click_after_a_restart_decides(one_desk: Desk, people: People) -> None:
    card = await one_desk.card()
    deps = one_desk.deps
    reopened = open_database(deps.db.engine.url.render_as_string(hide_password=False))
    click = Click(
        trigger_id="60.1",
        user=FINN,
        team="T0PRACTICE",
        channel=SUPPORT,
        ts=card["ts"],
        action_id="approve",
        value=card["blocks"][-1]["elements"][0]["value"],
    )
    finn = people.by_id("finn")
    assert finn is not None

    told = await asyncio.to_thread(take_vote, replace(deps, db=reopened), click, finn, "approve")

    reopened.engine.dispose()
    assert told is None
    assert one_desk.action().status == "approved"
