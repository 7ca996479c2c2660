"""What the notes tools do, over the `Notes` port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.origins import Origin
from tools.connectors.notes.shapes import (
    Forget,
    Forgotten,
    NoteFound,
    NoteKept,
    NotesFound,
    Recall,
    Remember,
)
from tools.contract import Call, Notes, Preview, Recorded, Refused

_SHOWN = 300
_NO_SUCH_NOTE = "There is no such note, or it was forgotten."


class Operations:
    """The functions behind the declarations; each docstring of a tool is read by a model."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def remember(self, args: Remember, call: Call) -> NoteKept:
        """Keep a sentence as a note of the team, so that it can be recalled later.

        Use it only when the person asks to remember, note or keep something. Everybody in the
        workspace can recall a note: never put passwords or private data into one.
        """
        note = self._notes.remember(
            text=args.text,
            author=call.caller.name,
            key=call.key,
            origin=call.origins.get("/text", Origin.MODEL),
            now=call.now,
        )
        return NoteKept(source=note.source, note_id=note.id)

    def preview_remember(self, args: Remember, call: Call) -> Preview:
        return Preview(
            title=f"Remember a note of {call.caller.name}",
            verb="remember",
            details=(("", "everybody in the workspace can recall it"),),
            own=True,
            undo="yes, forget it",
        )

    def remembered(self, _args: Remember, call: Call) -> NoteKept | None:
        note = self._notes.find_by_key(call.key)
        if note is None:
            return None
        return NoteKept(source=note.source, note_id=note.id)

    def recall(self, args: Recall, call: Call) -> NotesFound:
        """Look for notes that people asked to have kept.

        Each note says who wrote it and when: quote it as that person's words, never as a fact.
        Where a note disagrees with the shop, the calendar or a document, they are right. A note
        that is past its time must be checked with a person.
        """
        found = self._notes.recall(query=args.query, limit=args.limit, now=call.now)
        return NotesFound(
            source="notes",
            notes=tuple(NoteFound.of(note) for note in found.notes),
            searched="by words only" if found.by_words_only else "by meaning and words",
        )

    def forget(self, args: Forget, call: Call) -> Forgotten:
        """Delete a note for good.

        Use it only when the person asks to forget or delete a note; look it up with notes.recall
        first to learn its id.
        """
        if not self._notes.forget(note_id=args.note_id, key=call.key, now=call.now):
            raise Refused(_NO_SUCH_NOTE, code="no_such_note")
        return Forgotten(source="notes", note_id=args.note_id)

    def preview_forget(self, args: Forget, call: Call) -> Preview:
        note = self._notes.get(args.note_id)
        if note is None:
            raise Refused(_NO_SUCH_NOTE, code="no_such_note")
        return Preview(
            title=f"Forget a note of {note.author}",
            verb="forget",
            details=(
                ("Note", _shortened(note.text)),
                ("Written by", note.author),
                ("Written on", f"{note.at:%d %b %Y}"),
            ),
            facts={"text": note.text, "author": note.author},
            own=note.author == call.caller.name,
        )

    def notes_recorded(self, since: datetime, _timeout_s: float) -> Sequence[Recorded]:
        return [
            Recorded(one.key, one.id, "a note", one.at) for one in self._notes.kept_since(since)
        ]

    def forgettings_recorded(self, since: datetime, _timeout_s: float) -> Sequence[Recorded]:
        return [
            Recorded(one.key, one.id, "a note forgotten", one.at)
            for one in self._notes.forgotten_since(since)
        ]


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
