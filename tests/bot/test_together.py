"""Messages that wait share a transaction, and a bad one spoils it for itself alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from approvals.people import People
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from bot.deps import BotDeps, Identity
from bot.intake import Heard, Said, Taken, take_messages
from bot.members import Account
from bot.together import MOST, Together
from core.clock import HeldClock
from core.db import Database
from core.errors import StorageError
from core.outbox import Message


@dataclass
class Writer:
    """Writes words, `bad` ones excepted; waits at the first until it is let go."""

    away: bool = False
    batches: list[Sequence[str]] = field(default_factory=list)
    busy: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, words: Sequence[str]) -> list[str]:
        self.batches.append(words)
        self.busy.set()
        assert self.go.wait(60)
        if self.away:
            raise StorageError()
        if "bad" in words:
            raise ValueError("a bad word")
        return [word.upper() for word in words]


async def test_what_waits_is_written_together_in_its_order() -> None:
    """R53."""
    writer = Writer()

    taken = await _take(writer, ["a", "b", "c", "d"])

    assert writer.batches == [["a"], ["b", "c", "d"]]
    assert taken == ["A", "B", "C", "D"]


async def test_a_bad_one_does_not_take_the_others_with_it() -> None:
    writer = Writer()

    taken = await _take(writer, ["a", "b", "bad", "d"])

    assert writer.batches == [["a"], ["b", "bad", "d"], ["b"], ["bad"], ["d"]]
    assert [taken[0], taken[1], taken[3]] == ["A", "B", "D"]
    assert isinstance(taken[2], ValueError)


async def test_a_database_that_is_away_is_tried_twice_and_not_for_each() -> None:
    writer = Writer(away=True)

    taken = await _take(writer, ["a", "b", "c", "d"])

    assert writer.batches == [["a"], ["b", "c", "d"], ["b"]]
    assert [type(each) for each in taken] == [StorageError] * 4


async def test_a_crowd_is_written_in_small_pieces() -> None:
    writer = Writer()

    await _take(writer, ["x"] * (2 * MOST + 1))

    assert [len(batch) for batch in writer.batches] == [1, MOST, MOST]


async def test_who_is_cancelled_leaves_the_others_their_results() -> None:
    writer = Writer()
    together = Together(writer)
    first, second = (asyncio.create_task(together.take(word)) for word in ("a", "b"))
    await _until_busy(writer)

    first.cancel()
    writer.go.set()

    assert await asyncio.gather(first, second, return_exceptions=True) != []
    assert (first.cancelled(), second.result()) == (True, "B")


async def _take(writer: Writer, words: Sequence[str]) -> list[str | BaseException]:
    """All of them: the first alone, the others while that is being written."""
    together = Together(writer)
    first = asyncio.create_task(together.take(words[0]))
    await _until_busy(writer)
    others = [asyncio.create_task(together.take(word)) for word in words[1:]]
    await asyncio.sleep(0)  # they wait now
    writer.go.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


async def _until_busy(writer: Writer) -> None:
    assert await asyncio.to_thread(writer.busy.wait, 60)


@pytest.fixture
def deps(db: Database, clock: HeldClock, people: People, tmp_path: Path) -> BotDeps:
    nothing: Any = None
    return BotDeps(
        db=db,
        log=Log(keys=KeyRing.load_or_create(tmp_path / "signoff.key")),
        clock=clock,
        people=people,
        policy=nothing,
        registry=nothing,
        identity=Identity("T0PRACTICE", "U0SIGNOFF", "B0SIGNOFF", "https://practice/"),
        web=nothing,
    )


def test_the_same_message_twice_in_one_transaction_is_one_turn(deps: BotDeps) -> None:
    rung: list[Message] = []
    deps.db.wake = rung.extend
    said = _said(deps, "1700000000.000100")
    mention = replace(said, heard=replace(said.heard, event_id="Ev0OTHER"))

    taken = take_messages(deps, [said, said, mention, _said(deps, "1700000000.000200")])

    assert sorted(taken) == [Taken.DUPLICATE, Taken.DUPLICATE, Taken.TURN, Taken.TURN]
    assert len(rung) == 2
    assert take_messages(deps, [said]) == [Taken.DUPLICATE]


def test_messages_of_many_people_and_kinds_are_taken_together(deps: BotDeps) -> None:
    ana = _said(deps, "1700000000.000100")
    finn = _said(deps, "1700000000.000200", user="U0FINN")
    guest = replace(finn, account=Account("U0GITA", None, "I work for members."))
    guest = replace(guest, heard=replace(guest.heard, event_id="EvG", ts="1700000000.000300"))
    empty = replace(ana.heard, event_id="EvE", ts="1700000000.000400", text="")

    taken = take_messages(deps, [ana, finn, guest, replace(ana, heard=empty)])

    assert taken == [Taken.TURN, Taken.TURN, Taken.NOTICE, Taken.NOTICE]
    assert _stories(deps) == ["Ana asked in #support", "Finn asked in #support"]


def _stories(deps: BotDeps) -> list[str]:
    """What each turn's event says, where its body opens to the words that were asked."""
    with deps.db.read() as session:
        events = session.exec(select(Event).where(Event.type == "bot:turn:received")).all()
        bodies = [deps.log.body(session, event.id) for event in events]
    assert [body and body["text"] for body in bodies] == ["Where is order 4711?"] * len(events)
    return sorted(event.reason for event in events)


def _said(deps: BotDeps, ts: str, user: str = "U0ANA") -> Said:
    heard = Heard(
        event_id=f"Ev{ts}",
        user=user,
        channel="C0SUPPORT",
        ts=ts,
        thread_ts="1600000000.000100",
        text="Where is order 4711?",
        direct=False,
        mentioned=True,
    )
    return Said(heard, Account(user, deps.people.by_slack(user), ""), "#support")
