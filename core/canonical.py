"""Canonical JSON (RFC 8785) and digests over it: what is approved is what is hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import rfc8785

from core.errors import SignoffError

#: Beyond it integers are not exact everywhere (I-JSON).
_SAFE = 2**53 - 1
_SPELLED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
TYPES = "text, integers, true/false, null, lists and objects with text keys"


class NotCanonical(SignoffError):
    """This value cannot be signed for: it holds something other than plain JSON."""


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of plain JSON.

    Floats, Decimals and datetimes raise `NotCanonical`: they have no one spelling that survives a
    round trip (money is integer minor units). Integers beyond 2**53 raise too (I-JSON, RFC 7493).
    """
    try:
        if _refuse_loose(value, "$"):
            return _SPELLED.encode(value).encode()
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(str(error)) from error
    except UnicodeEncodeError as error:
        raise NotCanonical("text must be Unicode, without lone surrogates") from error


def digest(value: object) -> str:
    """`sha256:` + 64 hex digits over the canonical bytes."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def _refuse_loose(value: object, path: str) -> bool:
    """Whether `_SPELLED` spells it as RFC 8785 does: keys sort by code points as by UTF-16 where
    they are ASCII. It writes an entry of the log several times as fast as Python can."""
    if value is None or isinstance(value, (str, bool)):
        return True
    if isinstance(value, int):
        return -_SAFE <= value <= _SAFE
    if isinstance(value, Mapping):
        plain = type(value) is dict
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical(f"{path}: keys must be text, not {type(key).__name__}")
            plain = _refuse_loose(item, f"{path}.{key}") and plain and key.isascii()
        return plain
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        plain = isinstance(value, (list, tuple))
        for index, item in enumerate(value):
            plain = _refuse_loose(item, f"{path}[{index}]") and plain
        return plain
    raise NotCanonical(f"{path}: {type(value).__name__} is not one of {TYPES}")
