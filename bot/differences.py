"""How a card differs from the one it took the place of, in words: `amount EUR 180.00 → EUR 150.00`.

From the rows alone: arguments against what was asked first, facts against what the older card
rested on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from approvals.people import People
from approvals.tables import Action
from bot.blocks.leaves import leaves, name_of, shown_value
from bot.blocks.text import cut, one_line
from bot.words import clock_time, first_name

_ARROW = " → "
#: Longer values are shown around the place where they begin to differ.
_SHOWN = 160
_BEFORE = 40
_NOTHING = "nothing"
_EMPTY = (None, "null", "[]", "{}", '""')


def what_changed(session: Session, people: People, action: Action, tz: str) -> tuple[str, ...]:
    """What an approver of this action must know of the one before it; empty where there is none."""
    before = _older(session, action)
    if before is None:
        return ()
    lines = []
    if action.edits:
        first = _first(session, before)
        lines += [
            f"{_editors(people, action, tz)}: {each}"
            for each in differences(first.args, action.args)
        ]
    lines += [f"Changed since: {each}" for each in differences(before.facts, action.facts)]
    if not lines:
        lines = ["Asked again: the rules, or the people they name, have changed."]
    return tuple(lines)


def became_of(session: Session, people: People, action: Action, tz: str, at: str) -> str:
    """What a superseded card says: why there is a newer one, and how that ended if it did not
    become a question."""
    newer = session.exec(select(Action).where(Action.supersedes == action.id)).first()
    if newer is None:
        return f"Something changed {at}, so I ask anew: see the newer card."
    said = f"Something changed {at}"
    if len(newer.edits or ()) > len(action.edits or ()):
        changed = "; ".join(differences(action.args, newer.args))
        said = f"{_editors(people, newer, tz)}: {changed}"
    if newer.status in ("denied", "failed"):
        why = (newer.verdict or {}).get("reason") if newer.status == "denied" else None
        why = why or (newer.outcome or {}).get("message") or "it could not be done"
        return f"{said}. Then: {'not allowed, ' if newer.status == 'denied' else ''}{why}"
    return f"{said}, so I ask anew: see the newer card."


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """`total EUR 180.00 → EUR 90.00` for each value that is not the same in both."""
    old, new = _spelled(before or {}), _spelled(after or {})
    names = dict.fromkeys((*old, *new))
    return [
        f"{name} {_around(old.get(name), new.get(name))}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _around(old: str | None, new: str | None) -> str:
    if old is None or new is None or max(len(old), len(new)) <= _SHOWN:
        return f"{_short(old)}{_ARROW}{_short(new)}"
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    start = max(0, (min(len(old), len(new)) if same is None else same) - _BEFORE)
    lead = "…" if start else ""
    return f"{lead}{_short(old[start:])}{_ARROW}{lead}{_short(new[start:])}"


def _short(value: str | None) -> str:
    return _NOTHING if value in _EMPTY else cut(one_line(value, _SHOWN), _SHOWN)


def _spelled(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name_of(leaf, values).replace("_", " "): shown_value(leaf.value)
        for leaf in leaves(values)
        if leaf.path
    }


def _editors(people: People, action: Action, tz: str) -> str:
    edits, names = action.edits or [], []
    for edit in edits:
        person = people.by_id(edit["by"])
        names.append(first_name(person.name) if person else str(edit["by"]))
    at = clock_time(datetime.fromisoformat(edits[-1]["at"]), tz)
    return f"{' and '.join(dict.fromkeys(names))} changed this at {at}"


def _older(session: Session, action: Action) -> Action | None:
    return session.get(Action, action.supersedes) if action.supersedes else None


def _first(session: Session, action: Action) -> Action:
    while (older := _older(session, action)) is not None:
        action = older
    return action
