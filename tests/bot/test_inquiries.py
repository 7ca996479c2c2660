"""Ask: the button, the question in the thread, the answer on the card."""

from __future__ import annotations

from typing import Any

from tests.bot.desk import ANA, ASKER, FINN, SAM, Desk, buttons, shown


async def submit(desk: Desk, user: str, words: str) -> dict[str, Any]:
    view = (await desk.get(f"views?user={user}"))["views"][-1]
    values = {"reason": {"reason": words}}
    return await desk.post("views", user=user, view_id=view["id"], values=values)


async def test_a_question_and_its_answer_stand_on_the_card_labelled(any_desk: Desk) -> None:
    """R104."""
    desk = any_desk
    card = await desk.card()
    await desk.click(FINN, card["ts"], "ask")
    await submit(desk, FINN, "Which *parcel*? <!channel>")
    await desk.send_owed()

    asked, question = await desk.messages()
    assert "Finn asked: \nWhich *parcel*? <!channel>" in shown(asked)
    assert "Ana has not answered yet." in shown(asked)
    assert "Expires Tue 10:00" in shown(asked)
    assert shown(question).splitlines()[:2] == [
        "Finn asks about “Refund EUR 180.00 to Mara Lind”",
        "Which *parcel*? <!channel>",
    ]
    assert buttons(question) == ["Answer…"]
    await desk.click(SAM, question["ts"], "reply")
    assert await desk.whispers(SAM) == ["This is a question to Ana."]
    await desk.click(ANA, question["ts"], "reply")
    await submit(desk, ANA, "The blue one")
    await desk.send_owed()

    asked, question = [m for m in await desk.messages() if m.get("blocks")]
    assert "Ana answered: \nThe blue one" in shown(asked)
    assert "Expires Mon 10:00" in shown(asked)
    assert buttons(asked) == ["Approve refund", "Reject…", "Ask…"]
    assert "Ana answered: The blue one" in shown(question)
    assert buttons(question) == []


async def test_who_may_not_decide_may_not_ask_and_the_asker_has_nobody_to_ask(
    one_desk: Desk,
) -> None:
    card = await one_desk.card()
    confirm = await one_desk.card(stages=(ASKER,), four_eyes=False, action_id="act_2")

    await one_desk.click(SAM, card["ts"], "ask")

    assert await one_desk.whispers(SAM) == ["You cannot decide this; it is for Finn (Finance)."]
    assert buttons(confirm) == ["Do it", "Don't"]


async def test_an_empty_question_is_said_at_its_field(one_desk: Desk) -> None:
    card = await one_desk.card()
    await one_desk.click(FINN, card["ts"], "ask")

    assert (await submit(one_desk, FINN, " "))["errors"] == {
        "reason": "Please write it in a few words."
    }
