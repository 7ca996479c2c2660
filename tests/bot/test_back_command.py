"""`/signoff back LINK`: what its message says, who may press, and what others are told: nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import select

from approvals.tables import Action, Compensation
from approvals.windows import undo_of
from graphs.runtime.tables import Turn
from tests.bot.desk import ANA, FINN, GENERAL, OLGA, SUPPORT, Desk, buttons, shown

NOTHING = "That message tells of nothing that I did for you. "


def link(desk: Desk, ts: str, channel: str = SUPPORT) -> str:
    return f"{desk.deps.identity.url}archives/{channel}/p{ts.replace('.', '')}?thread_ts=1.1"


async def worked(
    desk: Desk, titles: tuple[str, ...] = ("Stock of Tent +3", "Stock of Rope +1")
) -> str:
    """The ts of Ana's message, for which these steps were done; its turn has ended."""
    ts = await desk.say(ANA, SUPPORT, "<@U0SIGNOFF> three tents and a rope came in")
    [turn] = desk.turns()
    with desk.deps.db.transaction() as session:
        session.get_one(Turn, turn.id).status = "answered"
        session.add_all(_step(desk, turn, n, title) for n, title in enumerate(titles))
    return ts


def _step(desk: Desk, turn: Turn, number: int, title: str) -> Action:
    at = desk.clock.now() + timedelta(seconds=number)
    return Action(
        id=f"act_step_{number}",
        workspace_id=desk.deps.identity.team_id,
        turn_id=turn.id,
        step=number,
        principal_id="ana",
        channel=SUPPORT,
        thread_ts=turn.thread_ts,
        tool="shop.restock",
        tool_version="1.0.0",
        args={"sku": "TENT-2", "quantity": 3},
        origins={},
        status="succeeded",
        preview={"title": title},
        verdict={"undo_s": 600, "effect": "reversible", "digests": {}},
        outcome={"result": {"sku": "TENT-2", "quantity": 3}},
        created_at=at,
        settled_at=at,
    )


def offers(desk: Desk) -> list[Compensation]:
    with desk.deps.db.read() as session:
        return list(session.exec(select(Compensation)))


async def asked(desk: Desk) -> dict[str, Any]:
    await desk.send_owed()
    return (await desk.messages())[-1]


async def test_the_asker_is_asked_in_the_thread_and_the_press_begins_it(one_desk: Desk) -> None:
    """R85."""
    ts = await worked(one_desk)

    told = [await one_desk.command(ANA, f"back {link(one_desk, ts)}") for _ in range(2)]
    question = await asked(one_desk)
    await one_desk.click(OLGA, question["ts"], "undo_all")
    await one_desk.click(ANA, question["ts"], "undo_all")
    await one_desk.send_owed()
    begun = next(m for m in await one_desk.messages() if m["ts"] == question["ts"])

    assert told == ["I ask you in its thread whether to undo what was done since then."] * 2
    assert shown(question).splitlines()[:6] == [
        f"<@{ANA}>",
        "Ana wants to go back to before “Stock of Tent +3”.",
        "Done since then:",
        "• Stock of Rope +1",
        "• Stock of Tent +3",
        "Undo it, the last first, and have me go on from there?",
    ]
    assert buttons(question) == ["Undo both", "Keep"]
    assert await one_desk.whispers(OLGA) == ["Only Ana can go back there."]
    assert "• Stock of Rope +1: being undone" in shown(begun)
    [row] = offers(one_desk)
    with one_desk.deps.db.read() as session:
        found = [undo_of(session, step) for step in row.steps]
    assert [undo.undone_by if undo else None for undo in found] == ["ana", None]


async def test_a_link_to_a_card_goes_back_to_before_what_it_asked_for(one_desk: Desk) -> None:
    await worked(one_desk)
    [turn] = one_desk.turns()
    card = await one_desk.card(thread_ts=turn.thread_ts, turn_id=turn.id)
    with one_desk.deps.db.transaction() as session:
        row = session.get_one(Action, "act_1")
        row.step, row.status = 1, "rejected"

    await one_desk.command(ANA, f"back {link(one_desk, card['ts'])}")

    assert [(row.back_to, row.steps) for row in offers(one_desk)] == [(1, ["act_step_1"])]


async def test_only_whoever_asked_learns_anything_from_a_link(one_desk: Desk) -> None:
    ts = await worked(one_desk)

    told = [
        await one_desk.command(FINN, f"back {link(one_desk, ts)}"),
        await one_desk.command(ANA, f"back {link(one_desk, '1763640000.999999')}"),
        await one_desk.command(ANA, f"back {link(one_desk, ts, GENERAL)}"),
        await one_desk.command(ANA, "back"),
    ]

    assert [line.startswith(NOTHING) for line in told] == [True, True, True, False]
    assert told[3].startswith("Write /signoff back LINK")
    assert offers(one_desk) == []


async def test_what_cannot_be_undone_is_told_in_words(one_desk: Desk) -> None:
    ts = await worked(one_desk, ("Mail to <!here>",))
    one_desk.clock.advance(timedelta(minutes=11))

    told = await one_desk.command(ANA, f"back {link(one_desk, ts)}")

    assert "“Mail to &lt;!here&gt;” was done after that and cannot be undone (any more)" in told
    assert offers(one_desk) == []
