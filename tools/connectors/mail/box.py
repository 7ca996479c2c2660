"""Maildirs, read only: one folder per address, and only those a person may see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.connectors.mail.letters import Letter, read_letter
from tools.contract import Refused, Unavailable

#: Newest letters that a search looks into, and how much of each is read.
_LOOKED_AT = 2_000
_MOST_BYTES = 2 * 2**20


@dataclass(frozen=True)
class Found:
    """A letter and its id, which names neither folder nor file."""

    id: str
    box: str
    letter: Letter


@dataclass(frozen=True)
class _File:
    id: str
    box: str
    path: Path
    changed: float


class Boxes:
    """`root` holds a Maildir per address; `addresses` are those that may be looked into."""

    def __init__(self, root: Path, addresses: Sequence[str]) -> None:
        self._root = root
        self._addresses = tuple(dict.fromkeys(address.lower() for address in addresses if address))

    def search(self, query: str, limit: int) -> list[Found]:
        """Letters in which every word occurs, newest first. Raises `Unavailable`."""
        words = query.lower().split()
        found: list[Found] = []
        for file in self._newest():
            letter = _read(file.path)
            text = f"{letter.sender} {letter.subject} {letter.text}".lower()
            if all(word in text for word in words):
                found.append(Found(file.id, file.box, letter))
        found.sort(key=lambda one: one.letter.date, reverse=True)
        return found[:limit]

    def read(self, letter_id: str) -> Found:
        """Raises `Refused` no_such_letter, also for letters of boxes that may not be seen."""
        for file in self._files():
            if file.id == letter_id:
                return Found(file.id, file.box, _read(file.path))
        raise Refused("There is no such letter in this mailbox.", code="no_such_letter")

    def _newest(self) -> list[_File]:
        return sorted(self._files(), key=lambda file: file.changed, reverse=True)[:_LOOKED_AT]

    def _files(self) -> Iterator[_File]:
        if not self._root.is_dir():
            raise Unavailable("The mailbox cannot be opened.", reached=False)
        for address in self._addresses:
            for part in ("new", "cur"):
                yield from _listed(address, self._root / address / part)


def _listed(box: str, folder: Path) -> Iterator[_File]:
    """Plain files of a Maildir's part. The id stays when a reader marks the letter as seen."""
    if "/" in box or box.startswith(".") or not folder.is_dir():
        return
    for path in folder.iterdir():
        if not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            name = path.name.split(":", 1)[0]
            mark = hashlib.sha256(f"{box}/{name}".encode()).hexdigest()[:16]
            yield _File(f"m_{mark}", box, path, path.stat().st_mtime)


def _read(path: Path) -> Letter:
    try:
        with path.open("rb") as content:
            return read_letter(content.read(_MOST_BYTES))
    except FileNotFoundError as error:
        raise Unavailable("The mailbox is being changed just now.", reached=False) from error
    except OSError as error:
        raise Unavailable("The mailbox cannot be read.", reached=False) from error
