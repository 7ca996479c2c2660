"""Stopping one automation or one conversation, and letting it go on: who may, and what is held."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from approvals.rights_tables import Switch
from approvals.tables import Action
from audit.tables import Event
from bot.schedules import DigestEntry, queue_due, sync_schedules
from bot.tables import Schedule, ScheduleRun
from core.outbox import Outbox
from tests.bot.desk import ANA, FINN, GENERAL, GITA, OLGA, SAM, SUPPORT, Desk, shown

FINANCE_CHANNEL = "C0FINANCE"


@pytest.fixture(autouse=True)
def automations(one_desk: Desk) -> None:
    entries = [
        DigestEntry(name="support-morning", channel=SUPPORT, at="09:00", owner="ana"),
        DigestEntry(name="finance-evening", channel=FINANCE_CHANNEL, at="09:00", owner="finn"),
    ]
    with one_desk.deps.db.transaction() as session:
        made = datetime(2026, 11, 19, 6, tzinfo=UTC)
        sync_schedules(session, entries, workspace_id=one_desk.deps.identity.team_id, now=made)


def due(desk: Desk) -> list[str]:
    """The automations whose digest is queued, now that those due were."""
    with desk.deps.db.transaction() as session:
        queue_due(session, now=desk.clock.now())
    names = select(Schedule.automation).join(ScheduleRun)
    with desk.deps.db.read() as session:
        return sorted(session.exec(names))


async def approved(desk: Desk) -> str:
    """The ts of a card whose refund is approved and not begun, in Ana's thread."""
    ts = await desk.say(ANA, SUPPORT, "<@U0SIGNOFF> refund order 4711")
    card = await desk.card(thread_ts=ts)
    await desk.click(FINN, card["ts"], "approve")
    await desk.send_owed()
    return ts


def link(desk: Desk, ts: str) -> str:
    return f"{desk.deps.identity.url}archives/{SUPPORT}/p{ts.replace('.', '')}"


async def card_of(desk: Desk) -> str:
    await desk.send_owed()
    return next(shown(m) for m in await desk.messages() if "Refund EUR 180.00" in shown(m))


async def test_one_automation_is_stopped_while_another_goes_on(one_desk: Desk) -> None:
    """R150."""
    told = await one_desk.command(ANA, "stop support-morning")

    assert told.startswith("Stopped: the automation support-morning. The rest goes on.")
    assert "Ana or an operator lets it go on" in told
    assert due(one_desk) == ["finance-evening"]
    assert "Ana stopped the automation support-morning" in await one_desk.command(SAM, "status")

    assert (await one_desk.command(FINN, "resume support-morning")).startswith("You cannot")
    assert await one_desk.command(ANA, "resume support-morning") == (
        "Going on: the automation support-morning."
    )
    assert due(one_desk) == ["finance-evening", "support-morning"]


async def test_who_cannot_see_an_automation_cannot_stop_it(one_desk: Desk) -> None:
    told = await one_desk.command(SAM, "stop finance-evening")

    assert told.startswith("You can stop an automation in the channel it writes to")
    assert (await one_desk.command(FINN, "stop finance-evening")).startswith("Stopped: ")
    assert (await one_desk.command(SAM, "stop assistant")).startswith("You can stop an automation")
    assert due(one_desk) == ["support-morning"]


async def test_a_word_that_names_nothing_is_told_what_can_be_named(one_desk: Desk) -> None:
    told = await one_desk.command(ANA, "stop everythingg")

    assert "one of assistant, finance-evening, support-morning" in told


async def test_a_stopped_conversation_holds_its_approval_and_resumes_it(one_desk: Desk) -> None:
    ts = await approved(one_desk)

    told = await one_desk.command(SAM, f"stop {link(one_desk, ts)}")

    assert "Stopped: this conversation. The rest goes on." in told
    assert "• Held: Refund EUR 180.00 to Mara Lind" in told
    assert "waits: Sam stopped this conversation" in await card_of(one_desk)
    with one_desk.deps.db.read() as session:
        assert session.get_one(Action, "act_1").status == "approved"

    refused = await one_desk.command(SAM, f"resume {link(one_desk, ts)}")
    allowed = await one_desk.command(ANA, f"resume {link(one_desk, ts)}")

    assert refused.startswith("You cannot let this go on. Ana or an operator")
    assert allowed.splitlines() == [
        "Going on: this conversation.",
        "• Checked again, then done: Refund EUR 180.00 to Mara Lind",
    ]
    assert "I am on it" in await card_of(one_desk)
    with one_desk.deps.db.read() as session:
        [row] = session.exec(select(Outbox).where(Outbox.job == "execute")).all()
    assert row.next_at == one_desk.clock.now()


async def test_a_message_shortcut_stops_its_conversation_once(one_desk: Desk) -> None:
    ts = await approved(one_desk)

    assert await one_desk.shortcut(SAM, ts)

    told = (await one_desk.whispers(SAM))[-1]
    assert told.startswith("Stopped: this conversation. The rest goes on.")
    assert "• Held: Refund EUR 180.00 to Mara Lind" in told
    assert f"Ana or an operator lets it go on with `/signoff resume {link(one_desk, ts)}`" in told
    assert "waits: Sam stopped this conversation" in await card_of(one_desk)

    await one_desk.shortcut(FINN, ts)

    assert (await one_desk.whispers(FINN))[-1].startswith("Sam stopped this conversation already.")
    resumed = await one_desk.command(ANA, f"resume {link(one_desk, ts)}")
    assert resumed.startswith("Going on: this conversation.")


async def test_a_shortcut_elsewhere_or_from_a_guest_stops_nothing(one_desk: Desk) -> None:
    ts = await approved(one_desk)
    alone = await one_desk.say(ANA, SUPPORT, "just between us")

    await one_desk.shortcut(SAM, alone)
    payload = {
        "type": "message_action",
        "callback_id": "stop_conversation",
        "trigger_id": "1.2.forged",
        "team": {"id": "T0OTHER"},
        "user": {"id": SAM, "team_id": "T0PRACTICE"},
        "channel": {"id": SUPPORT},
        "message_ts": ts,
        "message": {"ts": ts},
    }
    await one_desk.post("deliver", type="interactive", payload=payload)
    guest = {"id": GITA, "team_id": "T0PRACTICE"}
    changed = [
        {"trigger_id": "1.3.guest", "team": {"id": "T0PRACTICE"}, "user": guest},
        {"trigger_id": "1.4.odd", "message_ts": None, "message": None},
    ]
    for more in changed:
        await one_desk.post("deliver", type="interactive", payload={**payload, **more})

    assert (await one_desk.whispers(SAM))[0].startswith("I take no part in that conversation.")
    with one_desk.deps.db.read() as session:
        assert session.exec(select(Switch)).all() == []


@pytest.mark.parametrize(
    ("scope", "stops", "refused", "resumes"),
    [
        ("all", [OLGA], [ANA, FINN, SAM], [OLGA]),
        ("assistant", [OLGA], [ANA, FINN, SAM], [OLGA]),
        # Typed in #support, where it writes: anyone there sees it.
        ("support-morning", [SAM, FINN, ANA, OLGA], [], [ANA, OLGA]),
        ("finance-evening", [FINN, OLGA], [SAM, ANA], [FINN, OLGA]),
        ("LINK", [SAM, FINN, ANA, OLGA], [], [ANA, OLGA]),
    ],
)
async def test_anyone_stops_what_they_see_operators_all_and_owners_resume(
    one_desk: Desk, scope: str, stops: list[str], refused: list[str], resumes: list[str]
) -> None:
    ts = await one_desk.say(ANA, SUPPORT, "<@U0SIGNOFF> refund order 4711")
    name = link(one_desk, ts) if scope == "LINK" else scope

    for person in refused:
        assert not (await one_desk.command(person, f"stop {name}")).startswith("Stopped: ")
    for person in stops:
        assert (await one_desk.command(person, f"stop {name}")).startswith("Stopped: ")
        for other in {ANA, FINN, SAM, OLGA} - set(resumes):
            told = await one_desk.command(other, f"resume {name}")
            assert told.startswith("You cannot let this go on.")
        owner = resumes[stops.index(person) % len(resumes)]
        assert (await one_desk.command(owner, f"resume {name}")).startswith("Going on: ")


async def test_a_stopped_conversation_is_named_to_those_who_can_see_it(one_desk: Desk) -> None:
    ts = await approved(one_desk)
    where = link(one_desk, ts)
    await one_desk.command(ANA, f"stop {where}")

    told = {who: await one_desk.command(who, "status", GENERAL) for who in (ANA, OLGA, SAM)}
    here = await one_desk.command(SAM, "status", SUPPORT)
    resumed = await one_desk.command(SAM, f"resume {where}", GENERAL)

    assert [who for who, text in told.items() if "stopped a conversation" in text] == [ANA, OLGA]
    assert "stopped a conversation in #support" in here
    assert resumed == "You cannot let this go on: whoever began it, or an operator, can."


async def test_a_conversation_in_another_channel_is_stopped_by_those_who_take_part(
    one_desk: Desk,
) -> None:
    ts = await approved(one_desk)

    told = await one_desk.command(SAM, f"stop {link(one_desk, ts)}", GENERAL)

    assert told.startswith("You can stop a conversation in its own channel")
    taking_part = await one_desk.command(ANA, f"stop {link(one_desk, ts)}", GENERAL)
    assert taking_part.startswith("Stopped: this conversation.")


async def test_everything_stopped_holds_and_lists_what_was_approved(one_desk: Desk) -> None:
    """R105."""
    await approved(one_desk)

    told = await one_desk.command(OLGA, "stop all")
    again = await one_desk.command(OLGA, "stop all")

    assert told.startswith("Stopped: everything.")
    assert "Ended, and told in its place: 1 piece of work." in told
    assert "• Held: Refund EUR 180.00 to Mara Lind" in told
    assert again.startswith("Olga stopped everything already.")
    assert due(one_desk) == []
    assert (await one_desk.command(OLGA, "resume all")).startswith("Going on: everything.")
    assert due(one_desk) == ["finance-evening", "support-morning"]


async def test_several_stops_hold_on_their_own(one_desk: Desk) -> None:
    await one_desk.command(OLGA, "stop support-morning")
    await one_desk.command(OLGA, "stop all")
    await one_desk.command(OLGA, "resume all")

    assert due(one_desk) == ["finance-evening"]
    with one_desk.deps.db.read() as session:
        held = session.exec(select(Switch.scope).where(col(Switch.released_at).is_(None))).all()
        events = session.exec(
            select(Event.type, Event.actor, Event.subject)
            .where(col(Event.type).startswith("bot:switch"))
            .order_by(col(Event.id))
        ).all()
    assert list(held) == ["automation:support-morning"]
    assert [tuple(event) for event in events] == [
        ("bot:switch:stopped", "olga", "automation:support-morning"),
        ("bot:switch:stopped", "olga", "all"),
        ("bot:switch:released", "olga", "all"),
    ]


async def test_resuming_what_is_not_stopped_says_so(one_desk: Desk) -> None:
    assert await one_desk.command(OLGA, "resume all") == "Nobody has stopped everything."
    assert (await one_desk.command(OLGA, "resume")).startswith("After resume say what")
