"""Signatures on other systems' events, as Standard Webhooks 1.0.0 has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.errors import ConfigError

#: An attempt older or newer than this is refused: it may be somebody's recording.
TOLERANCE = timedelta(minutes=5)
SOURCE = r"[a-z0-9-]{1,40}"
#: The standard's bounds of a key, in bytes.
_SHORTEST, _LONGEST = 24, 64
_PREFIX = "whsec_"
#: No full stop: it parts id, time and body in what is signed.
_ID = re.compile(r"[!-\-/-~]{1,200}")
_MEND = (
    "Write it as SOURCE=whsec_…, several parted by spaces; make one with: "
    "echo whsec_$(openssl rand -base64 32)"
)


def read_keys(text: str) -> Mapping[str, Sequence[bytes]]:
    """The keys of each source in `shop=whsec_… shop=whsec_… billing=whsec_…`; of several of one
    source each is good, so that a key can be changed. No two sources share one: what is signed does
    not name its source, so each could speak as the other. Raises `ConfigError`, which names no key.
    """
    keys: dict[str, list[bytes]] = {}
    for part in text.split():
        source, _, secret = part.partition("=")
        if not re.fullmatch(SOURCE, source):
            raise ConfigError(f"SIGNOFF_EVENT_SECRETS: one part names no source. {_MEND}")
        key = _key(source, secret)
        other = next(
            (name for name, known in keys.items() if key in known and name != source), None
        )
        if other is not None:
            raise ConfigError(
                f"SIGNOFF_EVENT_SECRETS: {other} and {source} have the same secret, so each could "
                f"speak as the other. Give each its own. {_MEND}"
            )
        keys.setdefault(source, []).append(key)
    return keys


def signed(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """What `webhook-signature` holds for this attempt."""
    content = f"{id}.{timestamp}.".encode() + body
    mac = hmac.new(key, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def is_id(id: str) -> bool:
    """Whether this can be a `webhook-id`."""
    return _ID.fullmatch(id) is not None


def is_genuine(
    keys: Sequence[bytes], id: str, timestamp: str, body: bytes, given: str, *, now: datetime
) -> bool:
    """Whether one of these keys signed this id, time and body, lately. `given` is the header with
    its signatures, parted by spaces; those of other kinds than `v1` are passed by."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    wanted = [signed(key, id, int(timestamp), body).encode() for key in keys]
    offered = [one.encode("utf-8", "replace") for one in given.split()]
    # Each with each, whatever was found: how long it takes tells nothing.
    return sum(hmac.compare_digest(a, b) for a in wanted for b in offered) > 0


def _key(source: str, secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigError(
            f"SIGNOFF_EVENT_SECRETS: the secret of {source} is not whsec_ and {_SHORTEST} to "
            f"{_LONGEST} bytes in base64. {_MEND}"
        )
    return key
