"""What is hashed of an event: its canonical bytes and its leaf in the tree to come (RFC 9162)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from audit.tables import Event
from core.canonical import canonical

#: RFC 9162, 2.1.1: a leaf is hashed after a zero byte, an inner node after a one byte.
_LEAF_PREFIX = b"\x00"


def event_bytes(values: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of every column but `leaf`; the time in UTC with six decimals."""
    return canonical({**values, "at": stamp(values["at"])})


def leaf_of(values: Mapping[str, Any]) -> str:
    """SHA-256(0x00 || canonical bytes), 64 hex digits."""
    return hashlib.sha256(_LEAF_PREFIX + event_bytes(values)).hexdigest()


def stored_values(event: Event) -> dict[str, Any]:
    """The columns of a stored row that its leaf was made of."""
    return {
        "id": event.id,
        "workspace_id": event.workspace_id,
        "type": event.type,
        "subject": event.subject,
        "turn_id": event.turn_id,
        "action_id": event.action_id,
        "actor": event.actor,
        "at": event.at,
        "versions": event.versions,
        "reason": event.reason,
        "body_digest": event.body_digest,
        "commitment": event.commitment,
    }


def stamp(at: datetime) -> str:
    """`2026-11-20T11:30:00.000000+00:00`: the same spelling for every equal moment."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
