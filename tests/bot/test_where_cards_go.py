"""Where a card stands, and what its asker agrees to before others see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from approvals.actions import supersede
from approvals.batches import offer_due
from approvals.delegating import delegate
from approvals.keeping_time import nudge_due, stand_ins_due
from approvals.opening import open_request
from approvals.policy.judge import Stage, Verdict
from approvals.requests import NOT_YET, decide, expire_due
from approvals.tables import Action, Request
from approvals.unanswered import remind_askers
from audit.tables import Event
from bot.places import is_private
from bot.stories import story_lines
from graphs.runtime.evidence import readers_of
from tests.bot.desk import (
    ANA,
    ASKER,
    BOT,
    FINN,
    GENERAL,
    OLGA,
    SAM,
    SUPPORT,
    Desk,
    buttons,
    propose_refund,
)
from tests.bot.desk import shown as text_of


async def asked(desk: Desk, **how: Any) -> None:
    with desk.deps.db.transaction() as session:
        propose_refund(session, desk.deps, **how)
    await desk.send_owed()


def request(desk: Desk) -> Request:
    with desk.deps.db.read() as session:
        return session.exec(select(Request)).one()


async def forged(desk: Desk, user: str, ts: str, action_id: str) -> None:
    """A click on a message in Ana's conversation that Slack would not let this person make."""
    value = request(desk).id
    payload = {
        "type": "block_actions",
        "team": {"id": "T0PRACTICE"},
        "user": {"id": user, "team_id": "T0PRACTICE"},
        "channel": {"id": "D0ANA"},
        "container": {"type": "message", "message_ts": ts, "channel_id": "D0ANA"},
        "trigger_id": f"1.{action_id}",
        "actions": [{"type": "button", "action_id": action_id, "value": value, "block_id": "b"}],
    }
    await desk.post("deliver", type="interactive", payload=payload)


async def test_the_asker_of_a_direct_message_sees_first_what_others_will_see(
    any_desk: Desk,
) -> None:
    desk = any_desk
    await asked(desk, channel="D0ANA")

    [first] = await desk.messages("D0ANA")

    assert text_of(first).startswith("Finn will see this:")
    assert "Refund EUR 180.00 to Mara Lind?" in text_of(first)
    assert buttons(first) == ["Show it to Finn", "Cancel"]
    assert await desk.messages("D0FINN") == []
    assert "Nothing waits for you" in await desk.command(FINN, "approvals")


async def test_the_asker_who_does_not_say_is_reminded_with_the_way_to_the_question(
    one_desk: Desk,
) -> None:
    await asked(one_desk, channel="D0ANA")
    one_desk.clock.advance(timedelta(hours=4))
    with one_desk.deps.db.transaction() as session:
        deps = one_desk.deps
        assert remind_askers(session, deps.log, deps.people, now=deps.clock.now()) == 1
    await one_desk.send_owed()

    first, reminder = await one_desk.messages("D0ANA")
    assert "Still waiting for you: may Finn see <" in text_of(reminder)
    assert f"/p{first['ts'].replace('.', '')}|" in text_of(reminder)

    one_desk.clock.advance(timedelta(days=3))
    with one_desk.deps.db.transaction() as session:
        assert expire_due(session, one_desk.deps.log, now=one_desk.clock.now()) == 1
    await one_desk.send_owed()
    told = text_of((await one_desk.messages("D0ANA"))[0])
    assert "Expired: you had not said whether Finn may see it." in told


async def test_once_they_agree_it_stands_with_both_and_changes_in_both(one_desk: Desk) -> None:
    await asked(one_desk, channel="D0ANA")
    [first] = await one_desk.messages("D0ANA")

    await forged(one_desk, FINN, first["ts"], "disclose")
    assert request(one_desk).withheld == ["finn"]
    await one_desk.click(ANA, first["ts"], "disclose", channel="D0ANA")
    await one_desk.send_owed()

    told, here = await one_desk.messages("D0ANA")
    [there] = await one_desk.messages("D0FINN")
    assert buttons(told) == []
    assert buttons(here) == buttons(there) == ["Approve refund", "Reject…", "Ask…"]
    await one_desk.click(FINN, there["ts"], "approve", channel="D0FINN")
    await one_desk.send_owed()
    for channel in ("D0ANA", "D0FINN"):
        assert buttons((await one_desk.messages(channel))[-1]) == ["Story"]
    with one_desk.deps.db.read() as session:
        reasons = session.exec(select(Event.reason)).all()
    assert "Ana agreed that this is shown to Finn" in reasons


async def test_who_does_not_want_it_shown_drops_it_and_nobody_was_shown_anything(
    one_desk: Desk,
) -> None:
    await asked(one_desk, channel="D0ANA")
    [first] = await one_desk.messages("D0ANA")

    await one_desk.click(ANA, first["ts"], "withdraw", channel="D0ANA")
    await one_desk.send_owed()

    assert one_desk.action().status == "cancelled"
    [told] = await one_desk.messages("D0ANA")
    assert "Dropped. Nobody was shown anything." in text_of(told)
    assert await one_desk.messages("D0FINN") == []


async def test_nobody_decides_before_the_asker_agreed(one_desk: Desk) -> None:
    await asked(one_desk, channel="D0ANA")
    [first] = await one_desk.messages("D0ANA")
    await forged(one_desk, FINN, first["ts"], "approve")

    assert one_desk.action().status == "awaiting"


async def test_what_takes_the_place_of_something_shown_is_shown_without_asking_again(
    one_desk: Desk,
) -> None:
    await asked(one_desk, channel="D0ANA")
    [first] = await one_desk.messages("D0ANA")
    await one_desk.click(ANA, first["ts"], "disclose", channel="D0ANA")
    deps = one_desk.deps

    with deps.db.transaction() as session:
        old = session.get_one(Action, "act_1")
        newer = supersede(
            session, deps.log, old, now=deps.clock.now(), actor="system:tools", reason="Afresh"
        )
        newer.preview, newer.digest = dict(old.preview or {}), "sha256:2"
        session.flush()
        verdict = Verdict.from_json(old.verdict or {})
        open_request(session, deps.log, newer, verdict, deps.people, now=deps.clock.now())
    await one_desk.send_owed()

    cards = [buttons(message)[0] for message in await one_desk.messages("D0FINN")]
    assert sorted(cards) == ["Approve refund", "Story"]


async def test_in_a_private_channel_only_those_who_are_not_in_it_need_showing(
    one_desk: Desk,
) -> None:
    await asked(one_desk, readers=[ANA, FINN])
    [card] = await one_desk.messages()
    assert buttons(card)[0] == "Approve refund"

    await asked(one_desk, readers=[ANA, OLGA], action_id="act_2")
    first = (await one_desk.messages())[-1]
    assert buttons(first) == ["Show it to Finn", "Cancel"]
    await one_desk.click(ANA, first["ts"], "disclose")
    await one_desk.send_owed()

    [copy] = await one_desk.messages("D0FINN")
    assert buttons(copy)[0] == "Approve refund"


async def test_the_askers_own_confirmation_is_shown_to_nobody_else(one_desk: Desk) -> None:
    await asked(one_desk, channel="D0ANA", stages=(ASKER,), four_eyes=False)

    [card] = await one_desk.messages("D0ANA")

    assert buttons(card) == ["Do it", "Don't"]


@pytest.mark.parametrize(("cards", "place"), [("dm", "D0FINN"), (f"channel:{GENERAL}", GENERAL)])
async def test_a_card_elsewhere_leaves_how_it_stands_in_the_thread(
    one_desk: Desk, cards: str, place: str
) -> None:
    await asked(one_desk, cards=cards)

    [status] = await one_desk.messages(SUPPORT)
    [card] = await one_desk.messages(place)

    assert "Waiting for Finance. Expires Mon 10:00." in text_of(status)
    assert buttons(status) == ["Story"]
    assert buttons(card) == ["Approve refund", "Reject…", "Ask…"]
    await one_desk.click(FINN, card["ts"], "approve", channel=place)
    await one_desk.send_owed()
    [status] = await one_desk.messages(SUPPORT)
    assert "Approved by Finn 10:00" in text_of(status)
    await one_desk.click(FINN, status["ts"], "story")
    assert (await one_desk.get(f"views?user={FINN}"))["views"]


async def test_what_was_asked_in_private_does_not_go_to_the_approval_channel(
    one_desk: Desk,
) -> None:
    await asked(one_desk, channel="D0ANA", cards=f"channel:{GENERAL}")
    [first] = await one_desk.messages("D0ANA")

    await one_desk.click(ANA, first["ts"], "disclose", channel="D0ANA")
    await one_desk.send_owed()

    assert await one_desk.messages(GENERAL) == []
    [card] = await one_desk.messages("D0FINN")
    assert buttons(card)[0] == "Approve refund"


FINNS = Stage("person:finn", 1, "refunds need Finn", remind_s=3_600)


def stands_in_for_finn(desk: Desk, who: str) -> None:
    finn, other = desk.deps.people.by_id("finn"), desk.deps.people.by_id(who)
    assert finn
    assert other
    now = desk.clock.now()
    with desk.deps.db.transaction() as session:
        delegate(
            session, desk.deps.log, desk.deps.people, person=finn, to=other,
            since=now, until=now + timedelta(days=2), now=now,
        )  # fmt: skip


async def looked_after(desk: Desk, hours: float = 0) -> None:
    """The keeper looks, that many hours later, and what is owed is sent."""
    desk.clock.advance(timedelta(hours=hours))
    now = desk.clock.now()
    with desk.deps.db.transaction() as session:
        stand_ins_due(session, desk.deps.people, now=now)
        nudge_due(session, desk.deps.log, desk.deps.people, now=now)
    await desk.send_owed()


async def test_who_stands_in_later_sees_nothing_before_the_asker_agreed(any_desk: Desk) -> None:
    desk = any_desk
    await asked(desk, stages=(FINNS,), readers=[ANA, FINN])
    stands_in_for_finn(desk, "sam")
    await looked_after(desk)
    await looked_after(desk, hours=2)

    card, question = await desk.messages()
    assert buttons(card)[0] == "Approve refund"
    assert "Sam will see this:\n\nThey are asked now too. Sam cannot read" in text_of(question)
    assert "Refund EUR 180.00 to Mara Lind?" in text_of(question)
    assert buttons(question) == ["Show it to Sam", "Don't show it"]
    assert await desk.messages("D0SAM") == []
    assert "Nothing waits for you" in await desk.command(SAM, "approvals")
    with desk.deps.db.transaction() as session:
        found = decide(
            session, desk.deps.log, desk.deps.people, request_id=request(desk).id,
            person=desk.deps.people.by_id("sam"), vote="approve", reason=None,
            now=desk.clock.now(),
        )  # fmt: skip
    assert found.sentence == NOT_YET

    await desk.click(ANA, question["ts"], "disclose")
    await desk.send_owed()
    [copy] = await desk.messages("D0SAM")
    assert "Refund EUR 180.00" in await desk.command(SAM, "approvals")
    await desk.click(SAM, copy["ts"], "approve", channel="D0SAM")
    assert desk.action().status == "approved"


async def test_whom_the_asker_does_not_want_to_see_it_is_never_shown_it(one_desk: Desk) -> None:
    await asked(one_desk, stages=(FINNS,), readers=[ANA, FINN])
    stands_in_for_finn(one_desk, "sam")
    await looked_after(one_desk)
    card, question = await one_desk.messages()

    await one_desk.click(ANA, question["ts"], "withdraw")
    await looked_after(one_desk, hours=2)

    assert await one_desk.messages("D0SAM") == []
    _, told = await one_desk.messages()
    assert "Not shown to Sam." in text_of(told)
    await one_desk.click(FINN, card["ts"], "approve")
    assert one_desk.action().status == "approved"


async def test_one_question_covers_every_stage_and_escalation(one_desk: Desk) -> None:
    rises = Stage("person:finn", 1, "a", escalate_s=3_600, escalate_to="group:operations")
    await asked(one_desk, channel="D0ANA", stages=(rises, Stage("group:sales", 1, "b")))
    [first] = await one_desk.messages("D0ANA")
    assert buttons(first) == ["Show it to Finn, Olga and Sam", "Cancel"]

    await one_desk.click(ANA, first["ts"], "disclose", channel="D0ANA")
    await one_desk.send_owed()
    await looked_after(one_desk, hours=2)
    [olgas] = await one_desk.messages("D0OLGA")
    assert await one_desk.messages("D0SAM") == []
    await one_desk.click(OLGA, olgas["ts"], "approve", channel="D0OLGA")
    await one_desk.send_owed()

    assert len(await one_desk.messages("D0ANA")) == 2
    assert len(await one_desk.messages("D0SAM")) == 1


async def test_who_left_the_channel_meanwhile_is_somebody_new(one_desk: Desk) -> None:
    stages = (Stage("person:finn", 1, "a"), Stage("person:sam", 1, "b"))
    await asked(one_desk, stages=stages, readers=[ANA, FINN, SAM])
    [card] = await one_desk.messages()

    await one_desk.post("members", user=SAM, channel=SUPPORT, joins=False)
    await one_desk.at_rest()
    await one_desk.click(FINN, card["ts"], "approve")
    await one_desk.send_owed()

    _, question = [m for m in await one_desk.messages() if m.get("blocks")]
    assert buttons(question) == ["Show it to Sam", "Don't show it"]
    assert await one_desk.messages("D0SAM") == []
    await one_desk.post("members", user=SAM, channel=SUPPORT, joins=True)
    await one_desk.at_rest()
    assert "Refund EUR 180.00" in await one_desk.command(SAM, "approvals")


async def test_whom_it_rises_to_sees_nothing_either_before_the_asker_agreed(
    one_desk: Desk,
) -> None:
    rises = Stage("person:finn", 1, "a", remind_s=600, escalate_s=3_600, escalate_to="person:sam")
    await asked(one_desk, stages=(rises,), readers=[ANA, FINN, SAM])
    await one_desk.post("members", user=SAM, channel=SUPPORT, joins=False)
    await one_desk.at_rest()

    await looked_after(one_desk, hours=1)
    await looked_after(one_desk, hours=1)

    card, question = await one_desk.messages()
    assert "so Sam may decide too" in text_of(card)
    assert buttons(question) == ["Show it to Sam", "Don't show it"]
    assert await one_desk.messages("D0SAM") == []
    await one_desk.click(ANA, question["ts"], "disclose")
    await one_desk.send_owed()
    assert len(await one_desk.messages("D0SAM")) == 1


async def test_where_each_has_their_own_card_whoever_stands_in_gets_one(one_desk: Desk) -> None:
    await asked(one_desk, stages=(FINNS,), cards="dm")
    stands_in_for_finn(one_desk, "sam")
    await looked_after(one_desk)

    [copy] = await one_desk.messages("D0SAM")
    assert buttons(copy)[0] == "Approve refund"


async def test_who_can_read_a_private_channel_is_asked_again_when_somebody_left(
    one_desk: Desk,
) -> None:
    """And nobody is known to be able to read where Slack does not tell."""

    async def readers(word: str) -> set[str]:
        await one_desk.say(ANA, "C0DISPUTES", f"<@{BOT}> {word}")
        [turn] = [turn for turn in one_desk.turns() if turn.text == word]
        return set(turn.readers or ())

    assert await readers("one") == {ANA, SAM, BOT}
    assert await readers("two") == {ANA, SAM, BOT}
    assert len(await one_desk.called("conversations.members")) == 1

    await one_desk.post("members", user=SAM, channel="C0DISPUTES", joins=False)
    await one_desk.at_rest()
    assert await readers("three") == {ANA, BOT}

    one_desk.clock.advance(timedelta(minutes=2))
    await one_desk.post("faults", kind="lost_reply", method="conversations.members", times=5)
    assert await readers("four") == set()


async def test_what_is_filled_in_by_hand_is_as_private_as_what_was_said_there(
    one_desk: Desk,
) -> None:
    await one_desk.say(ANA, "C0DISPUTES", f"<@{BOT}> hello")

    with one_desk.deps.db.transaction() as session:
        here = propose_refund(session, one_desk.deps, channel="C0DISPUTES")
        elsewhere = propose_refund(session, one_desk.deps, action_id="act_2")
        found = [readers_of(session, action) for action in (here, elsewhere)]

    assert found == [[ANA, SAM, BOT], None]


async def test_the_story_tells_who_was_not_there_nothing_of_what_was_said(one_desk: Desk) -> None:
    deps = one_desk.deps
    await one_desk.say(ANA, "C0DISPUTES", f"<@{BOT}> he shouted at me, pay him back")
    [turn] = one_desk.turns()
    with deps.db.transaction() as session:
        propose_refund(
            session, deps, channel="C0DISPUTES", turn_id=turn.id, readers=turn.readers or ()
        )

    told = {who: "\n".join(story_lines(deps, "act_1", who)) for who in (ANA, SAM, FINN)}

    assert [who for who, text in told.items() if "he shouted" in text] == [ANA, SAM]
    assert "Asked Finance" in told[FINN]


async def test_what_was_said_in_private_is_told_to_no_operator(one_desk: Desk) -> None:
    """Neither where a card was asked for nor where nobody was."""
    deps = one_desk.deps
    await one_desk.say(ANA, "D0ANA", "he shouted at me, pay him back")
    [turn] = one_desk.turns()
    with deps.db.transaction() as session:
        propose_refund(session, deps, channel="D0ANA", turn_id=turn.id, readers=turn.readers or ())
        row = session.get_one(Action, "act_1").model_dump()
        session.add(Action(**{**row, "id": "act_2", "status": "succeeded"}))
        deps.log.record(
            session, workspace_id="T0PRACTICE", type="approvals:action:proposed", subject="act_2",
            actor="ana", at=deps.clock.now(), reason="Asked for", turn_id=turn.id,
            action_id="act_2",
        )  # fmt: skip

    told = [await one_desk.command(OLGA, f"why {name}", GENERAL) for name in ("act_1", "act_2")]
    own = [await one_desk.command(ANA, f"why {name}", GENERAL) for name in ("act_1", "act_2")]
    pressed = "\n".join(story_lines(deps, "act_2", OLGA))

    assert not [text for text in (*told, pressed) if "he shouted" in text]
    assert all("he shouted" in text for text in own)


async def test_what_is_private_is_in_no_batch(one_desk: Desk) -> None:
    for number in range(4):
        await asked(one_desk, action_id=f"act_{number}", readers=[ANA, FINN, SAM])
    one_desk.clock.advance(timedelta(minutes=1))

    with one_desk.deps.db.transaction() as session:
        deps = one_desk.deps
        assert offer_due(session, deps.log, deps.people, now=deps.clock.now()) == 0


@pytest.mark.parametrize(
    ("info", "private"),
    [({"is_private": False}, False), ({"is_private": True}, True), ({"is_mpim": True}, True)],
)
def test_what_not_every_member_can_read_is_private(info: dict[str, Any], private: bool) -> None:
    assert is_private(info) is private
