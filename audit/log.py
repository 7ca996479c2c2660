"""Writing the log: one event per step, in the same transaction as what it tells.

An event row holds no person's words. Those lie in its body, encrypted under a key per person, in
a row that may be deleted; the event keeps a commitment to it (HMAC-SHA256 under a random salt that
is encrypted with the body), which proves a body shown later and reveals nothing of an erased one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from audit.entry import Entry, Key, body_values, event_values, open_body, seal_body
from audit.keys import KeyRing, new_key
from audit.tables import Event, EventBody, SubjectKey
from core.canonical import NotCanonical
from core.db import insert_once
from core.errors import AuditError
from core.ids import derive_id, new_id

_PURPOSE = "event"
#: What an erasure is logged as; its `versions` say how many `bodies` went.
ERASED = "audit:subject:erased"
# Built once, on the tables themselves: an event is written at every step of every turn.
_INSERT_EVENT = insert(Event.__table__)  # type: ignore[attr-defined]
_INSERT_BODY = insert(EventBody.__table__)  # type: ignore[attr-defined]
_KEYS = SubjectKey.__table__.c  # type: ignore[attr-defined]
# Shared lock: an erasure waits for this commit and then takes its body along.
_LIVE_KEYS = (
    select(_KEYS.workspace_id, _KEYS.subject, _KEYS.id, _KEYS.wrapped)
    .where(
        _KEYS.workspace_id.in_(bindparam("workspaces", expanding=True)),
        _KEYS.subject.in_(bindparam("subjects", expanding=True)),
        _KEYS.purpose == _PURPOSE,
        _KEYS.destroyed_at.is_(None),
    )
    .with_for_update(read=True)
)


class Log:
    """Records events and opens or erases their bodies. Safe to share between threads."""

    def __init__(self, *, keys: KeyRing) -> None:
        self._keys = keys

    def number(self, text: str) -> int:
        """A number from 0 to 99 that belongs to this text under this installation's key."""
        return self._keys.number(text)

    def record(
        self,
        session: Session,
        *,
        workspace_id: str,
        type: str,
        subject: str,
        actor: str,
        at: datetime,
        reason: str = "",
        turn_id: str | None = None,
        action_id: str | None = None,
        versions: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        about: str | None = None,
    ) -> str:
        """Append one event and return its id.

        `reason` is the sentence a person reads in the story. `body` is plain JSON, encrypted under
        the key of the person `about` (the actor when not given). Raises `AuditError` whatever goes
        wrong, so that the caller's transaction fails with it: no log, no effect.
        """
        entry = Entry(
            workspace_id=workspace_id,
            type=type,
            subject=subject,
            actor=actor,
            at=at,
            reason=reason,
            turn_id=turn_id,
            action_id=action_id,
            versions=versions,
            body=body,
            about=about,
        )
        return self.record_all(session, [entry])[0]

    def record_all(self, session: Session, entries: Sequence[Entry]) -> list[str]:
        """Append these events, in one statement, and return their ids. Raises `AuditError`."""
        named = {new_id("evt"): entry for entry in entries}
        self._append(session, named)
        return list(named)

    @contextmanager
    def gathered(self, session: Session) -> Iterator[Log]:
        """A log whose events are appended when the block ends, in one statement for all of them.

        For a transaction of several steps, each of which records its own. Whatever is raised in the
        block leaves none of them; what goes wrong at its end raises `AuditError`, as ever.
        """
        log = _Gathered(keys=self._keys)
        yield log
        self._append(session, log.waiting)

    def _append(self, session: Session, named: Mapping[str, Entry]) -> None:
        if not named:
            return
        try:
            keys = self._keys_for(session, list(named.values()))
            events, bodies = [], []
            for event_id, entry in named.items():
                sealed = None
                if entry.body is not None:
                    sealed = seal_body(event_id, keys[entry.person], entry.body)
                    bodies.append(body_values(event_id, sealed))
                events.append(event_values(event_id, entry, sealed))
            session.connection().execute(_INSERT_EVENT, events)
            if bodies:
                session.connection().execute(_INSERT_BODY, bodies)
        except (SQLAlchemyError, NotCanonical, TypeError, ValueError) as error:
            raise AuditError() from error

    def body(self, session: Session, event_id: str) -> dict[str, Any] | None:
        """The event's body; None when it never had one or it was erased.

        Raises `AuditError` when the stored bytes or the commitment do not fit.
        """
        row = session.get(EventBody, event_id)
        event = session.get(Event, event_id)
        if row is None or event is None:
            return None
        key = session.get(SubjectKey, row.key_id)
        if key is None or key.wrapped is None:
            return None
        data_key = self._keys.unwrap(key.wrapped, key_id=key.id)
        return open_body(event_id, data_key, row.nonce + row.ciphertext, event.commitment)

    def erase(
        self, session: Session, *, workspace_id: str, subject: str, at: datetime, actor: str
    ) -> int:
        """Destroy this person's keys and bodies; what is left proves order, not words.

        Returns how many bodies were erased. The events themselves stay.
        """
        keys = session.exec(
            select(SubjectKey.id).where(
                SubjectKey.workspace_id == workspace_id,
                SubjectKey.subject == subject,
                col(SubjectKey.destroyed_at).is_(None),
            )
        ).all()
        session.execute(
            update(SubjectKey)
            .where(col(SubjectKey.id).in_(keys))
            .values(wrapped=None, destroyed_at=at)
        )
        gone = session.execute(delete(EventBody).where(col(EventBody.key_id).in_(keys)))
        count: int = gone.rowcount  # type: ignore[attr-defined]
        self.record(
            session,
            workspace_id=workspace_id,
            type=ERASED,
            subject=subject,
            actor=actor,
            at=at,
            reason=f"Erased what {count} entries held",
            versions={"bodies": count},
        )
        return count

    def _keys_for(self, session: Session, entries: Sequence[Entry]) -> dict[tuple[str, str], Key]:
        """The key of each person whose words these entries hold, made when there is none."""
        since = {entry.person: entry.at for entry in entries if entry.body is not None}
        found = _live_keys(session, since)
        missing = [person for person in since if person not in found]
        for workspace_id, subject in missing:
            self._make_key(session, workspace_id, subject, since[workspace_id, subject])
        if missing:
            found |= _live_keys(session, missing)
        if len(found) < len(since):
            raise AuditError()
        return {
            person: (key_id, self._keys.unwrap(wrapped, key_id=key_id))
            for person, (key_id, wrapped) in found.items()
        }

    def _make_key(self, session: Session, workspace_id: str, subject: str, at: datetime) -> None:
        # The id counts the destroyed ones, so that two makers at once meet on one row.
        query = select(SubjectKey.id).where(
            SubjectKey.workspace_id == workspace_id,
            SubjectKey.subject == subject,
            SubjectKey.purpose == _PURPOSE,
            col(SubjectKey.destroyed_at).is_not(None),
        )
        number = len(session.exec(query).all())
        key_id = derive_id("key", workspace_id, subject, _PURPOSE, number)
        row = SubjectKey(
            id=key_id,
            workspace_id=workspace_id,
            subject=subject,
            purpose=_PURPOSE,
            wrapped=self._keys.wrap(new_key(), key_id=key_id),
            created_at=at,
        )
        insert_once(session, row)


class _Gathered(Log):
    """Keeps what is recorded until `Log.gathered` appends it."""

    def __init__(self, *, keys: KeyRing) -> None:
        super().__init__(keys=keys)
        self.waiting: dict[str, Entry] = {}

    def _append(self, session: Session, named: Mapping[str, Entry]) -> None:
        self.waiting |= named


def _live_keys(session: Session, people: Collection[tuple[str, str]]) -> dict[tuple[str, str], Key]:
    """Ids and wrapped data keys of those who have one, by workspace and person."""
    if not people:
        return {}
    rows = session.connection().execute(
        _LIVE_KEYS, {"workspaces": [w for w, _ in people], "subjects": [s for _, s in people]}
    )
    found = {
        (workspace, subject): (key_id, wrapped) for workspace, subject, key_id, wrapped in rows
    }
    return {person: key for person, key in found.items() if person in people}
