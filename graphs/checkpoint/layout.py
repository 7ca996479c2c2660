"""How a thread lies in the store: names of its keys and members, and the bytes of its records.
Pure; `scripts` says what each member means."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, unquote

from graphs.checkpoint.errors import UnreadableCheckpoint

PREFIX = "signoff:thread:"
_NUL = "\0"
_OR = b"\x1e"
_UNIT = b"\x1f"


@lru_cache(maxsize=1024)
def keys(thread_id: str) -> tuple[str, str]:
    """Both keys of a thread. The braces put them into one hash slot of a cluster."""
    # A thread id with braces of its own would end the hash tag early.
    tag = "{" + quote(thread_id, safe="-_.:@") + "}"
    return f"{PREFIX}{tag}:index", f"{PREFIX}{tag}:body"


#: Finds the first key of every thread.
EVERY_INDEX = PREFIX + "*:index"


def thread_of(index_key: str) -> str:
    return unquote(index_key[len(PREFIX) + 1 : -len("}:index")])


def member(kind: str, *parts: str) -> bytes:
    """Raises `ValueError` for a part that would read as two."""
    named = _NUL.join((kind, *parts))
    if named.count(_NUL) != len(parts) or "\x1e" in named or "\x1f" in named:
        raise ValueError(f"a name with a control character cannot be stored: {parts!r}")
    return named.encode()


def split(name: bytes) -> list[str]:
    """The parts of a member, without its kind."""
    return name.decode().split(_NUL)[1:]


def blob(ns: str, channel: str, version: str | float) -> bytes:
    """The field of one channel's value."""
    return member("b", ns, channel, str(version))


def join_names(needed: list[bytes], possible: list[bytes]) -> bytes:
    """A checkpoint's fields of values: those that must be there, and those that may be."""
    return _UNIT.join(needed) + _OR + _UNIT.join(possible)


def split_names(names: bytes) -> list[bytes]:
    """All fields of values out of `join_names`, those that must be there first."""
    return [name for name in names.replace(_OR, _UNIT).split(_UNIT) if name]


def needed_channels(names: bytes) -> set[str]:
    """The channels whose values must be there, out of `join_names`."""
    return {split(name)[1] for name in split_names(names.partition(_OR)[0])}


def pack(*parts: bytes) -> bytes:
    """Parts with their lengths before them."""
    return b"".join([piece for part in parts for piece in (len(part).to_bytes(4), part)])


def unpack(packed: bytes, count: int) -> list[bytes]:
    """`count` parts. Raises `UnreadableCheckpoint` where `pack` did not make this."""
    parts, at = [], 0
    for _ in range(count):
        body = at + 4
        at = body + int.from_bytes(packed[at:body])
        parts.append(packed[body:at])
    if at != len(packed):
        raise UnreadableCheckpoint()
    return parts


def cut(answer: bytes) -> list[bytes | None]:
    """The parts of what the GET script answered; None for a value that is not there."""
    at = answer.index(b"\n") + 1
    parts: list[bytes | None] = []
    for length in map(int, answer[: at - 1].split()):
        parts.append(None if length < 0 else answer[at : at + length])
        at += max(length, 0)
    return parts
