from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from graphs.digest import DigestMaker
from graphs.digest_facts import Facts, Order, write
from tests.graphs.office import DONE, FIND, NOW, REFUND, TEAM, Office

ORDER = Order("run_1", TEAM, "C0SUPPORT", NOW - timedelta(days=1), NOW, "Europe/Berlin")


def test_a_digest_tells_what_was_done_what_waits_what_failed_and_the_cost() -> None:
    facts = Facts(
        done=["Refunded EUR 180.00, re_83"],
        looked_up=1,
        waiting=["Refund EUR 200.00 to Mara Lind asks Finance"],
        failed=["A message: The language model did not answer"],
        answered=2,
        cost_micros=12_300,
    )

    assert write(facts, ORDER) == (
        "**What happened here**, Thu 19 Nov 14:00 to Fri 20 Nov 14:00\n\n"
        "**Done**\n- Refunded EUR 180.00, re_83\n\n"
        "**Waiting**\n- Refund EUR 200.00 to Mara Lind asks Finance\n\n"
        "**Failed**\n- A message: The language model did not answer\n\n"
        "**Answered** 2 messages, looked up 1 thing. **Cost:** $0.0123."
    )


def test_nothing_is_said_in_one_word_and_an_unknown_cost_is_not_zero() -> None:
    nothing = Facts(done=[], looked_up=0, waiting=[], failed=[], answered=0, cost_micros=None)

    text = write(nothing, ORDER)

    assert "**Done:** nothing" in text
    assert "**Cost:** unknown" in text


def test_a_digest_is_one_post_however_often_it_is_made(office: Office) -> None:
    office.model.script(REFUND, match="refund")
    office.model.script(FIND, DONE, match="where")
    runner = office.runner()
    waiting = office.say("refund order 4711")
    runner.run(waiting.id)
    office.settle(office.actions(waiting.id)[0].id, "awaiting")
    done = office.say("where is order 4711?")
    runner.run(done.id)
    office.settle(office.actions(done.id)[0].id)
    runner.run(done.id)
    maker = DigestMaker(office.db, office.clock)
    marked: list[Session] = []

    texts = [maker.run(ORDER, marked.append) for _ in range(2)]

    assert texts[0] == texts[1]
    assert len(marked) == 2
    [post] = office.posts("run_1")
    assert (post.kind, post.channel, post.thread_ts) == ("digest", "C0SUPPORT", None)
    assert "- Refund an order asks a person" in post.body["text"]
    assert "**Answered** 1 message" in post.body["text"]
