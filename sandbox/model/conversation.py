"""What a chat request says: who asks, what day it is, what was asked and what has come back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sandbox.model.results import Result, read_result

_TODAY = re.compile(r"Today is (\d{4}-\d{2}-\d{2})")
_ASKER = re.compile(r"speaking with ([^(\n,]+?)\s*\(([^)\n]+)\)(?:[^.\n]*?\bin (#[\w-]+))?")
#: Other people's words, and what Signoff's own checks say about an answer, are no request.
_OTHER = re.compile(r"^\s*<<from [^>\n]+>>", re.IGNORECASE)
_WAITING = re.compile(r"^Waiting: (.+)$", re.MULTILINE)
_ADDRESSED = re.compile(r"^\s*(?:(?:<@\w+>|@?signoff\b)[\s,:]*)+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    name: str
    mail: str


@dataclass(frozen=True)
class Said:
    """One earlier message of the asker (`user`) or of the assistant."""

    role: str
    text: str


@dataclass(frozen=True)
class Step:
    """One tool call of this turn and what came back for it."""

    tool: str
    arguments: Mapping[str, object]
    result: Result


@dataclass(frozen=True)
class Conversation:
    """`request` is the asker's last message; `earlier` holds no other person's words."""

    system: str
    today: date | None
    asker: Person
    channel: str
    #: What waits for a person in this conversation, as the prompt tells it.
    waiting: tuple[str, ...]
    request: str
    earlier: tuple[Said, ...]
    steps: tuple[Step, ...]


def read_conversation(messages: Sequence[Mapping[str, object]]) -> Conversation:
    """Parse OpenAI chat messages. Other people's words (marked `<<from …>>`) are left out."""
    system = "\n".join(text_of(m) for m in messages if m.get("role") in ("system", "developer"))
    at = _request_index(messages)
    asker = _ASKER.search(system)
    today = _TODAY.search(system)
    return Conversation(
        system=system,
        today=_date(today[1]) if today else None,
        asker=_asker(asker) if asker else Person("", ""),
        channel=(asker[3] or "") if asker else "",
        waiting=tuple(_WAITING.findall(system)),
        request=_plain(text_of(messages[at])) if at is not None else "",
        earlier=_earlier(messages[:at]) if at is not None else (),
        steps=_steps(messages[at:] if at is not None else messages),
    )


def text_of(message: Mapping[str, object]) -> str:
    """The text of a message whose content is a string or a list of text parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p.get("text") for p in content if isinstance(p, dict)]
        return "\n".join(p for p in parts if isinstance(p, str))
    return ""


def _asker(found: re.Match[str]) -> Person:
    return Person(found[1], found[2] if "@" in found[2] else "")


def _request_index(messages: Sequence[Mapping[str, object]]) -> int | None:
    own = [
        index
        for index, message in enumerate(messages)
        if message.get("role") == "user" and not _OTHER.match(text_of(message))
    ]
    return own[-1] if own else None


def _earlier(messages: Sequence[Mapping[str, object]]) -> tuple[Said, ...]:
    return tuple(
        Said(str(m["role"]), _plain(text_of(m)))
        for m in messages
        if m.get("role") in ("user", "assistant") and text_of(m) and not _OTHER.match(text_of(m))
    )


def _steps(messages: Sequence[Mapping[str, object]]) -> tuple[Step, ...]:
    answers = {m.get("tool_call_id"): text_of(m) for m in messages if m.get("role") == "tool"}
    return tuple(
        Step(name, arguments, read_result(answers[call_id]))
        for call_id, name, arguments in _calls(messages)
        if call_id in answers
    )


def _calls(messages: Sequence[Mapping[str, object]]) -> list[tuple[object, str, dict[str, object]]]:
    found: list[tuple[object, str, dict[str, object]]] = []
    for message in messages:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            function = call.get("function", {})
            found.append((call.get("id"), str(function.get("name")), _arguments(function)))
    return found


def _arguments(function: Mapping[str, object]) -> dict[str, object]:
    try:
        arguments = json.loads(str(function.get("arguments") or "{}"))
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _plain(text: str) -> str:
    """Slack's mark-up for a mention of the app at the start is not part of what was asked."""
    return _ADDRESSED.sub("", text).strip()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
