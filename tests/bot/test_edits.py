"""Edit: the button, the modal, and the two cards afterwards."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from approvals.editing import agreed_by_asker, typed_in_edits
from approvals.opening import open_request
from approvals.policy.judge import Verdict
from approvals.tables import Action
from tests.bot.desk import ANA, FINN, SAM, Desk, buttons, shown

ARGS = {
    "order": "4711",
    "amount": {"minor": 18_000, "currency": "EUR"},
    "reason": "it came torn",
}
MAY = ("amount", "reason")


async def opened(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    """The card, and the modal that Finn opened from it."""
    card = await desk.card(args=ARGS, editable=MAY)
    await desk.click(FINN, card["ts"], "edit")
    return card, (await desk.get(f"views?user={FINN}"))["views"][-1]


async def submitted(desk: Desk, view: dict[str, Any], **typed: str) -> dict[str, Any]:
    values = {name: {name: value} for name, value in typed.items()}
    return await desk.post("views", user=FINN, view_id=view["id"], values=values)


def prepared(desk: Desk) -> Action:
    """What the tool worker makes of the newer action: judged anew, and asked."""
    deps = desk.deps
    with deps.db.transaction() as session:
        query = select(Action).where(col(Action.supersedes).is_not(None))
        newer = session.exec(query).one()
        old = session.get_one(Action, newer.supersedes)
        newer.preview = {**(old.preview or {}), "title": "Refund EUR 150.00 to Mara Lind"}
        newer.digest = "sha256:2"
        newer.origins = {**old.origins, **typed_in_edits(newer)}
        session.flush()
        verdict = agreed_by_asker(Verdict.from_json(old.verdict or {}), newer, deps.people)
        open_request(session, deps.log, newer, verdict, deps.people, now=deps.clock.now())
        return newer


async def test_the_modal_holds_what_may_be_changed_as_people_write_it(one_desk: Desk) -> None:
    card, view = await opened(one_desk)

    assert buttons(card) == ["Approve refund", "Reject…", "Edit…", "Ask…"]
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert [(i["label"]["text"], i["element"]["initial_value"]) for i in inputs] == [
        ("Amount", "EUR 180.00"),
        ("Reason", "it came torn"),
    ]
    assert inputs[0]["hint"]["text"] == (
        "How much to pay back, exactly as the person said it. With its currency, like EUR 150.00."
    )


async def test_what_does_not_fit_is_said_at_its_field_and_nothing_changes(one_desk: Desk) -> None:
    _, view = await opened(one_desk)

    wrong = await submitted(one_desk, view, amount="lots", reason="torn")
    same = await submitted(one_desk, view, amount="EUR 180", reason="it came torn")

    assert wrong["errors"] == {
        "amount": "Please write an amount with its currency, like EUR 150.00."
    }
    assert same["errors"] == {"amount": "Nothing is changed yet."}
    assert one_desk.action().status == "awaiting"


async def test_a_change_closes_the_card_and_a_new_one_shows_the_difference(any_desk: Desk) -> None:
    """R104."""
    desk = any_desk
    card, view = await opened(desk)

    sent = await submitted(desk, view, amount="150 EUR", reason="it came torn")
    assert sent["acked"]
    assert desk.action().status == "superseded"
    newer = prepared(desk)
    await desk.send_owed()

    old, new = await desk.messages()
    assert old["ts"] == card["ts"]
    assert buttons(old) == ["Story"]
    assert (
        "Finn changed this at 10:00: amount EUR 180.00 → EUR 150.00, so I ask anew: "
        "see the newer card." in shown(old)
    )
    assert "Finn changed this at 10:00: amount EUR 180.00 → EUR 150.00" in shown(new)
    assert "amount: typed by Finn" in shown(new)
    assert buttons(new) == ["Approve refund", "Reject…", "Edit…", "Ask…"]
    await desk.click(FINN, new["ts"], "approve")
    await desk.send_owed()
    [agree] = [each for each in await desk.messages() if each["ts"] == new["ts"]]
    assert buttons(agree)[:2] == ["Do it", "Don't"]
    assert "Why I ask: Finn changed what Ana asked for." in shown(agree)
    await desk.click(ANA, new["ts"], "confirm")
    assert desk.action(newer.id).status == "approved"


async def test_who_may_not_decide_may_not_change(one_desk: Desk) -> None:
    card = await one_desk.card(args=ARGS, editable=MAY)

    await one_desk.click(SAM, card["ts"], "edit")

    assert (await one_desk.get(f"views?user={SAM}"))["views"] == []
    assert await one_desk.whispers(SAM) == ["You cannot decide this; it is for Finn (Finance)."]


async def test_a_change_that_comes_too_late_says_what_happened(one_desk: Desk) -> None:
    card, view = await opened(one_desk)
    await one_desk.click(FINN, card["ts"], "approve")

    await submitted(one_desk, view, amount="150 EUR", reason="torn")

    assert one_desk.action().status == "approved"
    told = (await one_desk.get(f"views?user={FINN}"))["views"][-1]
    assert "You approved this already" in shown(told)
