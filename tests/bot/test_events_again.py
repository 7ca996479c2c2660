"""Events of the log played again or dropped: by a command, with a reason, once for each time (R48,
R92)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from approvals.people import People, Principal
from audit.tables import Event
from bot.cli import main
from bot.events.again import PLAY, Again
from bot.tables import Inbound
from core.clock import HeldClock
from core.db import open_database
from core.outbox import Outbox
from core.schema import migrate
from tests.bot.desk import FINN, OLGA, Desk, shown
from tests.bot.opening import CONFIG, opened
from tests.bot.test_events import (
    LOST,
    RULES,
    Sender,
    log_of,
    opened_all,
    openings,
    parts_of,
    people,
    rules_of,
)

__all__ = ["people"]
Signoff = Callable[..., tuple[int, str]]


@dataclass
class Shop(Sender):
    """The shop, and the operator at a terminal."""

    folder: Path = Path()
    signoff: Signoff = lambda *_words: (1, "")

    async def at_the_terminal(self, *words: str) -> tuple[int, str]:
        return await asyncio.to_thread(self.signoff, "events", *words)


@pytest.fixture
async def shop(
    clock: HeldClock,
    people: People,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    url = f"sqlite:///{tmp_path / 'signoff.db'}"
    db = open_database(url)
    migrate(db)
    shutil.copytree(CONFIG, tmp_path / "config")
    for name, value in {
        "DATABASE_URL": url,
        "SIGNOFF_DATA": str(tmp_path),
        "SIGNOFF_CONFIG": str(tmp_path / "config"),
        "SIGNOFF_KEY_FILE": str(tmp_path / "signoff.key"),
    }.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        told = capsys.readouterr()
        return status, told.out + told.err

    async with opened("http", db, clock, people, tmp_path, **parts_of(tmp_path, people)) as desk:
        yield Shop(desk, folder=tmp_path, signoff=run)
    db.engine.dispose()


def player(desk: Desk, **changed: Any) -> Again:
    deps = desk.deps
    made = Again(deps.db, deps.log, deps.clock, deps.people, desk.web, deps.event_rules)
    return replace(made, **changed)


def owed(session: Session) -> list[str]:
    query = select(Outbox.subject).where(Outbox.job == PLAY, col(Outbox.done_at).is_(None))
    return list(session.exec(query))


async def played_all(desk: Desk, **changed: Any) -> int:
    with desk.deps.db.read() as session:
        subjects = owed(session)
    for subject in subjects:
        await asyncio.to_thread(partial(player(desk, **changed).run, inbound_id=subject))
    return len(subjects)


def ids(desk: Desk) -> list[str]:
    return [row.id for row in desk.inbound() if row.kind == "event"]


async def test_an_event_is_played_again_once_for_each_time_and_everybody_sees_by_whom(
    shop: Shop,
) -> None:
    desk = shop.desk
    await shop.send(id="msg_a")
    await opened_all(desk)
    [first] = ids(desk)

    code, told = await shop.at_the_terminal(
        "replay", first, "--reason", "the <!here> rule was mended", "--as", "olga"
    )
    [made] = [row.id for row in desk.inbound() if row.id != first]
    assert (code, f"It is played again, as {made}" in told) == (0, True)
    # Every job is delivered twice, and the sender repeats itself.
    for _ in range(2):
        await asyncio.to_thread(partial(player(desk).run, inbound_id=made))
        await shop.send(id="msg_a")
    assert await opened_all(desk) == 1
    await asyncio.to_thread(partial(player(desk).run, inbound_id=made))
    assert await opened_all(desk) == 0

    one, other = desk.turns()
    assert (one.text, one.happened) == (other.text, other.happened)
    assert one.conversation_id != other.conversation_id
    messages = await desk.messages()
    assert "played again" not in shown(messages[0])
    assert "for Ana · played again by Olga: the <!here> rule was mended" in shown(messages[1])
    assert "<!here>" not in messages[1]["text"]
    said = f"Olga has the event of shop that is {first} played again, as {made}: the <!here> rule"
    assert log_of(desk, "bot:event:again") == [f"{said} was mended"] * 2
    assert log_of(desk, "bot:event:played") == [
        "An event of shop was played again. It starts parcel-lost"
    ]
    with desk.deps.db.read() as session:
        actors = set(session.exec(select(Event.actor).where(Event.type == "bot:event:again")))
    assert all(actor.startswith("os:") and actor.endswith("/olga") for actor in actors)
    listed = (await shop.at_the_terminal("list"))[1]
    assert f"shop: parcel-lost began {one.id}, received" in listed
    assert f"shop, played again: parcel-lost began {other.id}, received" in listed
    shows = (await shop.at_the_terminal("show", made))[1]
    assert f"{first} played again. Olga: the <!here> rule was mended" in shows
    assert '"order": "4712"' in shows


async def test_the_rules_of_now_take_it_so_that_a_mended_rule_gets_what_it_missed(
    shop: Shop, people: People
) -> None:
    """Played again twice: two pieces of work, because somebody said so twice."""
    desk = shop.desk
    await shop.send({"type": "parcel.found", "data": {"order": "4712", "reason": "luck"}})
    assert "started nothing" in (await shop.at_the_terminal("list"))[1]
    [first] = ids(desk)
    (shop.folder / "mended").mkdir()
    mended = rules_of(shop.folder / "mended", people, RULES.replace("parcel.lost", "parcel.found"))

    for _ in range(2):
        assert (await shop.at_the_terminal("replay", first, "--reason", "mended"))[0] == 0
        assert await played_all(desk, rules=mended) == 1
        assert await opened_all(desk) == 1

    assert [turn.automation for turn in desk.turns()] == ["parcel-lost"] * 2


async def test_what_has_not_begun_is_not_played_again_and_a_stop_holds_what_is(shop: Shop) -> None:
    desk = shop.desk
    await desk.command(FINN, "stop parcel-lost")
    await shop.send()
    [first] = ids(desk)

    refused = await shop.at_the_terminal("replay", first, "--reason", "hurry")
    listed = (await shop.at_the_terminal("list"))[1]
    await desk.command(OLGA, "resume parcel-lost")
    await opened_all(desk)
    await desk.command(FINN, "stop parcel-lost")
    await shop.at_the_terminal("replay", first, "--reason", "once more")
    pending = await shop.at_the_terminal("replay", first, "--reason", "and again")
    await played_all(desk)
    await opened_all(desk)

    assert (refused[0], "has not begun yet" in refused[1]) == (2, True)
    assert "shop: parcel-lost waits: Finn stopped the automation parcel-lost" in listed
    # Another time is another piece of work, whether or not the one before has begun.
    assert pending[0] == 0
    assert len(desk.turns()) == 1
    assert "2 events of other systems wait since" in await desk.command(OLGA, "status")


async def test_what_a_stop_holds_is_dropped_with_a_reason_and_can_be_played_all_the_same(
    shop: Shop,
) -> None:
    desk = shop.desk
    await desk.command(FINN, "stop parcel-lost")
    await shop.send()
    [first] = ids(desk)

    unsaid = await shop.at_the_terminal("drop", first)
    dropped = await shop.at_the_terminal("drop", first, "--reason", "settled", "--as", "olga")
    again = await shop.at_the_terminal("drop", first, "--reason", "settled")
    status = await desk.command(OLGA, "status")
    await desk.command(OLGA, "resume parcel-lost")

    assert await opened_all(desk) == 0
    assert (unsaid[0], "Say why: signoff events drop ID" in unsaid[1]) == (2, True)
    assert (dropped[0], "nothing is done on it by parcel-lost." in dropped[1]) == (0, True)
    assert (again[0], "there is nothing to drop" in again[1]) == (2, True)
    assert "event of another system" not in status
    assert desk.turns() == []
    shows = (await shop.at_the_terminal("show", first))[1]
    assert "parcel-lost was dropped. Olga: settled" in shows
    assert log_of(desk, "bot:event:dropped") == [
        "Olga dropped the event of shop before parcel-lost began: settled"
    ]

    assert (await shop.at_the_terminal("replay", first, "--reason", "after all"))[0] == 0
    await played_all(desk)
    assert await opened_all(desk) == 1
    assert len(desk.turns()) == 1


async def test_what_has_begun_is_not_dropped_and_what_is_dropped_does_not_begin(
    shop: Shop,
) -> None:
    """A worker that read it as open before, and posts it after."""
    desk = shop.desk
    await shop.send(id="msg_a")
    await shop.send(id="msg_b")
    one, other = ids(desk)

    class Died(Exception):
        pass

    class Dying:
        def send(self, _post_id: str) -> None:
            raise Died

    class Meanwhile:
        """The directory, and an operator who drops it while it is asked."""

        def by_id(self, person_id: str) -> Principal | None:
            assert shop.signoff("events", "drop", other, "--reason", "in time")[0] == 0
            return desk.deps.people.by_id(person_id)

    def opening(event_id: str, **changed: Any) -> None:
        replace(openings(desk), **changed).run(inbound_id=event_id, number=0)

    with pytest.raises(Died):
        await asyncio.to_thread(partial(opening, one, poster=Dying()))
    refused = await shop.at_the_terminal("drop", one, "--reason", "too late")
    await asyncio.to_thread(partial(opening, other, people=Meanwhile()))

    assert (refused[0], "there is nothing to drop" in refused[1]) == (2, True)
    assert await opened_all(desk) == 1
    assert len(desk.turns()) == 1


async def test_what_cannot_be_played_is_said(shop: Shop) -> None:
    desk = shop.desk
    await shop.send()
    await opened_all(desk)
    [first] = ids(desk)
    with desk.deps.db.transaction() as session:
        desk.deps.log.erase(
            session, workspace_id=desk.deps.identity.team_id, subject="source:shop",
            at=desk.clock.now(), actor="system:test",
        )  # fmt: skip

    told = [
        await shop.at_the_terminal(*words)
        for words in (
            ("replay", first, "--reason", "x"),
            ("replay", first),
            ("replay",),
            ("replay", "in_nobody", "--reason", "x"),
            ("show", first),
        )
    ]

    assert [code for code, _said in told] == [2, 2, 2, 2, 0]
    assert "was erased" in told[0][1]
    assert "Say why" in told[1][1]
    assert "Say which" in told[2][1]
    assert "There is no such event" in told[3][1]
    assert "what it said was erased" in told[4][1]


async def test_a_worker_that_dies_before_its_commit_starts_it_once_in_the_end(shop: Shop) -> None:
    desk = shop.desk
    await shop.send(LOST)
    await opened_all(desk)
    await shop.at_the_terminal("replay", ids(desk)[0], "--reason", "again")

    class Died(Exception):
        pass

    class Dies(type(desk.deps.log)):  # type: ignore[misc]
        def record(self, *_args: Any, **_entry: Any) -> str:
            raise Died

    dying = Dies(keys=desk.deps.log._keys)
    with pytest.raises(Died):
        await played_all(desk, log=dying)
    with desk.deps.db.read() as session:
        assert [row.payload["starts"] for row in session.exec(_replayed())] == [[]]
    assert await played_all(desk) == 1
    assert await opened_all(desk) == 1

    assert len(desk.turns()) == 2


def _replayed() -> Any:
    return select(Inbound).where(col(Inbound.key).contains(":again:"))
