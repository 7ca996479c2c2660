"""What was judged, read again from SQL: past actions with all that policy asked about.

Rows are read as text, in chunks, and each distinct text is decoded once: a history of a million
actions repeats itself in most columns. What the rows do not tell is named, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, case, cast, select
from sqlmodel import Session, col

from approvals.decided import rejecting
from approvals.people import People, Principal
from approvals.policy.cases import Subject
from approvals.policy.said import Said, said_of
from approvals.policy.verdict import Verdict
from approvals.subjects import subject_of
from approvals.tables import Action
from core.errors import SignoffError

_CHUNK = 5_000
#: Distinct texts of a column remembered at a time.
_REMEMBERED = 20_000

REPLACED = "were replaced by newer ones, which are judged"
NEVER_JUDGED = "ended before they were judged"
NO_PREVIEW = "do not say what was found before they were judged"
NO_PEOPLE = "were judged with a people.yaml that was not kept"
NO_PERSON = "were asked for by somebody who is not in people.yaml"
UNREADABLE = "hold something that cannot be judged"


@dataclass(frozen=True)
class Slice:
    """A part of the history: one workspace's, since a time, and of ids in `[low, high)`."""

    workspace_id: str
    since: datetime | None = None
    low: str | None = None
    high: str | None = None
    #: The newest so many; all of them unless said.
    newest: int | None = None
    #: One action, one tool's or one person's alone.
    only: str | None = None
    tool: str | None = None
    #: Tools that are left out; of these alone; the oldest first.
    without: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    in_order: bool = False
    principal_id: str | None = None
    #: What a person rejected alone.
    rejected: bool = False


@dataclass(slots=True)
class Past:
    """One action that was judged."""

    action_id: str
    status: str
    #: The verdict of then, and whether a standing permission answered its question.
    verdict: Verdict
    stood: bool
    #: What of that verdict differs from others, as if those asked existed.
    said: Said
    people: People
    asker: str
    #: What people changed of it (`Action.edits`).
    edits: list[Any] | None
    #: Ids of who changed it.
    editors: tuple[str, ...]
    #: Minor units and currency.
    amount: tuple[int, str] | None
    #: When it was looked at, to be judged.
    at: datetime
    _row: Sequence[Any]
    _parts: tuple[Principal, Mapping[str, Any], Mapping[str, str]]

    def subject(self) -> Subject:
        """What policy judged. Raises `SignoffError` for what cannot be judged."""
        _, _, tool, _, channel, automation, undoes, args = self._row[:8]
        principal, preview, origins = self._parts
        try:
            return subject_of(
                tool=tool,
                effect=self.verdict.effect,
                args=json.loads(args),
                principal=principal,
                channel=channel,
                automation=automation,
                origins=origins,
                authority=preview["authority"],
                preview=preview,
                undoes=undoes is not None,
                at=self.at,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SignoffError(UNREADABLE) from error


class Directories:
    """Which people.yaml counts: the one given for all, else the one of then by its digest."""

    def __init__(self, of_then: Mapping[str, People], *, always: People | None = None) -> None:
        self._of_then, self._always = of_then, always

    def at(self, digest: str) -> People | None:
        return self._always or self._of_then.get(digest)


def past_actions(session: Session, part: Slice, directories: Directories) -> Iterator[Past | str]:
    """Each action of this part of the history, or why it cannot be judged again: one of the
    names above."""
    read = _Reader(directories)
    query, chunked = _query(part), {"yield_per": _CHUNK}
    for rows in session.connection().execute(query, execution_options=chunked).partitions():
        for row in rows:
            yield read.past(row)


def _query(part: Slice) -> Select[Any]:
    """The columns that a verdict rests on, JSON as the text that is stored."""
    names = ("tool", "principal_id", "channel", "automation", "undoes")
    texts = ("args", "origins", "preview", "verdict", "edits")
    said_no = rejecting(col(Action.id)).exists()
    # What nobody answered may count as refused, and yet nobody said no (ADR 0025).
    ran_out = (col(Action.status) == "rejected") & ~said_no
    ended = case((ran_out, "expired"), else_=col(Action.status))
    columns: list[Any] = [Action.id, ended, *(getattr(Action, name) for name in names)]
    columns += [cast(getattr(Action, name), Text) for name in texts]
    query = select(*columns).where(col(Action.workspace_id) == part.workspace_id)
    if part.since is not None:
        query = query.where(col(Action.created_at) >= part.since)
    if part.low is not None:
        query = query.where(col(Action.id) >= part.low)
    if part.high is not None:
        query = query.where(col(Action.id) < part.high)
    exactly = ((Action.id, part.only), (Action.tool, part.tool))
    for column, value in (*exactly, (Action.principal_id, part.principal_id)):
        if value is not None:
            query = query.where(col(column) == value)
    if part.rejected:
        query = query.where(col(Action.status) == "rejected", said_no)
    if part.tools:
        query = query.where(col(Action.tool).in_(part.tools))
    if part.without:
        query = query.where(col(Action.tool).not_in(part.without))
    if part.newest is not None:
        query = query.order_by(col(Action.created_at).desc()).limit(part.newest)
    elif part.in_order:
        query = query.order_by(col(Action.created_at), col(Action.id))
    return query


class _Reader:
    """Rows into `Past`. Its memory of texts goes with the run that made it."""

    def __init__(self, directories: Directories) -> None:
        self._directories = directories
        self._verdict = lru_cache(_REMEMBERED)(_verdict_of)
        self._origins = lru_cache(_REMEMBERED)(json.loads)

    def past(self, row: Sequence[Any]) -> Past | str:
        action_id, status, _, principal_id, _, _, _, _, origins, preview, verdict, changed = row
        if status == "superseded":
            return REPLACED
        if verdict is None or (judged := self._verdict(verdict)) is None:
            return NEVER_JUDGED
        then, stood, said = judged
        people = self._directories.at(then.digests.get("people", ""))
        if people is None:
            return NO_PEOPLE
        principal = people.by_id(principal_id)
        if principal is None:
            return NO_PERSON
        shown = json.loads(preview) if preview else None
        if not isinstance(shown, dict) or not shown.keys() >= _NEEDED:
            return NO_PREVIEW
        try:
            at = datetime.fromisoformat(shown["read_at"]).astimezone(UTC)
            edits = json.loads(changed) if changed else None
            editors = tuple(edit["by"] for edit in edits or ())
            amount = shown["amount"] and (shown["amount"]["minor"], shown["amount"]["currency"])
            parts = (principal, shown, self._origins(origins))
        except (AttributeError, KeyError, TypeError, ValueError):
            return UNREADABLE
        return Past(
            action_id, status, then, stood, said, people, principal_id, edits, editors, amount, at,
            row, parts,
        )  # fmt: skip


_NEEDED = frozenset({"read_at", "amount", "outside", "own", "recipients", "authority"})


def _verdict_of(text: str) -> tuple[Verdict, bool, Said] | None:
    value = json.loads(text)
    if value is None:
        return None
    verdict = Verdict.from_json(value)
    return verdict, "stood_on" in value, said_of(verdict, answerable=True)
