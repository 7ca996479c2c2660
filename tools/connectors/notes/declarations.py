"""The notes connector's declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.origins import TRUST_ORDER, Origin
from tools.connectors.notes.operations import Operations
from tools.connectors.notes.shapes import (
    Forget,
    Forgotten,
    NoteKept,
    NotesFound,
    Recall,
    Remember,
)
from tools.connectors.reading import read
from tools.contract import Connector, Effect, Ports, Record, Retry, Tool

_YIELDS = Origin.COLLEAGUE
#: Keys are unique in our own table for as long as the note stands.
_KEY_LIFE_S = 3_650 * 86_400.0


def make(ports: Ports) -> Connector:
    """The notes connector over `ports.notes`; it needs no settings."""
    does = Operations(ports.notes)
    return Connector(
        name="notes",
        version="1.0.0",
        settings=(),
        tools=(
            _remember(does),
            read(
                "notes.recall",
                Recall,
                NotesFound,
                does.recall,
                yields=_YIELDS,
                yields_of=_least_trusted,
                can="recall notes",
            ),
            _forget(does),
        ),
    )


def _remember(does: Operations) -> Tool:
    return Tool(
        name="notes.remember",
        version="1.0.0",
        args=Remember,
        result=NoteKept,
        effect=Effect.REVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_KEY_LIFE_S,
        run=does.remember,
        verify=does.remembered,
        record=Record(does.notes_recorded, keeps=True),
        preview=does.preview_remember,
        undo=_forget_again,
        undo_expects=lambda args, _result: {"text": args.text},
        done=lambda _args, _result: "Noted",
        scopes=("notes:write",),
        yields=_YIELDS,
        can="remember a note",
    )


def _forget(does: Operations) -> Tool:
    return Tool(
        name="notes.forget",
        version="1.0.0",
        args=Forget,
        result=Forgotten,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=_KEY_LIFE_S,
        run=does.forget,
        record=Record(does.forgettings_recorded, keeps=True),
        preview=does.preview_forget,
        done=lambda _args, _result: "Forgotten",
        scopes=("notes:write",),
        authority=("note_id",),
        yields=_YIELDS,
        can="forget a note",
    )


def _least_trusted(found: NotesFound) -> Origin:
    """A note that keeps a letter's words makes what was recalled a letter's words."""
    return max((note.origin for note in found.notes), key=TRUST_ORDER.index, default=_YIELDS)


def _forget_again(_args: Any, result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "notes.forget", {"note_id": result["note_id"]}
