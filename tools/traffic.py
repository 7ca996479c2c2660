"""An unusual number of calls to a connector: far more, or far fewer, than at this hour before.

An hour is held against the same hour of the same kind of day (Monday to Friday, or the weekend, in
UTC) in the four weeks before, once seven such hours are known. The hour that runs is looked at too,
for too many: what runs wild is told before it is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import median
from typing import Literal

from sqlmodel import Session, col, func, select

from approvals.people import People
from approvals.tables import Action
from core.ids import derive_id
from tools.breakers import connector_of
from tools.findings import tell_operators

_HOUR = timedelta(hours=1)
_DAYS, _ENOUGH = 28, 7
_FAR = 3.5
_TIMES, _AT_LEAST = 3, 30
#: The first day of the weekend, as `datetime.weekday` counts.
_SATURDAY = 5


@dataclass(frozen=True)
class Unusual:
    """One connector's calls in the hour from `begin` on, and how many are usual then."""

    connector: str
    begin: datetime
    calls: int
    usual: float
    what: Literal["many", "few"]


def judge(calls: int, usual: Sequence[int]) -> Literal["many", "few"] | None:
    """Whether so many calls are unusual; None also with too few hours to compare with.

    The modified z-score of Iglewicz and Hoaglin, which single wild hours among the usual ones do
    not move: the distance from the median over 1.4826 times the median distance from it; far is
    beyond 3.5 (https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm). Where hours are
    much alike the latter is near 0, so it is taken as the root of the median at least: so much does
    a count vary by chance alone (Poisson). Besides, many is three times the median and 30 at least,
    few a quarter of it at most: smaller differences are nobody's trouble.
    """
    if len(usual) < _ENOUGH:
        return None
    middle = median(usual)
    spread = 1.4826 * median(abs(each - middle) for each in usual)
    score = (calls - middle) / max(spread, sqrt(middle), 1.0)
    if score > _FAR and calls >= max(_TIMES * middle, _AT_LEAST):
        return "many"
    if score < -_FAR and calls <= middle / 4:
        return "few"
    return None


def unusual(session: Session, *, workspace_id: str, now: datetime) -> Sequence[Unusual]:
    """Of the last full hour, and of too many in the hour that runs."""
    running = now.replace(minute=0, second=0, microsecond=0)
    found = [
        each
        for begin in (running - _HOUR, running)
        for each in _in_hour(session, workspace_id, begin)
    ]
    return [each for each in found if each.what == "many" or each.begin < running]


def tell_unusual(session: Session, people: People, *, now: datetime) -> int:
    """Tell the operators of each, once a day for each connector and kind; how many there are."""
    found = unusual(session, workspace_id=people.workspace_id, now=now)
    for each in found:
        much = "more" if each.what == "many" else "fewer"
        look = "Look who or what calls it" if each.what == "many" else "Look whether it is asked"
        text = (
            f"{each.calls} calls to {each.connector} in the hour from {each.begin:%Y-%m-%d %H:%M} "
            f"UTC on: far {much} than the usual {each.usual:g}. {look}; "
            "/signoff status shows what is being done, and /signoff stop all holds it."
        )
        day = each.begin.date().isoformat()
        subject = derive_id("traffic", people.workspace_id, each.connector, each.what, day)
        tell_operators(session, people, subject=subject, text=text, now=now)
    return len(found)


def _in_hour(session: Session, workspace_id: str, begin: datetime) -> list[Unusual]:
    calls = _calls(session, workspace_id, begin)
    before = [_calls(session, workspace_id, hour) for hour in _like(session, workspace_id, begin)]
    found = []
    for name in sorted(set(calls).union(*before)):
        usual = [hour[name] for hour in before]
        what = judge(calls[name], usual)
        if what is not None:
            found.append(Unusual(name, begin, calls[name], median(usual), what))
    return found


def _like(session: Session, workspace_id: str, begin: datetime) -> list[datetime]:
    """The hours this one is compared with, from the first one on that there was anything in."""
    query = select(func.min(col(Action.sent_by))).where(Action.workspace_id == workspace_id)
    first = session.exec(query).one()
    days = (begin - timedelta(days=number) for number in range(1, _DAYS + 1))
    return [
        hour
        for hour in days
        if first is not None
        and hour >= first
        and (hour.weekday() >= _SATURDAY) == (begin.weekday() >= _SATURDAY)
    ]


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
