"""Writing the log: one event per step, in the same transaction as what it tells.

An event row holds no person's words. Those lie in its body, encrypted under a key per person, in
a row that may be deleted; the event keeps a commitment to it (HMAC-SHA256 under a random salt that
is encrypted with the body), which proves a body shown later and reveals nothing of an erased one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from audit.keys import NONCE_BYTES, KeyRing, new_key, seal, unseal
from audit.leaf import leaf_of
from audit.tables import Event, EventBody, SubjectKey
from core.canonical import NotCanonical
from core.db import insert_once
from core.errors import AuditError
from core.ids import derive_id, new_id

_SALT_BYTES = 32
_PURPOSE = "event"
# Built once, on the tables themselves: an event is written at every step of every turn.
_INSERT_EVENT = insert(Event.__table__)  # type: ignore[attr-defined]
_INSERT_BODY = insert(EventBody.__table__)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Sealed:
    key_id: str
    nonce: bytes
    ciphertext: bytes
    digest: str
    commitment: str


class Log:
    """Records events and opens or erases their bodies. Safe to share between threads."""

    def __init__(self, *, keys: KeyRing) -> None:
        self._keys = keys

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
        event_id = new_id("evt")
        try:
            sealed = None
            if body is not None:
                key = self._key_of(session, workspace_id, about or actor, at)
                sealed = _seal_body(event_id, key, body)
            values = {
                "id": event_id,
                "workspace_id": workspace_id,
                "type": type,
                "subject": subject,
                "turn_id": turn_id,
                "action_id": action_id,
                "actor": actor,
                "at": at,
                "versions": dict(versions or {}),
                "reason": _storable(reason),
                "body_digest": sealed and sealed.digest,
                "commitment": sealed and sealed.commitment,
            }
            session.execute(_INSERT_EVENT, {**values, "leaf": leaf_of(values)})
            if sealed is not None:
                _store_body(session, event_id, sealed)
        except (SQLAlchemyError, NotCanonical, TypeError, ValueError) as error:
            raise AuditError() from error
        return event_id

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
        plain = unseal(data_key, row.nonce + row.ciphertext, context=event_id)
        salt, text = plain[:_SALT_BYTES], plain[_SALT_BYTES:]
        if not hmac.compare_digest(_commit(salt, text), event.commitment or ""):
            raise AuditError("This part of the log is not what was written: its commitment differs")
        opened: dict[str, Any] = json.loads(text)
        return opened

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
            type="audit:subject:erased",
            subject=subject,
            actor=actor,
            at=at,
            reason=f"Erased what {count} entries held",
            versions={"bodies": count},
        )
        return count

    def _key_of(
        self, session: Session, workspace_id: str, subject: str, at: datetime
    ) -> tuple[str, bytes]:
        """Id and data key of this person, made when there is none."""
        found = _live_key(session, workspace_id, subject)
        if found is None:
            self._make_key(session, workspace_id, subject, at)
            found = _live_key(session, workspace_id, subject)
        if found is None or found.wrapped is None:
            raise AuditError()
        return found.id, self._keys.unwrap(found.wrapped, key_id=found.id)

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


def _live_key(session: Session, workspace_id: str, subject: str) -> SubjectKey | None:
    # Shared lock: an erasure waits for this commit and then takes its body along.
    query = (
        select(SubjectKey)
        .where(
            SubjectKey.workspace_id == workspace_id,
            SubjectKey.subject == subject,
            SubjectKey.purpose == _PURPOSE,
            col(SubjectKey.destroyed_at).is_(None),
        )
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return session.exec(query).first()


def _seal_body(event_id: str, key: tuple[str, bytes], body: Mapping[str, Any]) -> _Sealed:
    key_id, data_key = key
    salt = secrets.token_bytes(_SALT_BYTES)
    # These bytes are stored and hashed as they are, so they need no canonical form.
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    sealed = seal(data_key, salt + text, context=event_id)
    return _Sealed(
        key_id=key_id,
        nonce=sealed[:NONCE_BYTES],
        ciphertext=sealed[NONCE_BYTES:],
        # Of the encrypted bytes: a digest of the words would let an erased body be guessed.
        digest="sha256:" + hashlib.sha256(sealed).hexdigest(),
        commitment=_commit(salt, text),
    )


def _store_body(session: Session, event_id: str, sealed: _Sealed) -> None:
    values = {
        "event_id": event_id,
        "key_id": sealed.key_id,
        "nonce": sealed.nonce,
        "ciphertext": sealed.ciphertext,
    }
    session.execute(_INSERT_BODY, values)


def _commit(salt: bytes, text: bytes) -> str:
    return hmac.new(salt, text, hashlib.sha256).hexdigest()


def _storable(text: str) -> str:
    """Without what PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
