"""The bot and the graph worker killed with SIGKILL at every named place, Redis wiped on top.

A refund, a mail and a meeting are brought to the same place, and one death hits all three there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.e2e.chaos import KINDS, ONCE, WORKERS, Chaos, End, Errand, running
from tests.e2e.demo import words_of

pytestmark = [
    pytest.mark.chaos,
]

#: Places reached before somebody is asked, and after they said yes.
ON_THE_WAY_TO_THE_CARD = (
    "intake:committed",
    "turn:model-recorded",
    "turn:actions-committed",
    "post:sent",
)
ON_THE_WAY_TO_THE_ANSWER = ("turn:model-recorded", "turn:answered", "post:sent")
#: What to do and what came of it: the answer is in words, so two calls to the model are enough.
MODEL_CALLS = 2


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    with running(tmp_path_factory.mktemp("thinking")) as chaos:
        yield chaos


@pytest.fixture
def errands(office: Chaos) -> Sequence[Errand]:
    return [office.errand(kind) for kind in KINDS]


@pytest.mark.parametrize("place", ["event:committed", "event:opened"])
def test_an_event_whose_200_or_turn_was_lost_starts_one_piece_of_work(
    office: Chaos, place: str
) -> None:
    """R71: the bot dies before it says that it took the event, or the worker before the turn
    stands; the shop tells it again until it is taken."""
    order = {"event:committed": "4701", "event:opened": "4702"}[place]
    mark = office.arm(place)

    office.outside(f"{office.shop}/lost", {"order": order})
    office.died(mark)
    told = office.until(lambda: lost(office, order), "the event in #support")
    office.reply("C0SUPPORT", told[0]["ts"], f"shop order {order}")

    assert len(lost(office, order)) == 1
    assert len([m for m in office.messages("C0SUPPORT", told[0]["ts"]) if m.get("bot_id")]) == 2


def lost(office: Chaos, order: str) -> list[dict[str, Any]]:
    return [m for m in office.messages("C0SUPPORT") if f"order {order} is lost" in words_of(m)]


@pytest.mark.parametrize("wiped", [False, True], ids=["kept", "wiped"])
@pytest.mark.parametrize("place", ON_THE_WAY_TO_THE_CARD)
def test_killed_before_anybody_is_asked_all_is_asked_and_done_once(
    office: Chaos, errands: Sequence[Errand], place: str, wiped: bool
) -> None:
    before = office.model_calls()
    mark = office.arm(place, together=len(errands))

    threads = office.ask_all(errands)
    office.died(mark)
    if wiped:
        office.wipe()
    if place != "intake:committed":  # the bot holds no lease, and those of living workers stand
        office.advance()
    office.approve_all(errands, threads)

    assert ends(office, errands, threads) == [ONCE] * 3
    assert office.model_calls() - before == MODEL_CALLS * 3


@pytest.mark.parametrize("wiped", [False, True], ids=["kept", "wiped"])
@pytest.mark.parametrize("place", ON_THE_WAY_TO_THE_ANSWER)
def test_killed_after_it_was_done_all_is_answered_once(
    office: Chaos, errands: Sequence[Errand], place: str, wiped: bool
) -> None:
    before = office.model_calls()
    threads = office.ask_all(errands)
    office.cards(errands, threads)
    mark = office.arm(place, together=len(errands))

    office.approve_all(errands, threads)
    office.died(mark)
    if wiped:
        office.wipe()
    office.advance()

    assert ends(office, errands, threads) == [ONCE] * 3
    assert office.model_calls() - before == MODEL_CALLS * 3


@pytest.mark.parametrize("wiped", [False, True], ids=["kept", "wiped"])
@pytest.mark.parametrize("killed", [(), WORKERS], ids=["nobody-killed", "all-killed"])
def test_what_waits_for_a_person_outlives_its_processes_and_its_store(
    office: Chaos, errands: Sequence[Errand], killed: Sequence[str], wiped: bool
) -> None:
    """R41."""
    before = office.model_calls()
    threads = office.ask_all(errands)
    office.cards(errands, threads)
    office.quiet()

    if wiped:
        office.wipe()
    office.killed(*killed)
    office.approve_all(errands, threads)

    assert ends(office, errands, threads) == [ONCE] * 3
    assert office.model_calls() - before == MODEL_CALLS * 3


def ends(office: Chaos, errands: Sequence[Errand], threads: Sequence[str]) -> list[End]:
    return [office.settled(*each) for each in zip(errands, threads, strict=True)]
