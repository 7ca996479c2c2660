"""What went through lately on nobody's word but its asker's, summed up for limits over time.

Nothing is kept beside the actions: what counts is read from their own rows. So what was edited or
tried again counts once, what failed for certain not at all, what is unclear in full, and a limit
that came into the policy today knows of yesterday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_
from sqlmodel import Session, col, select

from approvals.policy.limits import ARGUMENT, ASKER, AUTOMATION, Limit, SoFar
from approvals.tables import Action

_BEGUN = ("executing", "unknown", "succeeded")
#: Permitted, or waiting for no more than their asker's confirmation.
_WAITING = ("awaiting", "approved", "allowed")


@dataclass(frozen=True)
class Asked:
    """The action that is judged: what it is not counted with itself, and for whom it counts."""

    action_id: str
    workspace_id: str
    principal_id: str
    automation: str
    args: Mapping[str, Any]


def so_far(
    session: Session,
    limits: Mapping[Limit, Sequence[str]],
    asked: Asked,
    *,
    waiting: bool,
    now: datetime,
) -> dict[Limit, SoFar]:
    """What counts for each of these limits, given with the names of the tools they are about.

    With `waiting` also what may still be begun; without only what was. A limit whose argument this
    action does not have is left out: nothing can be told of it.
    """
    found = {
        limit: _of(session, limit, tools, asked, waiting, now) for limit, tools in limits.items()
    }
    return {limit: sum_ for limit, sum_ in found.items() if sum_ is not None}


def _of(  # noqa: PLR0917 - a private call
    session: Session,
    limit: Limit,
    tools: Sequence[str],
    asked: Asked,
    waiting: bool,
    now: datetime,
) -> SoFar | None:
    parties = limit.parties(asker=asked.principal_id, automation=asked.automation, args=asked.args)
    if not parties:
        return None
    sums = dict.fromkeys(parties, SoFar())
    whens = [_begun_since(limit, now), *([col(Action.status).in_(_WAITING)] if waiting else [])]
    for when in whens:
        for others, worth in _added(session, limit, _which(limit, tools, asked, when), asked):
            for party in sums.keys() & others:
                sums[party] = sums[party].plus(worth)
    return limit.largest(sums.values())


def _begun_since(limit: Limit, now: datetime) -> ColumnElement[bool]:
    # The last moment at which it may have been sent. One later than now was begun before the clock
    # was set back, and counts.
    return col(Action.status).in_(_BEGUN) & (col(Action.sent_by) > limit.since(now))


def _which(
    limit: Limit, tools: Sequence[str], asked: Asked, when: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    kind = Action.verdict["kind"].as_string()  # type: ignore[index]
    four_eyes = Action.verdict["four_eyes"].as_boolean()  # type: ignore[index]
    stood_on = Action.verdict["stood_on"].as_string()  # type: ignore[index]
    which = [
        col(Action.workspace_id) == asked.workspace_id,
        col(Action.tool).in_(tools),
        when,
        col(Action.id) != asked.action_id,
        # What takes something back adds nothing. Not `IS NULL`: SQLite would take the unique index
        # of `undoes` for the best, and read every action there is.
        func.coalesce(Action.undoes, "") == "",
        # Where somebody else than the asker had to say yes, they saw it.
        or_(kind != "ask", four_eyes.is_(False), stood_on.is_not(None)),
    ]
    if limit.per == ASKER:
        which.append(col(Action.principal_id) == asked.principal_id)
    if limit.per == AUTOMATION:
        which.append(col(Action.automation) == asked.automation)
    return which


def _added(
    session: Session, limit: Limit, which: Sequence[ColumnElement[bool]], asked: Asked
) -> Iterator[tuple[Sequence[str], SoFar]]:
    """Sums of actions alike, and for whom they count."""
    minor = cast(Action.preview[("amount", "minor")].as_string(), BigInteger)  # type: ignore[index]
    currency = Action.preview[("amount", "currency")].as_string()  # type: ignore[index]
    if not limit.per.startswith(ARGUMENT):
        query = select(Action.tool, currency, func.count(), func.sum(func.abs(minor)))
        for tool, unit, count, whole in session.execute(
            query.where(*which).group_by(col(Action.tool), currency)
        ):
            amount = None if unit is None else (int(whole), unit)
            yield _parties(limit, asked, asked.args), limit.worth(tool, amount, count)
        return
    for tool, unit, one, args in session.execute(
        select(Action.tool, currency, minor, Action.args).where(*which)
    ):
        amount = None if unit is None else (int(one), unit)
        yield _parties(limit, asked, args), limit.worth(tool, amount)


def _parties(limit: Limit, asked: Asked, args: Mapping[str, Any]) -> Sequence[str]:
    return limit.parties(asker=asked.principal_id, automation=asked.automation, args=args)
