"""What is recorded of one event: its row, and its body, sealed under a person's key."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.keys import NONCE_BYTES, seal, unseal
from audit.leaf import leaf_of
from core.errors import AuditError

_SALT_BYTES = 32


@dataclass(frozen=True)
class Entry:
    """One event to be recorded.

    `reason` is the sentence a person reads in the story. `body` is plain JSON, encrypted under the
    key of the person `about` (the actor when not given).
    """

    workspace_id: str
    type: str
    subject: str
    actor: str
    at: datetime
    reason: str = ""
    turn_id: str | None = None
    action_id: str | None = None
    versions: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    about: str | None = None

    @property
    def person(self) -> tuple[str, str]:
        """Workspace and person whose key closes the body."""
        return self.workspace_id, self.about or self.actor


#: Id and plain bytes of a data key.
Key = tuple[str, bytes]


@dataclass(frozen=True)
class Sealed:
    """A closed body, and what the event keeps of it."""

    key_id: str
    nonce: bytes
    ciphertext: bytes
    digest: str
    commitment: str


def event_values(event_id: str, entry: Entry, sealed: Sealed | None) -> dict[str, Any]:
    values = {
        "id": event_id,
        "workspace_id": entry.workspace_id,
        "type": entry.type,
        "subject": entry.subject,
        "turn_id": entry.turn_id,
        "action_id": entry.action_id,
        "actor": entry.actor,
        "at": entry.at,
        "versions": dict(entry.versions or {}),
        "reason": _storable(entry.reason),
        "body_digest": sealed and sealed.digest,
        "commitment": sealed and sealed.commitment,
    }
    return {**values, "leaf": leaf_of(values)}


def seal_body(event_id: str, key: Key, body: Mapping[str, Any]) -> Sealed:
    key_id, data_key = key
    salt = secrets.token_bytes(_SALT_BYTES)
    # These bytes are stored and hashed as they are, so they need no canonical form.
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    sealed = seal(data_key, salt + text, context=event_id)
    return Sealed(
        key_id=key_id,
        nonce=sealed[:NONCE_BYTES],
        ciphertext=sealed[NONCE_BYTES:],
        # Of the encrypted bytes: a digest of the words would let an erased body be guessed.
        digest="sha256:" + hashlib.sha256(sealed).hexdigest(),
        commitment=_commit(salt, text),
    )


def body_values(event_id: str, sealed: Sealed) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "key_id": sealed.key_id,
        "nonce": sealed.nonce,
        "ciphertext": sealed.ciphertext,
    }


def open_body(
    event_id: str, data_key: bytes, sealed: bytes, commitment: str | None
) -> dict[str, Any]:
    """The body that was sealed. Raises `AuditError` when the commitment does not fit."""
    plain = unseal(data_key, sealed, context=event_id)
    salt, text = plain[:_SALT_BYTES], plain[_SALT_BYTES:]
    if not hmac.compare_digest(_commit(salt, text), commitment or ""):
        raise AuditError("This part of the log is not what was written: its commitment differs")
    opened: dict[str, Any] = json.loads(text)
    return opened


def _commit(salt: bytes, text: bytes) -> str:
    return hmac.new(salt, text, hashlib.sha256).hexdigest()


def _storable(text: str) -> str:
    """Without what PostgreSQL (NUL) or UTF-8 (lone surrogates) cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
