"""Telling operators that people.yaml was changed and does not count before a restart."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from approvals.people import People
from core.configfile import text_digest
from core.errors import ConfigError
from core.ids import derive_id
from tools.findings import tell_operators


class PeopleOnDisk:
    """The file, looked at beside the people this process runs with."""

    def __init__(self, path: Path, people: People) -> None:
        self._path, self._people = path, people
        #: The digest found by the look before: a file is told of when two in a row find the same,
        #: never in the middle of being written.
        self._before: str | None = None

    def look(self, session: Session, now: datetime) -> int:
        """1 when the file differs from what runs and stays so, which operators are told once of
        each text it has; else 0."""
        found = self._digest()
        same, self._before = found == self._before, found
        if found == self._people.digest or not same:
            return 0
        tell_operators(
            session,
            self._people,
            subject=derive_id("people", self._people.digest, found),
            text=self._sentence(),
            now=now,
        )
        return 1

    def _digest(self) -> str:
        try:
            return text_digest(self._path.read_text())
        except (OSError, ValueError):
            return "unreadable"

    def _sentence(self) -> str:
        told = (
            "config/people.yaml was changed, and I still run with the people I was started with: "
            "nobody got or lost a right yet."
        )
        try:
            People.load(self._path)
        except ConfigError as error:
            return f"{told} It cannot be used as it is, and nothing would start: {error.sentence}"
        return f"{told} Restart every process of mine, and it counts."
