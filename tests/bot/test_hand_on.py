"""Hand on: the button, its form, and what becomes of the cards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from approvals.people import People
from approvals.policy.judge import Stage
from approvals.tables import Disclosure, Handing, Request
from audit.tables import Event
from tests.bot.desk import ANA, FINANCE, FINN, GITA, OLGA, SAM, Desk, buttons, propose_refund, shown
from tests.bot.opening import CONFIG

TEAM = "T0PRACTICE"
FINNS = Stage("person:finn", 1, "refunds need Finn", hand_to="group:sales")


@pytest.fixture
def people() -> People:
    """Gita stands in the file, and is a guest in Slack."""
    text = (CONFIG / "people.yaml").read_text().replace("[finn]", "[finn, olga, gita]")
    gita = "people:\n  - {id: gita, name: Gita Rao, slack_id: U0GITA}\n"
    return People.parse(text.replace("people:\n", gita, 1), Path("people.yaml"))


async def submit(desk: Desk, user: str, to: str | None, why: str = "") -> dict[str, Any]:
    view = (await desk.get(f"views?user={user}"))["views"][-1]
    values = {"to": {"to": to}, "reason": {"reason": why}}
    return await desk.post("views", user=user, view_id=view["id"], values=values)


async def told(desk: Desk, user: str) -> str:
    """What the form says now."""
    return shown({"blocks": (await desk.get(f"views?user={user}"))["views"][-1]["blocks"]})


async def test_another_is_asked_and_every_copy_of_the_card_says_so(any_desk: Desk) -> None:
    desk = any_desk
    card = await desk.card(stages=(FINANCE,))
    assert buttons(card) == ["Approve refund", "Reject…", "Ask…", "Hand on…"]

    await desk.click(FINN, card["ts"], "hand")
    assert "I can hand it to Olga or Gita." in str((await desk.get(f"views?user={FINN}"))["views"])
    await submit(desk, FINN, OLGA, "You know *Mara* <!channel>")
    await desk.send_owed()

    assert "Handed to Olga, who is asked now." in await told(desk, FINN)
    [copy] = await desk.messages("D0OLGA")
    [here] = await desk.messages()
    for message in (copy, here):
        assert "Finn handed it to Olga: \nYou know *Mara* <!channel>" in shown(message)
        assert "Finn may still answer it." in shown(message)
    assert "Nothing waits for you" in await desk.command(FINN, "approvals")
    await desk.click(OLGA, copy["ts"], "approve", channel="D0OLGA")
    await desk.send_owed()
    for channel in ("C0SUPPORT", "D0OLGA"):
        assert "Approved by Olga" in shown((await desk.messages(channel))[0])
    with desk.deps.db.read() as session:
        event = session.exec(select(Event).where(Event.type == "approvals:request:handed")).one()
    assert (event.actor, event.reason) == ("finn", "Finn handed it to Olga")


async def test_what_is_wrong_with_a_choice_is_said_at_its_field(one_desk: Desk) -> None:
    card = await one_desk.card(stages=(FINANCE,))
    await one_desk.click(FINN, card["ts"], "hand")

    for user, problem in (
        (ANA, "Ana asked for this and cannot decide it too."),
        (SAM, "I cannot hand this to Sam; I can to Olga or Gita."),
        (FINN, "That is you. Choose somebody else."),
        (GITA, "Gita is not a full member of this workspace now, so I cannot ask them."),
        ("U0BOTTY", "I do not work with this person. Choose somebody who stands in "
         "config/people.yaml."),
    ):  # fmt: skip
        assert (await submit(one_desk, FINN, user))["errors"] == {"to": problem}
    assert "errors" in await submit(one_desk, FINN, None)
    assert one_desk.action().status == "awaiting"
    assert await one_desk.messages("D0SAM") == []


async def test_who_may_not_decide_may_not_hand_on_and_a_late_form_is_told(one_desk: Desk) -> None:
    card = await one_desk.card(stages=(FINANCE,))
    await one_desk.click(SAM, card["ts"], "hand")
    assert await one_desk.whispers(SAM) == [
        "You cannot decide this; it is for Finn, Olga or Gita (Finance)."
    ]

    await one_desk.click(FINN, card["ts"], "hand")
    await one_desk.click(OLGA, card["ts"], "approve")
    await submit(one_desk, FINN, OLGA)

    assert "Olga approved this already" in await told(one_desk, FINN)
    assert await one_desk.messages("D0OLGA") == []


async def test_it_goes_back_by_the_same_way_and_not_twice(one_desk: Desk) -> None:
    card = await one_desk.card(stages=(FINANCE,))
    await one_desk.click(FINN, card["ts"], "hand")
    await submit(one_desk, FINN, OLGA)
    await one_desk.click(FINN, card["ts"], "hand")
    assert await one_desk.whispers(FINN) == [
        "You are not asked any more, Olga or Gita is. You may still answer it yourself."
    ]

    await one_desk.click(OLGA, card["ts"], "hand")
    await submit(one_desk, OLGA, FINN)
    await one_desk.send_owed()

    [here] = [m for m in await one_desk.messages() if m.get("blocks")]
    assert "Finn handed it to Olga." in shown(here)
    assert "Olga handed it to Finn." in shown(here)
    assert "Olga may still answer it." in shown(here)
    assert "Finn may still" not in shown(here)
    assert "Refund EUR 180.00" in await one_desk.command(FINN, "approvals")


async def test_where_nobody_else_may_be_asked_there_is_no_button(one_desk: Desk) -> None:
    alone = await one_desk.card(stages=(Stage("person:finn", 1, "a"),))
    assert buttons(alone) == ["Approve refund", "Reject…", "Ask…"]

    more = await one_desk.card(stages=(FINNS,), action_id="act_2")
    assert "Hand on…" in buttons(more)


async def test_a_newcomer_sees_nothing_before_the_asker_agreed(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        propose_refund(session, one_desk.deps, stages=(FINNS,), readers=[ANA, FINN])
    await one_desk.send_owed()
    [card] = await one_desk.messages()
    await one_desk.click(FINN, card["ts"], "hand")
    await submit(one_desk, FINN, SAM, "He sold it")
    await one_desk.send_owed()

    assert "Ana is asked first whether Sam may see it" in await told(one_desk, FINN)
    card, question = await one_desk.messages()
    assert "Finn wants to hand it to Sam; Ana has yet to agree that Sam sees it" in shown(card)
    assert "Sam cannot read this conversation, so I ask you" in shown(question)
    assert "Finn wants to hand it to Sam" in shown(question)
    assert "He sold it" in shown(question)
    assert await one_desk.messages("D0SAM") == []
    await one_desk.click(ANA, question["ts"], "withdraw")
    await one_desk.send_owed()

    assert await one_desk.messages("D0SAM") == []
    [notice] = await one_desk.messages("D0FINN")
    assert "Ana did not want “Refund EUR 180.00 to Mara Lind” shown to Sam" in shown(notice)
    card, question = await one_desk.messages()
    assert "Not shown to Sam." in shown(question)
    await one_desk.click(FINN, card["ts"], "approve")
    assert one_desk.action().status == "approved"


async def test_a_guest_is_not_asked_by_command_either(one_desk: Desk) -> None:
    await one_desk.card(stages=(FINANCE,))

    said = await one_desk.command(FINN, f"hand <@{GITA}>")

    assert said == "Gita is not a full member of this workspace now, so I cannot ask them."


def pressed(user: str, ts: str, action_id: str, value: str, team: str = TEAM) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": team},
        "channel": {"id": "C0SUPPORT"},
        "container": {"type": "message", "message_ts": ts, "channel_id": "C0SUPPORT"},
        "trigger_id": f"1.{user}.{ts}.{action_id}.{team}",
        "actions": [{"type": "button", "action_id": action_id, "value": value, "block_id": "b"}],
    }


async def test_presses_and_forms_nobody_could_have_made_change_nothing(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        propose_refund(session, one_desk.deps, stages=(FINNS,), readers=[ANA, FINN])
    await one_desk.send_owed()
    [card] = await one_desk.messages()
    await one_desk.click(FINN, card["ts"], "hand")
    await submit(one_desk, FINN, SAM)
    await one_desk.send_owed()
    card, question = await one_desk.messages()
    with one_desk.deps.db.read() as session:
        request, asked = session.exec(select(Request)).one(), session.exec(select(Disclosure)).one()

    async def deliver(payload: dict[str, Any]) -> None:
        await one_desk.post("deliver", type="interactive", payload=payload)

    await deliver(pressed(ANA, card["ts"], "disclose", asked.id))
    await deliver(pressed(ANA, question["ts"], "disclose", request.id))
    await deliver(pressed(SAM, question["ts"], "disclose", asked.id))
    await deliver(pressed(ANA, question["ts"], "disclose", asked.id, team="T0OTHER"))
    await deliver(pressed("U0BOTTY", question["ts"], "disclose", asked.id))
    await deliver(pressed(SAM, card["ts"], "hand", request.id))
    form = {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": SAM, "team_id": TEAM},
        "trigger_id": "1.form",
        "view": {
            "id": "V1", "type": "modal", "callback_id": "hand", "private_metadata": request.id,
            "state": {"values": {"to": {"to": {"type": "users_select", "selected_user": SAM}}}},
        },
    }  # fmt: skip
    await deliver(form)
    await one_desk.send_owed()

    with one_desk.deps.db.read() as session:
        assert session.exec(select(Disclosure)).one().status == "asked"
        assert session.exec(select(Request)).one().agreed == []
        assert [row.status for row in session.exec(select(Handing))] == ["waits"]
    assert await one_desk.messages("D0SAM") == []
