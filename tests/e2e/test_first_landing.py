"""The whole road: a Slack message becomes an approved, executed, logged action."""

from __future__ import annotations

from typing import Any

from tests.e2e.demo import Demo, action_ids, words_of


def test_a_refund_is_asked_approved_executed_once_and_told(demo: Demo) -> None:
    """R1, R2, R59, R118: mention, card, refused self-approval, click, one effect, its story."""
    before = demo.counters()["refunds"]

    thread = demo.say("U0ANA", "C0SUPPORT", "<@U0SIGNOFF> Refund order 4711, EUR 180")
    card = demo.card("C0SUPPORT", thread)
    demo.click("U0ANA", card, "approve")
    assert demo.counters()["refunds"] == before
    demo.click("U0FINN", card, "approve")
    done = demo.reply("C0SUPPORT", thread, ", once")
    answer = demo.until(
        lambda: [m for m in demo.messages("C0SUPPORT", thread)[2:] if "180.00" in words_of(m)],
        "an answer below the card",
    )

    assert len(answer) == 1
    assert done["ts"] == card["ts"]
    assert "Approved by Finn" in words_of(done)
    assert "approve" not in action_ids(done)
    assert demo.counters()["refunds"] == before + 1
    story = demo.command("U0ANA", "C0SUPPORT", "why last")
    assert "Finn" in str(story)


def test_a_read_is_answered_with_its_source_and_asks_nobody(demo: Demo) -> None:
    """R212: the answer cites where it comes from."""
    thread = demo.say("U0SAM", "C0GENERAL", "<@U0SIGNOFF> Where is order 4711?")

    answer = demo.reply("C0GENERAL", thread, "4711")

    assert "shop order 4711" in words_of(answer)


def test_a_parcel_that_the_shop_calls_lost_is_looked_into_in_support(demo: Demo) -> None:
    """R37, R42: an event of another system starts work; nobody asked for it, nothing is changed."""
    assert demo.http.post("/control/lose", json={"order": "1"}).status_code == 409
    demo.post("lose", {"order": "4712"})

    def told() -> list[dict[str, Any]]:
        return [m for m in demo.messages("C0SUPPORT") if "order 4712 is lost" in words_of(m)]

    [message] = demo.until(told, "the event in #support")
    answer = demo.reply("C0SUPPORT", message["ts"], "shop order 4712")

    assert "asked by the rule parcel-lost, for Ana" in words_of(message)
    assert "data.order: 4712" in words_of(message)
    assert "Order 4712 of" in words_of(answer)
    assert "is lost" in words_of(answer)
    assert "The rule parcel-lost asked for Ana" in str(
        demo.command("U0ANA", "C0SUPPORT", "why last")
    )
