"""What outlives a restart, as one growing file of JSON lines; the last word on a thing counts."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO


class Store:
    """`path` is read once and rewritten without what was overtaken, then only appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO | None = None

    def entries(self) -> list[tuple[str, str, Any]]:
        """(kind, key, value) as last put, in the order of their first appearance."""
        last: dict[tuple[str, str], Any] = {}
        for kind, key, value in self._lines():
            last[kind, key] = value
        kept = [(kind, key, value) for (kind, key), value in last.items() if value is not None]
        self._rewrite(kept)
        return kept

    def put(self, kind: str, key: str, value: Any) -> None:
        """Remembers `value` (JSON) under (kind, key); None forgets it."""
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(json.dumps([kind, key, value], separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self) -> Iterator[tuple[str, str, Any]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                # A killed process can leave half a line at the end; it was never acted on again.
                if line.endswith("\n"):
                    kind, key, value = json.loads(line)
                    yield kind, key, value

    def _rewrite(self, kept: Iterable[tuple[str, str, Any]]) -> None:
        part = self._path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            for entry in kept:
                out.write(json.dumps(entry, separators=(",", ":")) + "\n")
        os.replace(part, self._path)
