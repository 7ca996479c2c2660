"""A slow model in the real office: answers grow, survive a killed worker, and stop when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.e2e.chaos import Chaos, running
from tests.e2e.demo import action_ids, words_of

pytestmark = [
    pytest.mark.chaos,
]

ANA, SUPPORT, DM = "U0ANA", "C0SUPPORT", "D0ANA"
ANSWER = " ".join(f"word{n}" for n in range(60)) + " and that is all."
#: It would write for an hour.
ENDLESS = " ".join(["more"] * 14_400)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    with running(tmp_path_factory.mktemp("streaming")) as chaos:
        yield chaos


def test_an_answer_grows_in_its_thread_and_becomes_the_answer(office: Chaos) -> None:
    script(office, "grow for me", {"content": ANSWER, "pace": 0.3})

    thread = office.say(ANA, SUPPORT, "<@U0SIGNOFF> grow for me")
    growing = message(office, thread, streams)
    grown = message(office, thread, lambda m: streams(m) and longer(m, growing))
    last = message(office, thread, ended)

    assert growing["ts"] == grown["ts"] == last["ts"]
    assert (action_ids(growing), action_ids(last)) == (set(), {"story"})
    assert ANSWER in words_of(last)
    assert len(ours(office, thread)) == 1


def test_a_worker_killed_while_the_answer_grows_leaves_one_whole_answer(office: Chaos) -> None:
    turn = {"content": ANSWER, "pace": 0.3}
    script(office, "survive for me", turn, {"content": ANSWER})

    thread = office.say(ANA, SUPPORT, "<@U0SIGNOFF> survive for me")
    growing = message(office, thread, streams)
    office.killed("worker-graphs")
    office.advance()
    last = message(office, thread, ended)
    office.quiet()

    assert growing["ts"] == last["ts"]
    assert ANSWER in words_of(last)
    assert len(ours(office, thread)) == 1


@pytest.mark.parametrize("how", ["button", "command"])
def test_stop_ends_an_answer_that_would_not_end(office: Chaos, how: str) -> None:
    script(office, f"stop me by {how}", {"content": ENDLESS, "pace": 0.25})
    thread = office.say(ANA, SUPPORT, f"<@U0SIGNOFF> stop me by {how}")
    growing = message(office, thread, streams)
    calls = office.model_calls()

    if how == "button":
        office.post("stop", {"user": ANA, "channel": SUPPORT, "thread_ts": thread})
    else:
        office.command(ANA, SUPPORT, "stop")
    told = office.reply(SUPPORT, thread, "Ana stopped this.")
    left = message(office, thread, lambda m: "Stopped here." in words_of(m))
    office.quiet()

    assert left["ts"] == growing["ts"]
    assert words_of(growing).split("more")[0] in words_of(left)
    assert "more" in words_of(left)
    assert action_ids(left) == set()
    assert "Nothing further happens." in words_of(told)
    assert len(ours(office, thread)) == 2
    assert office.model_calls() == calls
    assert not [s for s in office.get("status")["sessions"] if s["status"] == "processing"]


def test_a_direct_message_grows_too(office: Chaos) -> None:
    script(office, "grow here", {"content": ANSWER, "pace": 0.3})
    before = {m["ts"] for m in office.messages(DM)}

    office.say(ANA, DM, "grow here")

    def newest() -> dict[str, Any] | None:
        found = [m for m in office.messages(DM) if m.get("bot_id") and m["ts"] not in before]
        return found[-1] if found else None

    first = office.until(newest, "the first words")

    def whole() -> dict[str, Any] | None:
        found = newest()
        return found if found and ANSWER in words_of(found) else None

    last = office.until(whole, "the answer")
    assert action_ids(first) == {"stop"}
    assert (first["ts"], action_ids(last)) == (last["ts"], {"story"})


def test_stop_on_a_direct_message_ends_it(office: Chaos) -> None:
    script(office, "never end here", {"content": ENDLESS, "pace": 0.25})
    before = {m["ts"] for m in office.messages(DM)}

    office.say(ANA, DM, "never end here")
    growing = office.until(lambda: fresh(office, before, "more"), "the first words")
    office.click(ANA, growing, "stop")
    left = office.until(lambda: fresh(office, before, "Stopped here."), "it to be marked")
    told = office.until(lambda: fresh(office, before, "Ana stopped this."), "it to be told")
    office.quiet()

    assert (left["ts"], action_ids(left)) == (growing["ts"], set())
    assert told["ts"] != left["ts"]


def test_a_tool_at_work_is_seen_and_the_card_takes_its_place(office: Chaos) -> None:
    errand = office.errand("refund")
    call = {"name": "shop__find_order", "arguments": {"order": errand.mark}}
    refund = {"name": "shop__refund", "arguments": arguments(errand.mark)}
    script(
        office,
        errand.text.removeprefix("<@U0SIGNOFF> "),
        {"content": "Let me look at it first, then I ask Finance.", "pace": 0.4, **calls(call)},
        {"content": "Found, so now the refund of it.", "pace": 0.4, **calls(refund)},
        {"content": "It is refunded."},
    )

    thread = office.ask(errand)
    growing = message(office, thread, streams)
    planned = message(office, thread, lambda m: any(b["type"] == "plan" for b in m["blocks"]))
    card = office.card(SUPPORT, thread)
    office.until(lambda: len(ours(office, thread)) == 1, "the card to stand alone")
    office.click(errand.approver, card, errand.button)
    last = message(office, thread, lambda m: "It is refunded." in words_of(m))
    office.quiet()

    assert growing["ts"] == planned["ts"]
    assert card["ts"] != growing["ts"]
    assert [m["ts"] for m in ours(office, thread)] == [card["ts"], last["ts"]]
    assert office.effects(errand) == 1


def script(office: Chaos, match: str, *turns: Mapping[str, Any]) -> None:
    """What the model says to who asks this."""
    body = {"match": match, "turns": [dict(turn) for turn in turns]}
    office.outside(f"{office.model}/script", body)


def calls(*named: Mapping[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(named)}


def arguments(order: str) -> dict[str, Any]:
    amount = {"minor": 12000, "currency": "EUR"}
    return {"order": order, "amount": amount, "reason": "came back"}


def ours(office: Chaos, thread: str) -> list[dict[str, Any]]:
    """The app's messages in this thread, in the order they were begun."""
    return [m for m in office.messages(SUPPORT, thread) if m.get("bot_id")]


def message(office: Chaos, thread: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first of the app's messages that fits, once there is one."""
    return office.until(
        lambda: next((m for m in ours(office, thread) if fits(m)), None), "such a message"
    )


def fresh(office: Chaos, before: set[str], words: str) -> dict[str, Any] | None:
    """The app's newer direct message with these words."""
    found = [m for m in office.messages(DM) if m.get("bot_id") and m["ts"] not in before]
    return next((m for m in found if words in words_of(m)), None)


def streams(found: Mapping[str, Any]) -> bool:
    return (found.get("stream") or {}).get("state") == "streaming"


def ended(found: Mapping[str, Any]) -> bool:
    return "story" in action_ids(found)


def longer(found: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return len(words_of(found)) > len(words_of(before))
