"""The folder itself: which files there are, and their pages as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.contract import Refused, Unavailable

_TEXT = {".md", ".txt", ".csv"}
_PDF = ".pdf"
_MOST_BYTES = 20 * 2**20
_MOST_PAGES = 500
_MOST_FILES = 2_000
#: A text file has no pages of its own: it is cut at the end of a line.
_PAGE_CHARACTERS = 4_000


@dataclass(frozen=True)
class Document:
    """`name` is the path below the folder, with slashes."""

    name: str
    pages: tuple[str, ...]


class Shelf:
    """Nothing outside `folder` is ever opened, links that lead out included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def names(self) -> list[str]:
        """All documents, sorted. Raises `Unavailable` when the folder is not there."""
        if not self._folder.is_dir():
            raise Unavailable("The folder of documents cannot be opened.", reached=False)
        return sorted(path.relative_to(self._folder).as_posix() for path in self._files())

    def open(self, name: str) -> Document:
        """Raises `Refused` for what is not there, too long, or not readable."""
        path = self._folder / name
        if path not in self._files():
            raise Refused(f"There is no document {name!r}.", code="no_such_document")
        return self.load(name)

    def load(self, name: str) -> Document:
        """The same for a name that `names` gave."""
        path = self._folder / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise Refused(f"{name} is too large to be read here.", code="too_large")
            pages = _pdf(path) if path.suffix.lower() == _PDF else _text(path)
        except OSError as error:
            raise Unavailable(f"{name} cannot be read.", reached=False) from error
        return Document(name, pages)

    def _files(self) -> Iterator[Path]:
        count = 0
        for path in self._folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
            if hidden or path.suffix.lower() not in _TEXT | {_PDF} or not path.is_file():
                continue
            if not path.resolve().is_relative_to(self._folder):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            yield path


def _text(path: Path) -> tuple[str, ...]:
    pages, page = [], ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        if page and len(page) + len(line) > _PAGE_CHARACTERS:
            pages.append(page)
            page = ""
        page += line
    return (*pages, page)


def _pdf(path: Path) -> tuple[str, ...]:
    """Any PDF may be broken in ways its reader did not foresee: all of them mean the same."""
    try:
        from pypdf import PdfReader  # slow to import, and seldom needed

        reader = PdfReader(path)
        if reader.is_encrypted:
            raise Refused(f"{path.name} is locked with a password.", code="not_readable")
        return tuple(page.extract_text() for page in reader.pages[:_MOST_PAGES])
    except (Refused, OSError):
        raise
    except Exception as error:
        raise Refused(f"{path.name} is not a readable PDF.", code="not_readable") from error
