"""Allow alike in Slack: the button, the modal, what is asked for, and Revoke in Home."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from approvals.bounds import Bounds
from approvals.rights_tables import StandingPermission
from approvals.standing import give
from approvals.tables import Action
from core.money import Money
from tests.bot.desk import ANA, FINN, SAM, Desk, buttons, dumped

SENT = {
    "at_most": {"at_most": "EUR 200"},
    "uses": {"uses": "5"},
    "in_all": {"in_all": "EUR 500"},
    "days": {"days": "7"},
}


async def closed(
    desk: Desk, *, four_eyes: bool = False, standing: bool = False, cards: str = "thread"
) -> dict[str, Any]:
    """A refund that Finn approved, as it stands in #support then."""
    card = await desk.card(four_eyes=four_eyes, cards=cards)
    with desk.deps.db.transaction() as session:
        row = session.get_one(Action, "act_1")
        found = {"amount": row.args["amount"], "outside": False, "own": False, "recipients": []}
        at = desk.clock.now().isoformat()
        row.preview = {**(row.preview or {}), **found, "authority": ["order"], "read_at": at}
        digests = {"policy": "sha256:p", "people": desk.deps.people.digest}
        row.verdict = {**(row.verdict or {}), "digests": digests, "standing": standing}
    if cards == "dm":
        [card] = await desk.messages("D0FINN")
        await desk.click(FINN, card["ts"], "approve", channel="D0FINN")
    else:
        await desk.click(FINN, card["ts"], "approve")
    await desk.send_owed()
    return (await desk.messages())[-1]


async def opened(desk: Desk) -> dict[str, Any]:
    card = await closed(desk)
    await desk.click(ANA, card["ts"], "allow_alike")
    view: dict[str, Any] = (await desk.get(f"views?user={ANA}"))["views"][-1]
    return view


async def submit(desk: Desk, view: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return await desk.post("views", user=ANA, view_id=view["id"], values={**SENT, **changed})


def asked_for(desk: Desk) -> list[Action]:
    with desk.deps.db.read() as session:
        query = select(Action).where(Action.tool == "signoff.allow_alike")
        return list(session.exec(query.order_by(col(Action.created_at))))


async def test_what_needs_two_people_each_time_offers_no_yes_in_advance(one_desk: Desk) -> None:
    card = await closed(one_desk, four_eyes=True)

    assert buttons(card) == ["Story"]


async def test_only_the_asker_and_those_who_approved_may_ask_for_it(one_desk: Desk) -> None:
    card = await closed(one_desk)

    await one_desk.click(SAM, card["ts"], "allow_alike")

    assert (await one_desk.get(f"views?user={SAM}"))["views"] == []
    assert (await one_desk.whispers(SAM))[-1] == (
        "Only Ana, who asked for it, and those who approved it can ask for this."
    )


async def test_whoever_approved_it_asks_for_it_with_the_same_button(one_desk: Desk) -> None:
    card = await closed(one_desk)

    await one_desk.click(FINN, card["ts"], "allow_alike")
    [view] = (await one_desk.get(f"views?user={FINN}"))["views"]
    assert "It is for what Ana asks for, and nobody else." in dumped(view)
    await one_desk.post("views", user=FINN, view_id=view["id"], values=SENT)

    (action,) = asked_for(one_desk)
    assert (action.status, action.principal_id) == ("proposed", "finn")


async def test_the_only_approver_is_told_who_can_ask_for_it(one_desk: Desk) -> None:
    card = await closed(one_desk, four_eyes=True, standing=True)
    assert "Allow alike…" in buttons(card)

    await one_desk.click(FINN, card["ts"], "allow_alike")

    assert (await one_desk.get(f"views?user={FINN}"))["views"] == []
    assert (await one_desk.whispers(FINN))[-1] == (
        "Nobody besides you could approve it. Ana can ask for it with the same button; then you "
        "decide."
    )


async def test_it_is_asked_for_where_the_card_stands_elsewhere_too(one_desk: Desk) -> None:
    status = await closed(one_desk, cards="dm")
    assert "Allow alike…" in buttons(status)

    await one_desk.click(ANA, status["ts"], "allow_alike")

    assert len((await one_desk.get(f"views?user={ANA}"))["views"]) == 1


async def test_the_bounds_are_filled_in_and_what_is_sent_is_asked_for(desk: Desk) -> None:
    view = await opened(desk)
    assert "With everything checked it would have covered Refund EUR 180.00" in dumped(view)

    wrong = await submit(desk, view, at_most={"at_most": "lots"}, days={"days": "400"})
    narrow = await submit(desk, view, at_most={"at_most": "EUR 10"})
    await submit(desk, view, may_differ={"may_differ": ["order"]})
    await submit(desk, view) if (await desk.get(f"views?user={ANA}"))["views"] else None

    assert set(wrong["errors"]) == {"at_most", "days"}
    assert "would not be covered: it is about more money" in narrow["errors"]["uses"]
    (action,) = asked_for(desk)
    assert (action.status, action.principal_id, action.channel) == ("proposed", "ana", "C0SUPPORT")
    assert action.args == {
        "action_id": "act_1",
        "at_most": {"minor": 20_000, "currency": "EUR"},
        "in_all": {"minor": 50_000, "currency": "EUR"},
        "recipients": [],
        "may_differ": ["order"],
        "uses": 5,
        "days": 7,
    }


async def test_home_lists_it_and_revoke_ends_it_at_once(one_desk: Desk) -> None:
    await closed(one_desk)
    deps, now = one_desk.deps, one_desk.clock.now()
    bounds = Bounds(
        tool="shop.refund", tool_version="1.0.0", asker="ana", automation="assistant",
        outside=False, own=False, at_most=Money(20_000, "EUR"), recipients=(),
        fields={"order": {"any": True}},
    )  # fmt: skip
    with deps.db.transaction() as session:
        row = session.get_one(Action, "act_1")
        until = now + timedelta(days=7)
        give(
            session, deps.log, action=row, bounds=bounds, uses=5, in_all=50_000, until=until,
            now=now,
        )  # fmt: skip

    told = await one_desk.command(ANA, "approvals")
    others = await one_desk.command(SAM, "approvals")
    await one_desk.post("home", user=ANA)
    await one_desk.at_rest()
    home = (await one_desk.get(f"views?user={ANA}"))["home"]
    assert "given by Finn · until Fri 27 Nov 10:00" in dumped(home)
    await one_desk.post("actions", user=ANA, view_id=home["id"], action_id="revoke")
    await one_desk.at_rest()

    assert "Given for a time (revoke it in my Home):" in told
    assert "0 of 5 used, EUR 0.00 of EUR 500.00 · given by Finn" in told
    assert others == "Nothing waits for you."
    with deps.db.read() as session:
        ended = session.exec(select(StandingPermission)).one()
    assert (ended.ended_by, ended.ended_at) == ("ana", now)
