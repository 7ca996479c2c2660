"""Identifiers: random ones that sort by time, and derived ones that a rebuild finds again."""

from __future__ import annotations

import hashlib

from uuid_utils import uuid7


def new_id(prefix: str) -> str:
    """`prefix_` + 32 hex digits of a UUIDv7 (RFC 9562): ids made later sort later."""
    return f"{prefix}_{uuid7().hex}"


def derive_id(prefix: str, *parts: str | int) -> str:
    """`prefix_` + 32 hex digits of SHA-256 over the parts: same parts, same id, in any process.

    Parts are joined by a unit separator, which none of our ids contains.
    """
    joined = "\x1f".join(str(part) for part in parts)
    return f"{prefix}_{hashlib.sha256(joined.encode()).hexdigest()[:32]}"
