"""A share of what a rule asks about is put to people; the rest is done, and said to be.

`review: 50 %` lowers the number of questions in steps, as few of them turn out to need a change.
Which ones are asked about is drawn once and for all: by a number that belongs to the tool, the
person, the day and the names in the arguments that decide what is hit, under this installation's
key. So proposing the same again, or with another amount or text, draws the same; and nobody can
work out beforehand what will pass. Never drawn: what cannot be put back, and what a letter, a
document or a model chose (`approvals.policy.judge` says 100 % there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from approvals.policy.cases import Subject
from approvals.policy.judge import Verdict
from core.canonical import digest

#: A text -> its number from 0 to 99.
Number = Callable[[str], int]


def reviewed(verdict: Verdict, subject: Subject, *, day: datetime, number: Number) -> Verdict:
    """The verdict, or one that allows what was not drawn. `day` is when it was proposed."""
    if verdict.kind != "ask" or verdict.review >= 100 or subject.undoes:
        return verdict
    if number(_lot(subject, day)) < verdict.review:
        return verdict
    return replace(
        verdict,
        kind="allow",
        reason=f"of actions like this {verdict.review} % are asked about, and not this one",
        stages=(),
        four_eyes=False,
    )


def _lot(subject: Subject, day: datetime) -> str:
    names = {name: sorted(_texts(subject.args.get(name))) for name in subject.authority}
    on = day.astimezone(UTC).date().isoformat()
    return digest([subject.tool, subject.principal.id, on, names])


def _texts(value: Any) -> Iterator[str]:
    """Every text in it: whom and what it hits, without how much."""
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
