"""Which letters of ours have arrived: found by their Message-ID alone, in any box."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from tools.contract import Unavailable

_MOST_BYTES = 64 * 1024


def arrived(root: Path, domain: str, since: datetime) -> Sequence[tuple[str, datetime, int]]:
    """Key (32 hex digits), when it first arrived, and how often it lies in one and the same box.

    Raises `Unavailable`.
    """
    ours = re.compile(rf"<([0-9a-f]{{32}})@{re.escape(domain)}>")
    copies: Counter[tuple[str, str]] = Counter()
    first: dict[str, datetime] = {}
    try:
        for box, path, at in _letters(root, since):
            found = ours.fullmatch(_message_id(path))
            if found:
                copies[found[1], box] += 1
                first[found[1]] = min(at, first.get(found[1], at))
    except OSError as error:
        raise Unavailable("The mailbox cannot be read.", reached=False) from error
    most: Counter[str] = Counter()
    for (key, _box), count in copies.items():
        most[key] = max(most[key], count)
    return [(key, first[key], most[key]) for key in sorted(first)]


def _letters(root: Path, since: datetime) -> Iterator[tuple[str, Path, datetime]]:
    for part in ("new", "cur"):
        for path in root.glob(f"*/{part}/*"):
            if path.is_symlink() or not path.is_file():
                continue
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if at >= since:
                yield path.parent.parent.name, path, at


def _message_id(path: Path) -> str:
    with path.open("rb") as content:
        headers = BytesHeaderParser().parsebytes(content.read(_MOST_BYTES))
    return str(headers.get("Message-ID", "")).strip().lower()
