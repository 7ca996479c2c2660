"""What `try` found, as lines for people: for the command line and for a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from approvals.closed import at_words
from approvals.decided import rejecting
from approvals.people import People
from approvals.policy.trying import Change, Listed, Sum, Tried
from approvals.tables import Action, title_of
from core.money import Money

_CHANGES = 40
_PEOPLE = 8


def headline(tried: Tried) -> str:
    """`12 of 340 past actions would have come out differently.`"""
    return (
        f"{tried.changed:,} of {tried.judged:,} past actions would have come out differently."
        if tried.judged
        else "There are no past actions to judge again."
    )


def report(session: Session, people: People, tried: Tried) -> list[str]:
    """Everything, most frequent changes first."""
    lines = [headline(tried), prompts(tried)]
    lines += _changes(people, tried.changes)
    lines += _listed(session, people, "Refused now, but done then", tried.done_refused)
    lines += _listed(
        session, people, "Left to the asker alone, but rejected then", tried.rejected_to_asker
    )
    lines += _listed(
        session, people, "ALLOWED NOW, BUT REJECTED BY A PERSON THEN", tried.rejected_allowed
    )
    lines += [f"Not judged again: {count:,} {why}." for why, count in _most(tried.left_out)]
    return lines


def prompts(tried: Tried) -> str:
    """How many answers people would have been asked for."""
    return (
        f"Answers asked of people: {tried.asked_then:,} then, {tried.asked_now:,} under this file "
        f"({tried.saved:,} saved, {tried.added:,} added)."
    )


def change_line(people: People, change: Change, found: Sum) -> str:
    """`asked of Finance -> allowed, by “small refunds”: 12 actions, Ana 9, Sam 3; EUR 480.00`."""
    asked = [f"{_name(people, who)} {n:,}" for who, n in _most(found.people)]
    whom, rest = ", ".join(asked[:_PEOPLE]), len(asked) - _PEOPLE
    more = f" and {rest} more" if rest > 0 else ""
    worth = "; ".join(str(Money(minor, unit)) for unit, minor in sorted(found.money.items()))
    many = "1 action" if found.actions == 1 else f"{found.actions:,} actions"
    line = f"{change.before} → {change.after}, by “{change.rule}”: {many}, {whom}{more}"
    return f"{line}; {worth}" if worth else line


def ranked(tried: Tried) -> list[tuple[Change, Sum]]:
    """The changes, most frequent first."""
    return sorted(tried.changes.items(), key=lambda each: (-each[1].actions, str(each[0])))


def _most(found: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equal ones by name: the order of what was read decides nothing."""
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def _changes(people: People, changes: Mapping[Change, Sum]) -> list[str]:
    tried = Tried(changes=dict(changes))
    lines = [f"  {change_line(people, change, found)}" for change, found in ranked(tried)]
    rest = len(lines) - _CHANGES
    return lines[:_CHANGES] + ([f"  and {rest} other kinds of change"] if rest > 0 else [])


def _listed(session: Session, people: People, title: str, listed: Listed) -> list[str]:
    if not listed.count:
        return []
    lines = [f"  {line}" for line in described(session, people, listed.ids)]
    more = listed.count - len(lines)
    return [f"{title}: {listed.count:,}", *lines, *([f"  and {more:,} more"] if more > 0 else [])]


def described(session: Session, people: People, ids: Sequence[str]) -> list[str]:
    """`act_… Refund EUR 50.00 to Mara Lind, asked by Ana; Finn said no at 14:02 …: "…"`."""
    query = (
        select(Action)
        .where(col(Action.id).in_(ids))
        .order_by(col(Action.created_at), col(Action.id))
    )
    return [_describe(session, people, action) for action in session.exec(query)]


def _describe(session: Session, people: People, action: Action) -> str:
    title = title_of(action)
    line = f"{action.id} {title}, asked by {_name(people, action.principal_id)}"
    no = session.exec(rejecting(action.id)).first()
    if no is None:
        return line
    said = f": “{no.reason}”" if no.reason else ""
    return f"{line}; {_name(people, no.person_id)} said no {at_words(no.at, None)}{said}"


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.first_name if person else person_id
