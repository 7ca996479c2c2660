"""`/signoff delegate` and `/signoff hand`: who decides while somebody is away, and who is asked in
one's place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from approvals.delegating import delegate, end_delegation, standing
from approvals.directory import as_of
from approvals.handing import hand_on
from approvals.people import People, Principal, day_begins, day_ends
from approvals.tables import Action, Request, title_of
from approvals.waiting import waiting_for
from bot.blocks.text import words
from bot.slash.command import Command

_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>|@?([\w.-]+)")
_DATES = re.compile(r"\b(from|until)\s+(\d{4}-\d{2}-\d{2})\b")
_LONGEST = timedelta(days=366)
DELEGATE_USAGE = (
    "Write /signoff delegate @sam until 2026-12-01, with from 2026-11-25 where it does not begin "
    "today; /signoff delegate stop ends it, /signoff delegate alone shows it."
)
HAND_USAGE = "Write /signoff hand @sam, and words of the title where several things wait for you."


def delegate_lines(asked: Command) -> Sequence[str]:
    """What `/signoff delegate …` does, and the lines that tell it."""
    if not asked.words or asked.again:
        return _shown(asked)
    if asked.words == "stop":
        ended = end_delegation(
            asked.session, asked.deps.log, asked.deps.people, person=asked.person, now=asked.now
        )
        return ["Nobody decides for you any more." if ended else "Nobody decided for you."]
    to = find_person(asked.deps.people, asked.words.split()[0])
    found = read_dates(asked.words, asked.now.astimezone(asked.person.zone).date())
    if to is None or found is None:
        return [DELEGATE_USAGE] if found is None else [_unknown(asked.words.split()[0])]
    if to.id == asked.person.id:
        return ["You cannot stand in for yourself. Name somebody else."]
    since, until = found
    if until < since:
        return [f"{until} is before {since}. {DELEGATE_USAGE}"]
    begins, ends = day_begins(since, asked.person.zone), day_ends(until, asked.person.zone)
    if ends <= asked.now or ends - begins > _LONGEST:
        return ["That is over already." if ends <= asked.now else "Make it a year at most."]
    delegate(
        asked.session,
        asked.deps.log,
        asked.deps.people,
        person=asked.person,
        to=to,
        since=max(begins, asked.now),
        until=ends,
        now=asked.now,
    )
    return [*_shown(asked), *_not_as_operator(asked, to), *_chain(asked, to)]


def hand_lines(asked: Command) -> Sequence[str]:
    """What `/signoff hand …` does, and the lines that tell it."""
    name, _, rest = asked.words.partition(" ")
    if not name:
        return [HAND_USAGE]
    to = find_person(asked.deps.people, name)
    if to is None:
        return [_unknown(name)]
    waiting = waiting_for(
        asked.session, asked.deps.people, asked.person, now=asked.now,
        workspace_id=asked.deps.people.workspace_id,
    )  # fmt: skip
    fitting = [(r, a) for r, a in waiting if rest.strip().casefold() in title_of(a).casefold()]
    if len(fitting) != 1:
        return _which(fitting)
    [(request, _)] = fitting
    decided = hand_on(
        asked.session,
        asked.deps.log,
        asked.deps.people,
        request_id=request.id,
        person=asked.person,
        to=to,
        now=asked.now,
    )
    return [words(decided.sentence)]


def find_person(people: People, word: str) -> Principal | None:
    """The person meant by `<@U0SAM|sam>`, `@sam` or `sam` (an id of people.yaml)."""
    match = _PERSON.fullmatch(word)
    if match is None:
        return None
    return people.by_slack(match[1]) if match[1] else people.by_id(match[2].casefold())


def read_dates(text: str, today: date) -> tuple[date, date] | None:
    """The first and the last day named; None when the last one is not, or a day is none."""
    try:
        found = {which: date.fromisoformat(day) for which, day in _DATES.findall(text)}
    except ValueError:
        return None
    plain = _DATES.sub("", text).split()
    if "until" not in found or len(plain) != 1:
        return None
    return found.get("from", today), found["until"]


def _shown(asked: Command) -> Sequence[str]:
    people = asked.deps.people
    lines = []
    for row in standing(asked.session, people, person=asked.person, now=asked.now):
        to = people.by_id(row.delegate_id)
        name = words(to.first_name if to else row.delegate_id)
        since, until = (at.astimezone(asked.person.zone) for at in (row.since, row.until))
        last = until - timedelta(seconds=1)
        begins = "now" if row.since <= asked.now else f"{since:%Y-%m-%d}"
        lines.append(f"{name} decides for you from {begins} until the end of {last:%Y-%m-%d}.")
    for away in people.away:
        if away.person_id == asked.person.id and away.until > asked.now:
            to = people.by_id(away.delegate_id)
            name = words(to.first_name if to else away.delegate_id)
            lines.append(f"{name} decides for you by config/people.yaml.")
    others = as_of(asked.session, people, now=asked.now).away_with(asked.person.id)
    lines += [f"You decide for {words(other.first_name)} now." for other in others]
    return lines or [f"Nobody decides for you. {DELEGATE_USAGE}"]


def _not_as_operator(asked: Command, to: Principal) -> Sequence[str]:
    """What an operator is told whose stand-in may not permit what only operators may."""
    if not asked.person.operator or to.operator or to.stands_in_for_operators:
        return []
    name = words(to.first_name)
    return [
        f"What only an operator may permit (scopes, the policy, connectors) {name} does not decide "
        f"for you: that takes stands_in_for_operators in {name}'s entry of config/people.yaml."
    ]


def _chain(asked: Command, to: Principal) -> Sequence[str]:
    """What is said where the one named is away too: it goes one step only."""
    people = as_of(asked.session, asked.deps.people, now=asked.now)
    further = people.deciding_for(to.id)
    if not further:
        return []
    names = " and ".join(words(person.first_name) for person in further)
    name = words(to.first_name)
    return [f"{name} is away too; {names} stands in for {name}, not for you."]


def _which(fitting: Sequence[tuple[Request, Action]]) -> Sequence[str]:
    if not fitting:
        return ["Nothing of that kind waits for you. /signoff approvals shows what does."]
    shown = [f"• {words(title_of(action))}" for _, action in fitting[:10]]
    return [f"Several things wait for you. {HAND_USAGE}", *shown]


def _unknown(word: str) -> str:
    return f"I don't know {words(word)}. Name somebody who stands in config/people.yaml."
