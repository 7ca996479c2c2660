"""How many transactions were committed, counted in SQLite's write-ahead log.

The last frame of each commit says how large the database is after it; all others say 0. A log
that was begun anew has another salt. https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER, _FRAME = 32, 24


@dataclass(frozen=True)
class Mark:
    """A place in the log of one database."""

    salt: bytes
    commits: int

    def since(self, earlier: Mark) -> int | None:
        """Commits between two marks; None when the log was begun anew between them."""
        return self.commits - earlier.commits if self.salt == earlier.salt else None


def mark(database: Path) -> Mark:
    """The log's end as it is now."""
    with database.with_name(database.name + "-wal").open("rb") as log:
        header = log.read(_HEADER)
        page, salt = struct.unpack(">I", header[8:12])[0], header[16:24]
        commits, at = 0, _HEADER
        while True:
            log.seek(at)
            frame = log.read(_FRAME)
            if len(frame) < _FRAME or frame[8:16] != salt:
                return Mark(salt, commits)
            commits += frame[4:8] != b"\0\0\0\0"
            at += _FRAME + page
