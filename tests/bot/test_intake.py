"""Messages become turns, once, and nothing gets its 200 before its commit."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot.blocks.help import HELP
from bot.members import judge
from tests.bot.desk import ANA, FINN, GENERAL, GITA, SUPPORT, Desk, shown

MENTION = "@Signoff "
MENTIONED = {"type": "app_mention", "user": ANA, "channel": SUPPORT, "ts": "1700000000.000200"}


async def test_a_mention_becomes_one_turn_although_slack_sends_it_as_two_events(
    desk: Desk,
) -> None:
    ts = await desk.say(ANA, SUPPORT, MENTION + "Where is order 4711?")

    deliveries = (await desk.get("deliveries"))["deliveries"]
    turns = desk.turns()
    assert sorted(d["type"] for d in deliveries) == ["app_mention", "message"]
    assert [(t.text, t.principal_id, t.channel, t.thread_ts) for t in turns] == [
        ("Where is order 4711?", "ana", SUPPORT, ts)
    ]
    assert [row.key for row in desk.inbound()] == [f"msg:T0PRACTICE:{SUPPORT}:{ts}"]


async def test_a_delivery_that_comes_twice_changes_nothing(desk: Desk) -> None:
    await desk.post("faults", kind="duplicate_delivery", times=2)

    await desk.say(ANA, SUPPORT, MENTION + "Where is order 4711?")

    assert len((await desk.get("deliveries"))["deliveries"]) == 4
    assert len(desk.turns()) == 1


async def test_a_direct_message_is_answered_at_the_top_of_its_conversation(desk: Desk) -> None:
    await desk.say(ANA, "D0ANA", "Where is order 4711?")

    [turn] = desk.turns()
    assert (turn.text, turn.thread_ts) == ("Where is order 4711?", None)


async def test_words_in_a_channel_that_are_not_for_us_are_acknowledged_and_not_kept(
    desk: Desk,
) -> None:
    await desk.say(ANA, SUPPORT, "Lunch?")

    deliveries = (await desk.get("deliveries"))["deliveries"]
    assert [d["attempts"][-1]["status"] for d in deliveries] == [200]
    assert desk.inbound() == []


async def test_a_follow_up_in_our_thread_needs_no_mention(one_desk: Desk) -> None:
    root = await one_desk.say(ANA, SUPPORT, MENTION + "Where is order 4711?")

    await one_desk.say(FINN, SUPPORT, "And order 4712?", thread_ts=root)

    turns = one_desk.turns()
    assert [(t.text, t.principal_id, t.thread_ts) for t in turns] == [
        ("Where is order 4711?", "ana", root),
        ("And order 4712?", "finn", root),
    ]
    assert turns[0].conversation_id == turns[1].conversation_id


async def test_a_follow_up_addressed_to_somebody_else_is_left_alone(one_desk: Desk) -> None:
    root = await one_desk.say(ANA, SUPPORT, MENTION + "Where is order 4711?")

    await one_desk.say(ANA, SUPPORT, f"<@{FINN}> can you look?", thread_ts=root)

    assert len(one_desk.turns()) == 1


async def test_a_thread_we_are_not_in_is_left_alone(one_desk: Desk) -> None:
    root = await one_desk.say(ANA, SUPPORT, "Lunch?")

    await one_desk.say(FINN, SUPPORT, "Yes", thread_ts=root)

    assert one_desk.inbound() == []


async def test_mentions_links_and_entities_arrive_as_they_were_typed(one_desk: Desk) -> None:
    raw = f"<@U0SIGNOFF> tell <@{FINN}> of <mailto:m@x.example|m@x.example> &amp; 1 &lt; 2 <!here>"

    await deliver_event(one_desk, {**MENTIONED, "text": raw})

    [turn] = one_desk.turns()
    assert turn.text == "tell @Finn Aalto of m@x.example & 1 < 2 @here"


async def test_a_bare_mention_is_answered_with_help(one_desk: Desk) -> None:
    ts = await one_desk.say(ANA, SUPPORT, MENTION)

    await one_desk.send_owed()

    [message] = await one_desk.messages()
    assert (shown(message), message["thread_ts"]) == (HELP, ts)
    assert one_desk.turns() == []


async def test_fifty_thousand_characters_are_answered_clearly(one_desk: Desk) -> None:
    await one_desk.say(ANA, SUPPORT, MENTION + "x" * 50_000)

    await one_desk.send_owed()

    [message] = await one_desk.messages()
    assert shown(message) == (
        "That is too long for me: 50,000 characters, and I read up to 12,000. "
        "Please put it in a document and tell me where it is."
    )
    assert one_desk.turns() == []


async def test_a_guest_is_refused_once_a_day_and_never_served(one_desk: Desk) -> None:
    """R7."""
    await one_desk.say(GITA, GENERAL, MENTION + "Refund order 4711")
    await one_desk.say(GITA, GENERAL, MENTION + "Please!")

    await one_desk.send_owed()

    [message] = await one_desk.messages(GENERAL)
    assert "full members" in shown(message)
    assert one_desk.turns() == []


@pytest.mark.parametrize(
    ("user", "words"),
    [("U0EXT", "connected one"), ("U0BOTTY", "not for other apps")],
)
async def test_strangers_and_bots_are_never_served(one_desk: Desk, user: str, words: str) -> None:
    """R1."""
    await one_desk.say(user, GENERAL, MENTION + "refund order 4711")
    await one_desk.say(user, GENERAL, MENTION + "refund order 4711")

    await one_desk.send_owed()
    [message] = await one_desk.messages(GENERAL)
    assert words in shown(message)
    assert one_desk.turns() == []


async def test_an_app_that_writes_in_somebodys_name_is_not_served(one_desk: Desk) -> None:
    """R1: an app may hold a person's permission to post; its words are not typed by them."""
    ts = await one_desk.say(ANA, SUPPORT, "hello")
    words = "<@U0SIGNOFF> refund order 4711"
    await deliver_event(one_desk, {**MENTIONED, "ts": ts, "text": words, "bot_id": "B0OTHER"})

    await one_desk.send_owed()
    [message] = await one_desk.messages(SUPPORT)
    assert "not for other apps" in shown(message)
    assert one_desk.turns() == []


async def test_somebody_missing_from_the_people_file_is_told_whom_to_ask(
    one_desk: Desk,
) -> None:
    account = judge("U0NEW", {"team_id": "T0PRACTICE"}, "T0PRACTICE", one_desk.deps.people)

    assert account.principal is None
    assert account.refusal == (
        "I don't know you yet. Please ask Olga (operator) to add you to config/people.yaml; "
        "then I can work for you."
    )


async def test_edits_deletions_and_other_apps_are_acknowledged_and_not_answered(
    one_desk: Desk,
) -> None:
    base = {"type": "message", "channel": SUPPORT, "channel_type": "channel"}
    events = [
        {**base, "subtype": "message_changed", "hidden": True, "ts": "1.1", "message": {}},
        {**base, "subtype": "message_deleted", "hidden": True, "ts": "1.2", "deleted_ts": "1.0"},
        {**base, "ts": "1.3", "user": "U0OTHER", "bot_id": "B0OTHER", "text": "hi"},
        {**base, "ts": "1.4", "user": "U0SIGNOFF", "text": "<@U0SIGNOFF> hi"},
        {"type": "reaction_added", "user": ANA, "item": {}},
    ]

    answers = [await deliver_event(one_desk, event) for event in events]

    assert [answer["acked"] for answer in answers] == [True] * 5
    assert one_desk.inbound() == []


async def test_a_commit_that_fails_gets_no_200_and_the_retry_is_taken(desk: Desk) -> None:
    """The first attempts meet a database that cannot write; Slack tries again and is heard."""
    _forbid_inserts(desk)
    ts = await desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")

    statuses = [
        [attempt["status"] for attempt in delivery["attempts"]]
        for delivery in (await desk.get("deliveries"))["deliveries"]
    ]
    assert all(200 not in each and len(each) == 4 for each in statuses)
    assert desk.turns() == []

    _allow_inserts(desk)
    await desk.say(ANA, SUPPORT, "Still there?", thread_ts=ts)
    assert desk.turns() == []
    await desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")
    assert len(desk.turns()) == 1


async def test_the_person_is_told_with_a_reference_when_slack_gives_up(one_desk: Desk) -> None:
    _forbid_inserts(one_desk)

    await one_desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")

    whispers = await one_desk.whispers(ANA)
    assert whispers
    assert all(w.startswith("Something went wrong on my side (reference ") for w in whispers)
    assert all("Error" not in w and "SQL" not in w for w in whispers)


async def test_unsigned_old_and_forged_requests_are_turned_away(one_desk: Desk) -> None:
    event = {"type": "app_mention", "user": ANA, "channel": SUPPORT, "ts": "1.5", "text": "hi"}

    statuses = [
        (
            await one_desk.post(
                "deliver", type="events_api", sign=sign, payload=_callback(event, sign)
            )
        )["status"]
        for sign in ("none", "old", "bad")
    ]

    assert statuses == [401, 401, 401]
    assert one_desk.inbound() == []


async def test_text_that_databases_cannot_hold_is_taken_without_it(one_desk: Desk) -> None:
    raw = "<@U0SIGNOFF> where\x00 is \ud800 4711?"

    said = await deliver_event(one_desk, {**MENTIONED, "text": raw})

    assert said["acked"]
    assert one_desk.turns()[0].text == "where is \ufffd 4711?"


def _callback(event: dict[str, object], event_id: str) -> dict[str, object]:
    return {
        "type": "event_callback",
        "team_id": "T0PRACTICE",
        "event_id": f"Ev{event_id}",
        "event": event,
    }


async def deliver_event(desk: Desk, event: dict[str, object]) -> dict[str, object]:
    callback = _callback(event, str(event.get("ts", "0")))
    return await desk.post("deliver", type="events_api", payload=callback)


def _forbid_inserts(desk: Desk) -> None:
    with desk.deps.db.transaction() as session:
        session.execute(text("ALTER TABLE inbound RENAME TO inbound_away"))


def _allow_inserts(desk: Desk) -> None:
    with desk.deps.db.transaction() as session:
        session.execute(text("ALTER TABLE inbound_away RENAME TO inbound"))
