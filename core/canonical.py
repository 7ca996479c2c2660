"""Canonical JSON (RFC 8785) and digests over it: what is approved is what is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import rfc8785

from core.errors import SignoffError

TYPES = "text, integers, true/false, null, lists and objects with text keys"


class NotCanonical(SignoffError):
    """This value cannot be signed for: it holds something other than plain JSON."""


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of plain JSON.

    Floats, Decimals and datetimes raise `NotCanonical`: they have no one spelling that survives a
    round trip (money is integer minor units). Integers beyond 2**53 raise too (I-JSON, RFC 7493).
    """
    _refuse_loose(value, "$")
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(str(error)) from error


def digest(value: object) -> str:
    """`sha256:` + 64 hex digits over the canonical bytes."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def _refuse_loose(value: object, path: str) -> None:
    if value is None or isinstance(value, (str, bool, int)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical(f"{path}: keys must be text, not {type(key).__name__}")
            _refuse_loose(item, f"{path}.{key}")
        return
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        for index, item in enumerate(value):
            _refuse_loose(item, f"{path}[{index}]")
        return
    raise NotCanonical(f"{path}: {type(value).__name__} is not one of {TYPES}")
