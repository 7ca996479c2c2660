"""`/signoff delegate` and `/signoff hand`, and the card of whoever stands in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals.policy.judge import Stage
from bot.slash.absences import read_dates
from tests.bot.desk import ANA, FINN, OLGA, SAM, Desk, propose_refund, shown

TODAY = date(2026, 11, 20)


async def test_who_is_away_names_a_delegate_whose_vote_is_told_as_theirs(desk: Desk) -> None:
    card = await desk.card()

    told = await desk.command(FINN, "delegate @sam until 2026-11-24")
    await desk.click(SAM, card["ts"], "approve")
    await desk.send_owed()

    assert told == "Sam decides for you from now until the end of 2026-11-24."
    assert await desk.command(SAM, "delegate") == "You decide for Finn now."
    assert desk.action().status == "approved"
    assert "Approved by Sam for Finn 10:00" in shown((await desk.messages())[0])


async def test_a_delegation_is_shown_ended_and_said_to_go_one_step_only(one_desk: Desk) -> None:
    assert (await one_desk.command(FINN, "delegate")).startswith("Nobody decides for you.")
    said = await one_desk.command(OLGA, "delegate <@U0ANA|ana> until 2026-12-01")
    assert "What only an operator may permit (scopes, the policy, connectors) Ana does not" in said

    told = await one_desk.command(FINN, "delegate <@U0OLGA> until 2026-12-01 from 2026-11-25")

    assert told.splitlines() == [
        "Olga decides for you from 2026-11-25 until the end of 2026-12-01.",
        "Olga is away too; Ana stands in for Olga, not for you.",
    ]
    assert await one_desk.command(FINN, "delegate stop") == "Nobody decides for you any more."
    assert await one_desk.command(FINN, "delegate stop") == "Nobody decided for you."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("@sam", "Write /signoff delegate"),
        ("until 2026-12-01", "Write /signoff delegate"),
        ("@nobody until 2026-12-01", "I don't know @nobody."),
        ("@finn until 2026-12-01", "You cannot stand in for yourself."),
        ("@sam until 2026-11-19", "2026-11-19 is before 2026-11-20."),
        ("@sam until 2026-11-19 from 2026-11-01", "That is over already."),
        ("@sam until 2028-11-19", "Make it a year at most."),
        ("@sam until 2026-13-01", "Write /signoff delegate"),
    ],
)
async def test_what_cannot_be_meant_is_answered_with_how_to_write_it(
    one_desk: Desk, words: str, says: str
) -> None:
    assert (await one_desk.command(FINN, f"delegate {words}")).startswith(says)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("@sam until 2026-12-01", (TODAY, date(2026, 12, 1))),
        ("@sam from 2026-11-25 until 2026-12-01", (date(2026, 11, 25), date(2026, 12, 1))),
        ("@sam for ever until 2026-12-01", None),
        ("@sam from 2026-11-25", None),
    ],
)
def test_days_are_read(text: str, days: tuple[date, date] | None) -> None:
    assert read_dates(text, TODAY) == days


async def test_what_waits_is_handed_to_another_who_gets_the_card(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        stage = Stage("person:finn", 1, "much", hand_to="group:operations")
        propose_refund(session, one_desk.deps, stages=(stage,))
        propose_refund(session, one_desk.deps, action_id="act_2")

    several = await one_desk.command(FINN, "hand @olga")
    nothing = await one_desk.command(FINN, "hand @olga piano")
    refused = await one_desk.command(ANA, "hand @olga refund")

    assert several.startswith("Several things wait for you.")
    assert nothing == refused
    assert nothing.startswith("Nothing of that kind waits for you.")


async def test_a_reminder_leads_to_the_card(one_desk: Desk) -> None:
    from approvals.keeping_time import nudge_due

    stage = Stage("group:finance", 1, "much", remind_s=3600)
    await one_desk.card(stages=(stage,))
    one_desk.clock.advance(timedelta(hours=1))
    deps = one_desk.deps
    with deps.db.transaction() as session:
        assert nudge_due(session, deps.log, deps.people, now=deps.clock.now()) == 1
    await one_desk.send_owed()

    [reminder] = await one_desk.messages("D0FINN")
    assert "Still waiting for you: <http" in shown(reminder)
    assert "|Refund EUR 180.00 to Mara Lind> (asked by Ana in Slack, expires Mon 10:00)." in shown(
        reminder
    )

    told = await one_desk.command(FINN, "hand @sam")
    assert told == "I cannot hand this to Sam; I can to nobody."
