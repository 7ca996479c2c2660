"""Remember, recall, forget: SQL is the truth, the index only helps to find."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select
from vectors import embed

from core.clock import HeldClock
from core.db import Database
from core.errors import ConfigError, RecallError
from core.origins import Origin
from core.outbox import Outbox
from memory.index import Index
from memory.notes import Keeping, NoteStore
from memory.tables import Note
from sandbox.ports import free_block


def remember(store: NoteStore, clock: HeldClock, text: str, key: str = "") -> str:
    return store.remember(
        text=text,
        author="Ana Berg",
        key=key or text,
        origin=Origin.REQUESTER,
        now=clock.now(),
    ).id


def index_all(store: NoteStore, db: Database, clock: HeldClock) -> int:
    """Do what the job `index_note` does, for every open row."""
    with db.read() as session:
        query = select(Outbox.subject).where(col(Outbox.done_at).is_(None))
        ids = sorted(set(session.exec(query)))
    for note_id in ids:
        store.index(note_id, now=clock.now())
    return len(ids)


def found(store: NoteStore, clock: HeldClock, query: str, limit: int = 5) -> list[str]:
    return [note.text for note in store.recall(query=query, limit=limit, now=clock.now()).notes]


def test_a_note_is_recalled_by_its_meaning_with_its_provenance(
    store: NoteStore, db: Database, clock: HeldClock
) -> None:
    note_id = remember(store, clock, "Olga is on vacation until Monday")
    remember(store, clock, "Returns take fourteen days")
    index_all(store, db, clock)

    recalled = store.recall(query="holiday", limit=5, now=clock.now())

    assert not recalled.by_words_only
    (note,) = recalled.notes
    assert (note.id, note.text) == (note_id, "Olga is on vacation until Monday")
    assert (note.author, note.at) == ("Ana Berg", clock.now())
    assert note.source == "note by Ana Berg, 20 Nov 2026"
    assert not note.stale


def test_a_note_is_found_at_once_before_it_is_indexed(store: NoteStore, clock: HeldClock) -> None:
    remember(store, clock, "The door code of the stock room is with Finn")

    assert found(store, clock, "stock room") == ["The door code of the stock room is with Finn"]


def test_the_same_key_remembers_once(store: NoteStore, db: Database, clock: HeldClock) -> None:
    first = remember(store, clock, "once", key="k")
    again = remember(store, clock, "once", key="k")

    assert first == again
    assert index_all(store, db, clock) == 1


def test_a_number_is_matched_exactly_and_wins(
    store: NoteStore, db: Database, clock: HeldClock
) -> None:
    for order in ("4711", "4712", "4713"):
        remember(store, clock, f"The customer of order {order} wants a call")
    index_all(store, db, clock)

    assert found(store, clock, "order 4712", limit=1) == ["The customer of order 4712 wants a call"]


def test_a_forgotten_note_is_gone_from_both(
    store: NoteStore, index: Index, db: Database, clock: HeldClock
) -> None:
    note_id = remember(store, clock, "Sam likes green tea", key="tea")
    index_all(store, db, clock)

    assert store.forget(note_id=note_id, key="f_1", now=clock.now())
    assert store.forget(note_id=note_id, key="f_1", now=clock.now())
    assert not store.forget(note_id=note_id, key="f_2", now=clock.now())
    assert found(store, clock, "green tea") == []  # even while the index still has it
    index_all(store, db, clock)

    assert index.ids() == set()
    assert store.get(note_id) is None
    assert store.find_by_key("tea") is None
    with db.read() as session:
        row = session.get_one(Note, note_id)
        assert (row.text, row.folded) == ("", "")


def test_an_emptied_index_is_filled_again_from_sql(
    store: NoteStore, index: Index, db: Database, clock: HeldClock
) -> None:
    ids = {remember(store, clock, f"note number {n}") for n in range(3)}
    index_all(store, db, clock)
    for note_id in ids:
        index.delete(note_id)

    assert store.repair(now=clock.now()) == 3
    index_all(store, db, clock)

    assert index.ids() == ids
    assert store.repair(now=clock.now()) == 0


def test_another_embedding_gets_an_index_of_its_own(
    store: NoteStore, chroma: str, workspace: str, db: Database, clock: HeldClock
) -> None:
    note_id = remember(store, clock, "Olga is on vacation")
    index_all(store, db, clock)
    other = Index(chroma, workspace_id=workspace, embed=lambda t: [[1.0, 0.0]] * len(t), model="x")
    moved = NoteStore(db, other, workspace_id=workspace, keeping=Keeping())

    assert moved.repair(now=clock.now()) == 1
    index_all(moved, db, clock)

    assert other.ids() == {note_id}
    with db.read() as session:
        assert session.get_one(Note, note_id).indexed_with == "x"


def test_a_note_grows_stale_and_then_is_not_recalled(
    db: Database, clock: HeldClock, workspace: str
) -> None:
    keeping = Keeping(stale_after=timedelta(days=30), expire_after=timedelta(days=60))
    store = NoteStore(db, None, workspace_id=workspace, keeping=keeping)
    remember(store, clock, "Prices go up in spring")

    clock.advance(timedelta(days=30))
    (stale,) = store.recall(query="prices", limit=5, now=clock.now()).notes
    clock.advance(timedelta(days=30))

    assert stale.stale
    assert found(store, clock, "prices") == []


def test_workspaces_do_not_see_each_others_notes(
    store: NoteStore, db: Database, clock: HeldClock
) -> None:
    note_id = remember(store, clock, "ours alone")
    stranger = NoteStore(db, None, workspace_id="TSTRANGER", keeping=Keeping())

    assert found(stranger, clock, "ours alone") == []
    assert stranger.get(note_id) is None
    assert not stranger.forget(note_id=note_id, key="f_3", now=clock.now())


@pytest.fixture
def silent_server() -> Iterator[str]:
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("down", ["refused", "silent"])
def test_without_chroma_it_remembers_and_recalls_by_words_and_says_so(
    db: Database, clock: HeldClock, workspace: str, silent_server: str, down: str
) -> None:
    url = silent_server if down == "silent" else f"http://127.0.0.1:{free_block()}"
    index = Index(url, workspace_id=workspace, embed=embed, model="letters@1", timeout_s=0.2)
    store = NoteStore(db, index, workspace_id=workspace, keeping=Keeping())

    note_id = remember(store, clock, "Returns take fourteen days")
    recalled = store.recall(query="how long do returns take?", limit=5, now=clock.now())

    assert [note.id for note in recalled.notes] == [note_id]
    assert recalled.by_words_only
    with pytest.raises(RecallError):
        store.index(note_id, now=clock.now())
    with db.read() as session:
        (queued,) = session.exec(select(Outbox).where(Outbox.subject == note_id))
        assert queued.done_at is None


def test_an_embedding_that_fails_falls_back_to_words(
    db: Database, clock: HeldClock, workspace: str, chroma: str
) -> None:
    def broken(_texts: list[str]) -> list[list[float]]:
        raise RuntimeError("no model")

    index = Index(chroma, workspace_id=workspace, embed=broken, model="broken")
    store = NoteStore(db, index, workspace_id=workspace, keeping=Keeping())
    remember(store, clock, "Returns take fourteen days")

    recalled = store.recall(query="returns", limit=5, now=clock.now())

    assert len(recalled.notes) == 1
    assert recalled.by_words_only


@pytest.mark.parametrize("text", ["", "   ", "x" * 4_001])
def test_a_note_has_a_length(store: NoteStore, clock: HeldClock, text: str) -> None:
    with pytest.raises(RecallError, match="between 1 and 4000 characters"):
        store.remember(text=text, author="Ana", key="k", origin=Origin.REQUESTER, now=clock.now())


def test_signs_in_a_query_are_only_signs(store: NoteStore, clock: HeldClock) -> None:
    remember(store, clock, "A discount of 100% is a gift")

    assert found(store, clock, "100%_") == ["A discount of 100% is a gift"]
    assert found(store, clock, "%%% ___") == []


@pytest.mark.parametrize("url", ["chroma:8306", "ftp://127.0.0.1", "http://"])
def test_a_bad_address_is_named(url: str) -> None:
    with pytest.raises(ConfigError, match="CHROMA_URL"):
        Index(url, workspace_id="T", embed=embed, model="m")
