"""What a turn begins with: who asks, what was said before, and what still waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from approvals.people import People
from core.db import Database
from graphs.assistant import State, begin
from graphs.runtime.happened import Happened
from graphs.runtime.tables import HISTORY, Conversation, Turn
from graphs.runtime.waiting import waiting_lines
from llm.prompts import Asker, Said, assistant_messages

_TURNS = Turn.__table__  # type: ignore[attr-defined]
#: Built once: every turn begins with it.
_BEFORE = (
    select(
        _TURNS.c.message_ts,
        _TURNS.c.principal_id,
        _TURNS.c.text,
        _TURNS.c.answer,
        _TURNS.c.happened,
    )
    .where(
        _TURNS.c.conversation_id == bindparam("conversation_id"),
        _TURNS.c.message_ts < bindparam("message_ts"),
    )
    .order_by(_TURNS.c.message_ts.desc())
    .limit(HISTORY)
)
#: How much of each earlier text is told again.
_MOST_CHARS = 4_000


def opening(db: Database, people: People, turn: Turn, *, now: datetime) -> State:
    """The input at START; the same rows give the same messages."""
    with db.read() as session:
        conversation = session.get_one(Conversation, turn.conversation_id)
        earlier = [*_earlier(session, people, turn), *_told(turn.happened)]
        waiting = waiting_lines(session, conversation_id=turn.conversation_id, except_turn=turn.id)
    person = people.by_id(turn.principal_id)
    asker = Asker(
        name=person.name if person else "somebody",
        email=person.email if person else None,
        tz=person.tz if person else "UTC",
        place=conversation.place or "Slack",
    )
    return begin(
        assistant_messages(asker, earlier=earlier, waiting=waiting, request=turn.text, now=now)
    )


def _earlier(session: Session, people: People, turn: Turn) -> list[Said]:
    """The last turns and the thread's other messages, in Slack's order."""
    place = {"conversation_id": turn.conversation_id, "message_ts": turn.message_ts}
    turns = session.connection().execute(_BEFORE, place).all()
    told = {earlier.message_ts for earlier in turns} | {turn.message_ts}
    said = [
        (one.message_ts, index, item) for one in turns for index, item in _of(one, turn, people)
    ]
    said += [
        (str(message["ts"]), 0, _said(message, turn))
        for message in turn.context
        if message["ts"] not in told and message.get("text")
    ]
    return [item for _ts, _index, item in sorted(said, key=lambda entry: entry[:2])]


def _told(happened: Mapping[str, Any] | None) -> list[Said]:
    """What another system told of, as material beside what its rule asks."""
    if happened is None:
        return []
    found = Happened.from_json(happened)
    return [Said("other", f"an event of {found.source}", _cut(found.told))]


def _of(
    earlier: Row[Any, Any, Any, Any, Any], turn: Turn, people: People
) -> Sequence[tuple[int, Said]]:
    if earlier.principal_id == turn.principal_id:
        asked = Said("asker", "", _cut(earlier.text))
    else:
        person = people.by_id(earlier.principal_id)
        asked = Said("other", person.name if person else "somebody", _cut(earlier.text))
    said = [*_told(earlier.happened), asked]
    if earlier.answer:
        said.append(Said("signoff", "Signoff", _cut(earlier.answer)))
    return list(enumerate(said))


def _said(message: Mapping[str, Any], turn: Turn) -> Said:
    same = message.get("author_id") == turn.principal_id
    return Said("asker" if same else "other", str(message["author"]), _cut(str(message["text"])))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[:_MOST_CHARS] + " …"
