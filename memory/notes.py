"""Remember, recall, forget. SQL holds the notes; the index only says which ones to look at.

A note that is not indexed yet, or an index that does not answer, is found by its words. So
remembering never waits for Chroma or a model, and losing either loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, false, or_, update
from sqlmodel import Session, col, select

from core.db import Database, insert_once
from core.errors import RecallError
from core.ids import new_id
from core.origins import Origin
from core.outbox import enqueue, finish, open_rows
from memory.index import Hit, Index
from memory.ranking import best, fold, terms
from memory.tables import Note as NoteRow

log = structlog.get_logger()
JOB = "index_note"
#: A note is a sentence or a few, not a document.
LONGEST_TEXT = 4_000
_WORD_MATCHES = 200


@dataclass(frozen=True)
class Note:
    """A remembered sentence with its provenance, as `tools.contract.Note` asks for it."""

    id: str
    text: str
    author: str
    at: datetime
    source: str
    origin: Origin
    stale: bool = False


@dataclass(frozen=True)
class Recalled:
    """Notes found, best first; `by_words_only` when the index did not answer."""

    notes: tuple[Note, ...]
    by_words_only: bool = False


@dataclass(frozen=True)
class Trace:
    """A note that was made or forgotten, the key of the call that did it, and when."""

    key: str
    id: str
    at: datetime


@dataclass(frozen=True)
class Keeping:
    """How long notes hold: marked as past their time, then no longer recalled (None: for ever)."""

    stale_after: timedelta | None = timedelta(days=180)
    expire_after: timedelta | None = None


class NoteStore:
    """One workspace's notes. Implements `tools.contract.Notes`; safe to share between threads."""

    def __init__(
        self, db: Database, index: Index | None, *, workspace_id: str, keeping: Keeping
    ) -> None:
        """Without an index notes are found by their words alone."""
        self._db, self._index = db, index
        self._workspace_id, self._keeping = workspace_id, keeping

    def remember(self, *, text: str, author: str, key: str, origin: Origin, now: datetime) -> Note:
        """Keep a sentence; the same key a second time changes nothing and gives the first note.

        `origin` says where its words came from and stays with it.
        """
        row = self._new_row(text=text, author=author, key=key, origin=origin, now=now)
        with self._db.transaction() as session:
            if insert_once(session, row):
                self._queue_index(session, row.id, occasion="remembered", now=now)
                return _note(row, now)
            return _note(session.exec(select(NoteRow).where(NoteRow.key == key)).one(), now)

    def recall(self, *, query: str, limit: int, now: datetime) -> Recalled:
        """The notes nearest to the query in meaning and words. What SQL says wins over the index:
        a forgotten or expired note is not shown, however near its vector is."""
        hits, answered = self._near(query, limit=limit * 4)
        with self._db.read() as session:
            rows = self._candidates(session, query, hits, now)
        meanings = {hit.id: hit.score for hit in hits}
        found = best(rows, query=query, meanings=meanings, limit=limit)
        return Recalled(tuple(_note(row, now) for row in found), by_words_only=not answered)

    def forget(self, *, note_id: str, key: str, now: datetime) -> bool:
        """Destroy a note's text, once per key; False when there is no such note, or another call
        has forgotten it."""
        with self._db.transaction() as session:
            changed = session.execute(
                update(NoteRow)
                .where(
                    col(NoteRow.id) == note_id,
                    col(NoteRow.workspace_id) == self._workspace_id,
                    col(NoteRow.forgotten_at).is_(None),
                )
                .values(text="", folded="", forgotten_at=now, forgotten_by=key)
            )
            if not changed.rowcount:  # type: ignore[attr-defined]
                row = session.get(NoteRow, note_id)
                return row is not None and row.forgotten_by == key
            self._queue_index(session, note_id, occasion="forgotten", now=now)
            return True

    def get(self, note_id: str) -> Note | None:
        """The note, unless it was forgotten."""
        return self._one(col(NoteRow.id) == note_id)

    def find_by_key(self, key: str) -> Note | None:
        """The note remembered under this key, unless it was forgotten."""
        return self._one(col(NoteRow.key) == key)

    def kept_since(self, since: datetime) -> Sequence[Trace]:
        """Every note made from then on; its row stays when it is forgotten."""
        query = select(NoteRow).where(
            NoteRow.workspace_id == self._workspace_id, col(NoteRow.created_at) >= since
        )
        with self._db.read() as session:
            return [Trace(row.key, row.id, row.created_at) for row in session.exec(query)]

    def forgotten_since(self, since: datetime) -> Sequence[Trace]:
        """Every note forgotten from then on."""
        query = select(NoteRow).where(
            NoteRow.workspace_id == self._workspace_id, col(NoteRow.forgotten_at) >= since
        )
        with self._db.read() as session:
            return [
                Trace(row.forgotten_by or "", row.id, row.forgotten_at or since)
                for row in session.exec(query)
            ]

    def index(self, note_id: str, *, now: datetime) -> None:
        """Make the index agree with a note's row: the work of the job `index_note`.

        Raises `RecallError` while the index does not answer; its queue row then stays open.
        """
        with self._db.read() as session:
            row = session.get(NoteRow, note_id)
            queued = open_rows(session, job=JOB, subject=note_id)
        if self._index is not None and row is not None:
            if row.forgotten_at is None:
                self._index.add(note_id, row.text)
            else:
                self._index.delete(note_id)
        with self._db.transaction() as session:
            finish(session, queued, now=now)
            if self._index is not None:
                model = self._index.model if row and row.forgotten_at is None else None
                _mark(session, note_id, model)

    def repair(self, *, now: datetime, limit: int = 1_000) -> int:
        """Queue every note that the index lacks: after it was emptied, or another embedding model
        was chosen. Returns how many; raises `RecallError` while the index does not answer."""
        if self._index is None:
            return 0
        held = self._index.ids()
        query = (
            select(NoteRow.id)
            .where(NoteRow.workspace_id == self._workspace_id, col(NoteRow.forgotten_at).is_(None))
            .order_by(col(NoteRow.id))
        )
        with self._db.transaction() as session:
            missing = [note_id for note_id in session.exec(query) if note_id not in held][:limit]
            for note_id in missing:
                occasion = f"repaired:{now.isoformat()}"
                self._queue_index(session, note_id, occasion=occasion, now=now)
                _mark(session, note_id, None)
        return len(missing)

    def _new_row(
        self, *, text: str, author: str, key: str, origin: Origin, now: datetime
    ) -> NoteRow:
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise RecallError(f"A note has between 1 and {LONGEST_TEXT} characters.")
        stale, expire = self._keeping.stale_after, self._keeping.expire_after
        return NoteRow(
            id=new_id("note"),
            workspace_id=self._workspace_id,
            key=key,
            text=text,
            folded=fold(text),
            author=author,
            source=f"note by {author}, {now:%-d %b %Y}",
            origin=origin.value,
            valid_at=now,
            stale_at=now + stale if stale else None,
            expires_at=now + expire if expire else None,
            created_at=now,
        )

    def _queue_index(self, session: Session, note_id: str, *, occasion: str, now: datetime) -> None:
        if self._index is None:
            return
        enqueue(
            session,
            workspace_id=self._workspace_id,
            job=JOB,
            subject=note_id,
            key=f"{note_id}:{occasion}",
            args={"note_id": note_id},
            now=now,
        )

    def _near(self, query: str, *, limit: int) -> tuple[Sequence[Hit], bool]:
        if self._index is None:
            return (), False
        try:
            return self._index.search(query, limit=limit), True
        except RecallError as error:
            log.warning("recall_by_words_only", cause=type(error.__cause__).__name__)
            return (), False

    def _candidates(
        self, session: Session, query: str, hits: Sequence[Hit], now: datetime
    ) -> Sequence[NoteRow]:
        words = [col(NoteRow.folded).contains(term, autoescape=True) for term in terms(query)]
        near = self._living(session, col(NoteRow.id).in_([hit.id for hit in hits]), now)
        worded = self._living(session, or_(false(), *words), now)
        return tuple({row.id: row for row in (*near, *worded)}.values())

    def _living(
        self, session: Session, condition: ColumnElement[bool], now: datetime
    ) -> Sequence[NoteRow]:
        query = (
            select(NoteRow)
            .where(
                NoteRow.workspace_id == self._workspace_id,
                col(NoteRow.forgotten_at).is_(None),
                or_(col(NoteRow.expires_at).is_(None), col(NoteRow.expires_at) > now),
                condition,
            )
            .order_by(col(NoteRow.created_at).desc())
            .limit(_WORD_MATCHES)
        )
        return session.exec(query).all()

    def _one(self, condition: ColumnElement[bool]) -> Note | None:
        query = select(NoteRow).where(
            NoteRow.workspace_id == self._workspace_id,
            col(NoteRow.forgotten_at).is_(None),
            condition,
        )
        with self._db.read() as session:
            row = session.exec(query).first()
        return None if row is None else _note(row, row.created_at)


def _note(row: NoteRow, now: datetime) -> Note:
    stale = row.stale_at is not None and row.stale_at <= now
    return Note(row.id, row.text, row.author, row.valid_at, row.source, Origin(row.origin), stale)


def _mark(session: Session, note_id: str, model: str | None) -> None:
    session.execute(update(NoteRow).where(col(NoteRow.id) == note_id).values(indexed_with=model))
