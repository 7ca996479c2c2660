"""An unusual number of calls to a connector: far more, or far fewer, than at this hour before.

Each full hour is compared with the mean of the same hour of the same weekday in the four weeks
before. Calls come by chance, so a mean of m varies by about its root: four roots away from it, and
ten calls more where there are too many, is not chance any more. Nothing is said before two weeks
are known, nor of too few where so few are expected that none could be chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from sqlmodel import Session, col, func, select

from approvals.people import People
from approvals.tables import Action
from core.ids import derive_id
from tools.breakers import connector_of
from tools.findings import tell_operators

_HOUR, _WEEK = timedelta(hours=1), timedelta(weeks=1)
_WEEKS = 4
_KNOWN = 2
_ROOTS = 4
_SPARE = 10


@dataclass(frozen=True)
class Unusual:
    """One connector's calls in the hour from `begin` on, and how many were to be expected."""

    connector: str
    begin: datetime
    calls: int
    expected: float

    @property
    def too_many(self) -> bool:
        return self.calls > self.expected


def unusual(session: Session, *, workspace_id: str, now: datetime) -> Sequence[Unusual]:
    """Of the last full hour, by connector name."""
    begin = now.replace(minute=0, second=0, microsecond=0) - _HOUR
    hours = [begin - week * _WEEK for week in range(_WEEKS + 1)]
    first = session.exec(
        select(func.min(col(Action.sent_by))).where(Action.workspace_id == workspace_id)
    ).one()
    known = [hour for hour in hours[1:] if first is not None and first <= hour]
    if len(known) < _KNOWN:
        return []
    calls = [_calls(session, workspace_id, hour) for hour in (begin, *known)]
    names = sorted(set().union(*calls))
    means = {name: sum(hour[name] for hour in calls[1:]) / len(known) for name in names}
    found = [Unusual(name, begin, calls[0][name], means[name]) for name in names]
    return [each for each in found if _is_unusual(each)]


def tell_unusual(session: Session, people: People, *, now: datetime) -> int:
    """Tell the operators of each, once; how many there are."""
    found = unusual(session, workspace_id=people.workspace_id, now=now)
    for each in found:
        much = "more" if each.too_many else "fewer"
        look = "Look who or what calls it" if each.too_many else "Look whether it is asked at all"
        text = (
            f"{each.calls} calls to {each.connector} from {each.begin:%Y-%m-%d %H:%M} UTC on, for "
            f"an hour: far {much} than the {each.expected:.0f} of other weeks then. {look}; "
            "/signoff status shows what is being done, and /signoff stop all holds it."
        )
        subject = derive_id("traffic", people.workspace_id, each.connector, each.begin.isoformat())
        tell_operators(session, people, subject=subject, text=text, now=now)
    return len(found)


def _is_unusual(each: Unusual) -> bool:
    away = _ROOTS * sqrt(each.expected)
    return each.calls > each.expected + away + _SPARE or each.calls < each.expected - away


def _calls(session: Session, workspace_id: str, begin: datetime) -> Counter[str]:
    """Calls by connector in the hour from then on: actions by their last attempt."""
    query = (
        select(Action.tool, func.count(col(Action.id)))
        .where(
            Action.workspace_id == workspace_id,
            col(Action.sent_by) >= begin,
            col(Action.sent_by) < begin + _HOUR,
        )
        .group_by(col(Action.tool))
    )
    found: Counter[str] = Counter()
    for tool, count in session.exec(query):
        found[connector_of(tool)] += count
    return found
