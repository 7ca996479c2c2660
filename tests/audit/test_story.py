"""The story of an action, told from the log alone."""

from __future__ import annotations

from datetime import timedelta

from audit.log import Log
from audit.story import Story, StoryLine, story, turn_story
from core.db import Database
from tests.audit.conftest import NOW, Write

AT = {"turn_id": "turn_1", "action_id": "act_1"}
MONEY = {"tool": "shop.refund@1.0.0", "effect": "irreversible"}


def tell(db: Database, log: Log, action_id: str = "act_1") -> Story:
    with db.read() as session:
        told = story(session, log, action_id)
    assert told is not None
    return told


def texts(told: Story) -> list[str]:
    return [line.text for line in told.lines]


def refund(write: Write) -> None:
    ask = "Refund order 4711, EUR 180"
    asked = {"title": "Refund EUR 180.00 to Mara Lind"}
    write("bot:turn:received", turn_id="turn_1", reason="Ana asked in #support", body={"text": ask})
    write("llm:response:recorded", turn_id="turn_1", reason="The model answered")
    write("approvals:action:proposed", **AT, reason="Signoff plans: shop.refund")
    write(
        "approvals:action:awaiting",
        **AT,
        versions=MONEY,
        reason="Asked Finance: refunds above EUR 100 need Finance",
        body=asked,
    )
    write("approvals:request:opened", **AT, reason="The question was put")
    write("approvals:request:refused_click", **AT, actor="ana", reason="Ana may not decide this")
    write("approvals:request:vote", **AT, actor="finn", reason="Finn approved")
    write("approvals:action:approved", **AT, versions=MONEY, reason="Finn approved", body=asked)
    write("approvals:grant:minted", **AT, reason="Permitted, once")
    write(
        "approvals:action:succeeded",
        **AT,
        versions=MONEY,
        at=NOW + timedelta(seconds=2),
        reason="Refunded, once: re_83",
        body=asked,
    )


def test_a_refund_is_told_from_asking_to_its_outcome(db: Database, log: Log, write: Write) -> None:
    """R118."""
    refund(write)

    assert tell(db, log) == Story(
        "Refund EUR 180.00 to Mara Lind",
        "succeeded",
        (
            StoryLine(NOW, "Ana asked in #support: “Refund order 4711, EUR 180”"),
            StoryLine(NOW, "Asked Finance: refunds above EUR 100 need Finance"),
            StoryLine(NOW, "Ana may not decide this"),
            StoryLine(NOW, "Finn approved"),
            StoryLine(NOW + timedelta(seconds=2), "Refunded, once: re_83"),
        ),
    )


def test_a_read_ends_with_why_nobody_was_asked(db: Database, log: Log, write: Write) -> None:
    look = {"tool": "shop.find_order@1.0.0", "effect": "read"}
    write("approvals:action:allowed", **AT, versions=look, reason="Allowed: reads need no approval")
    write("approvals:action:succeeded", **AT, versions=look, reason="Looked up order 4711")
    write("graphs:turn:answered", turn_id="turn_1", reason="Answered")

    told = tell(db, log)
    with db.read() as session:
        whole = turn_story(session, log, "turn_1")

    assert told.title == "shop.find_order"
    assert texts(told)[-1] == "read, no approval needed"
    assert whole is not None
    assert (whole.status, texts(whole)) == (
        "answered",
        [
            "Allowed: reads need no approval",
            "Looked up order 4711",
            "Answered",
            "read, no approval needed",
        ],
    )


def test_a_request_with_a_refused_write_does_not_pass_for_a_mere_read(
    db: Database, log: Log, write: Write
) -> None:
    look = {"tool": "mail.read@1.0.0", "effect": "read"}
    send = {"tool": "mail.send@1.0.0", "effect": "irreversible"}
    write("approvals:action:allowed", **AT, versions=look, reason="Allowed: reads need no approval")
    other = {"turn_id": "turn_1", "action_id": "act_2"}
    write("approvals:action:denied", **other, versions=send, reason="Not allowed: from a letter")

    with db.read() as session:
        whole = turn_story(session, log, "turn_1")

    assert whole is not None
    assert texts(whole)[-1] == "Not allowed: from a letter"


def test_what_replaced_an_action_is_told_after_it(db: Database, log: Log, write: Write) -> None:
    refund(write)
    new = {"turn_id": "turn_1", "action_id": "act_2", "at": NOW + timedelta(minutes=1)}
    write("approvals:action:proposed", **new, versions={**MONEY, "supersedes": "act_1"})
    write("approvals:action:rejected", **new, versions=MONEY, reason="Finn said no")
    write("approvals:request:vote", **new, reason="Finn said no", body={"words": "too late"})

    told = tell(db, log, "act_2")

    assert (told.title, told.status) == ("Refund EUR 180.00 to Mara Lind", "rejected")
    assert texts(told)[-2:] == ["Refunded, once: re_83", "Finn said no: “too late”"]


def test_an_erased_persons_words_are_said_to_be_erased(
    db: Database, log: Log, write: Write
) -> None:
    refund(write)
    with db.transaction() as session:
        log.erase(session, workspace_id="T", subject="ana", at=NOW, actor="olga")

    told = tell(db, log)

    assert told.title == "shop.refund"
    assert told.lines[0].text == "Ana asked in #support (its content was erased)"


def test_a_very_long_request_is_quoted_in_part(db: Database, log: Log, write: Write) -> None:
    write("bot:turn:received", **AT, reason="Ana asked", body={"text": "x" * 5000})

    assert texts(tell(db, log)) == [f"Ana asked: “{'x' * 200} …”"]


def test_of_what_the_log_does_not_know_there_is_no_story(db: Database, log: Log) -> None:
    with db.read() as session:
        assert story(session, log, "act_none") is None
        assert turn_story(session, log, "turn_none") is None
