"""What happened, told from the log alone, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from audit.log import Log
from audit.tables import Event

#: Steps that matter to nobody but an auditor: `signoff audit show` lists them.
_BEHIND = frozenset(
    {
        "approvals:action:approved",
        "approvals:action:proposed",
        "approvals:action:rejected",
        "approvals:grant:minted",
        "approvals:grant:consumed",
        "approvals:request:opened",
        "approvals:request:closed",
        "bot:post:sent",
        "graphs:turn:started",
        "graphs:turn:waiting",
        "llm:response:left",
        "llm:response:recorded",
        "tools:effect:attempt",
        "tools:effect:intent",
    }
)
_ACTION = "approvals:action:"
_PROPOSED = "approvals:action:proposed"
_VERDICTS = frozenset(f"{_ACTION}{verdict}" for verdict in ("allowed", "awaiting", "denied"))
_RECEIVED = "bot:turn:received"
#: What a person said or typed: shown in quotes after the sentence it belongs to.
_QUOTED = ("words", "text")
_LONGEST_QUOTE = 200
_ERASED = "(its content was erased)"


@dataclass(frozen=True)
class StoryLine:
    at: datetime
    text: str


@dataclass(frozen=True)
class Story:
    """`status` is the action's (or turn's) status as its last step left it."""

    title: str
    status: str
    lines: tuple[StoryLine, ...]


def story(session: Session, log: Log, action_id: str, *, with_message: bool = True) -> Story | None:
    """The story of one action with what it replaced; None when the log knows none such.
    `with_message`: also what was said to us that it came from."""
    events = _with_replaced(session, action_id)
    if not events:
        return None
    turn = events[0].turn_id
    unsaid = turn is None or not with_message
    received = [] if unsaid else _events(session, Event.turn_id == turn, _RECEIVED)
    lines = [*_told(session, log, [*received, *events]), *_ending(events)]
    return Story(_title(session, log, events), _status(events), tuple(lines))


def turn_story(session: Session, log: Log, turn_id: str) -> Story | None:
    """The story of one request and everything done for it; None when the log knows none such."""
    events = _events(session, Event.turn_id == turn_id)
    if not events:
        return None
    lines = [*_told(session, log, events), *_ending(events)]
    turn = [event for event in events if event.type.startswith("graphs:turn:")]
    status = turn[-1].type.rpartition(":")[2] if turn else "received"
    return Story(_title(session, log, events), status, tuple(lines))


def _with_replaced(session: Session, action_id: str) -> list[Event]:
    """Events of this action, after those of the actions it superseded."""
    found: list[Event] = []
    wanted: str | None = action_id
    seen: set[str] = set()
    while wanted is not None and wanted not in seen:
        seen.add(wanted)
        events = _events(session, Event.action_id == wanted)
        found = [*events, *found]
        replaced = [e.versions.get("supersedes") for e in events if e.type == _PROPOSED]
        wanted = next((each for each in replaced if each), None)
    return found


def _events(session: Session, condition: Any, kind: str | None = None) -> list[Event]:
    query = select(Event).where(condition).order_by(col(Event.at), col(Event.id))
    if kind is not None:
        query = query.where(Event.type == kind)
    return list(session.exec(query).all())


def _told(session: Session, log: Log, events: Iterable[Event]) -> list[StoryLine]:
    lines: list[StoryLine] = []
    for event in events:
        if event.type in _BEHIND or not event.reason:
            continue
        text = event.reason + _quote(session, log, event)
        if not lines or lines[-1].text != text:
            lines.append(StoryLine(event.at, text))
    return lines


def _quote(session: Session, log: Log, event: Event) -> str:
    if event.commitment is None:
        return ""
    body = log.body(session, event.id)
    if body is None:
        return f" {_ERASED}"
    said = next((body[key] for key in _QUOTED if isinstance(body.get(key), str)), None)
    if not said or said in event.reason:
        return ""
    short = said if len(said) <= _LONGEST_QUOTE else said[:_LONGEST_QUOTE].rstrip() + " …"
    return f": “{short}”"


def _ending(events: Sequence[Event]) -> list[StoryLine]:
    """`read, no approval needed`, where everything that was judged was allowed reading."""
    verdicts = [e for e in events if e.type in _VERDICTS]
    reads = [e for e in verdicts if e.type.endswith("allowed") and _effect(e) == "read"]
    if not verdicts or reads != verdicts:
        return []
    return [StoryLine(events[-1].at, "read, no approval needed")]


def _effect(event: Event) -> str:
    return str(event.versions.get("effect", ""))


def _title(session: Session, log: Log, events: Sequence[Event]) -> str:
    """What the newest preview called it, else the tool's name."""
    for event in reversed(events):
        body = None if event.commitment is None else log.body(session, event.id)
        if body and isinstance(body.get("title"), str):
            return str(body["title"])
    tools = [str(event.versions["tool"]) for event in events if "tool" in event.versions]
    return tools[0].partition("@")[0] if tools else "A question"


def _status(events: Sequence[Event]) -> str:
    steps = [event.type for event in events if event.type.startswith(_ACTION)]
    return steps[-1].removeprefix(_ACTION) if steps else "proposed"
