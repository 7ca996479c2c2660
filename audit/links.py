"""Whether what was begun was permitted, told from the log's entries alone. Pure.

Each entry is intact by itself (`audit/check.py`); this asks whether together they keep the promise:
what was begun used up one permission, once, for this very content; the permission came from a rule,
a yes in advance or a question; and the question was answered by a person.

Who *might* answer it is not told by the entries, and times are not compared: clocks differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MINTED, _USED = "approvals:grant:minted", "approvals:grant:consumed"
_BEGUN, _INTENT = "approvals:action:executing", "tools:effect:intent"
_ALLOWED, _APPROVED = "approvals:action:allowed", "approvals:action:approved"
_VOTE, _SPENT = "approvals:request:vote", "approvals:standing:spent"
_DONE = "approvals:action:succeeded"
#: The entries of an action that are looked at here.
TYPES = frozenset({_MINTED, _USED, _BEGUN, _INTENT, _ALLOWED, _APPROVED, _VOTE, _SPENT, _DONE})


@dataclass(frozen=True)
class Told:
    """What is looked at of one entry."""

    event_id: str
    type: str
    subject: str
    actor: str
    versions: Mapping[str, Any]


def unlinked(told: Iterable[Told]) -> Iterator[tuple[str, str]]:
    """(an entry's id, what is wrong) for all entries of one action, in any order."""
    by_type: dict[str, list[Told]] = {name: [] for name in TYPES}
    for one in told:
        if one.type in by_type:
            by_type[one.type].append(one)
    begun = [*by_type[_INTENT], *by_type[_BEGUN]]
    for name, what in ((_INTENT, "begun"), (_MINTED, "permitted"), (_USED, "permitted and begun")):
        for again in by_type[name][1:]:
            yield again.event_id, f"it was {what} more than once"
    if begun and not by_type[_USED]:
        yield begun[0].event_id, "it was begun without a permission"
    if by_type[_USED] and not (by_type[_INTENT] and by_type[_BEGUN]):
        yield by_type[_USED][0].event_id, "a permission was used up, and nothing was begun"
    if by_type[_DONE] and not by_type[_INTENT]:
        yield by_type[_DONE][0].event_id, "it was done and never begun"
    if by_type[_USED]:
        yield from _permitted(by_type)


def _permitted(by_type: Mapping[str, Sequence[Told]]) -> Iterator[tuple[str, str]]:
    """Where the permission that was used up came from."""
    used = by_type[_USED][0]
    given = next((one for one in by_type[_MINTED] if one.subject == used.subject), None)
    if given is None:
        yield used.event_id, "a permission was used up that nobody gave"
        return
    source, content = str(given.versions.get("source")), given.versions.get("content")
    steps = [used, *by_type[_BEGUN], *by_type[_ALLOWED], *by_type[_APPROVED]]
    for step in steps:
        if step.versions.get("content") != content:
            yield step.event_id, "it is not what was permitted"
    kind, _, name = source.partition(":")
    if kind == "request":
        yield from _answered(by_type, name, given)
    elif not by_type[_ALLOWED]:
        yield given.event_id, "it was permitted, and no rule allowed it"
    elif kind == "standing" and not any(one.subject == name for one in by_type[_SPENT]):
        yield given.event_id, "a yes in advance covered it and was not used up"


def _answered(
    by_type: Mapping[str, Sequence[Told]], request: str, given: Told
) -> Iterator[tuple[str, str]]:
    voters = {one.actor for one in by_type[_VOTE] if one.subject == request}
    if not any(one.actor in voters for one in by_type[_APPROVED]):
        yield given.event_id, "it was permitted, and nobody who answered approved it"
