"""Arguments and results of the notes tools."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from core.origins import Origin
from tools.contract import Arguments, Note, Result


class Remember(Arguments):
    text: str = Field(
        min_length=1,
        max_length=4_000,
        description="The sentence to keep, complete enough to be understood months later",
    )


class Recall(Arguments):
    query: str = Field(min_length=1, max_length=400, description="What to look for, in words")
    limit: int = Field(default=5, ge=1, le=20, description="How many notes at most")


class Forget(Arguments):
    note_id: str = Field(
        pattern=r"^note_[0-9a-f]{32}$", description="The note's id, as notes.recall gave it"
    )


class NoteFound(BaseModel):
    """One note with who said it and when: somebody's words, not a fact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note_id: str
    text: str
    author: str
    #: ISO 8601, UTC.
    at: str
    source: str
    past_its_time: bool
    #: Where its words came from when it was kept: what is not from a person is not trusted.
    origin: Origin

    @classmethod
    def of(cls, note: Note) -> NoteFound:
        return cls(
            note_id=note.id,
            text=note.text,
            author=note.author,
            at=note.at.isoformat(),
            source=note.source,
            past_its_time=note.stale,
            origin=Origin.COLLEAGUE if note.origin.trusted else note.origin,
        )


class NotesFound(Result):
    notes: tuple[NoteFound, ...]
    #: How it was searched: `by meaning and words` or `by words only`.
    searched: str


class NoteKept(Result):
    """Without the text: repeating it here would make it a colleague's words, whoever wrote it."""

    note_id: str


class Forgotten(Result):
    note_id: str
