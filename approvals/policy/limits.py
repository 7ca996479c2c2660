"""Limits over time: how much may go through before somebody else is asked. Pure.

What counts is what went through, or still may, on nobody's word but its asker's: by a rule that
allows, by their own confirmation, by a standing permission. So many small refunds are asked about
as one large refund is. Whoever judges brings what went through so far (`Subject.so_far`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from approvals.policy.values import each, folded, named, text_of
from approvals.spans import Span
from core.money import Money

ASKER, AUTOMATION, ALL = "asker", "automation", "all"
ARGUMENT = "args."
#: Minor units and currency; None of what has no amount.
Amount = tuple[int, str] | None
_LONGEST_NAME = 60


@dataclass(frozen=True)
class SoFar:
    """What went through of one asker (automation, recipient …) within a limit's time."""

    count: int = 0
    #: Minor units of the limit's currency.
    minor: int = 0
    #: Some of it was in another currency, or of an amount that is not known: no sum then.
    mixed: bool = False

    def plus(self, other: SoFar) -> SoFar:
        return SoFar(self.count + other.count, self.minor + other.minor, self.mixed or other.mixed)


@dataclass(frozen=True)
class Limit:
    """`in_all` of a rule: so much, or so often, within a time, for each asker or for others.

    It counts every action of the tools and effects that its rule names, whichever rule lets it
    pass: nobody gets past it by going through two rules.
    """

    tools: tuple[str, ...]
    effects: frozenset[str]
    #: True: the rule is for what is beyond the limit; False: for what stays within it.
    above: bool
    #: Minor units of `currency`, or how many where that is None.
    most: int
    currency: str | None
    within_s: int
    #: asker | automation | all | args.<name>
    per: str

    def covers(self, tool: str, effect: str) -> bool:
        """Whether it counts what this tool does."""
        named = any(fnmatchcase(tool, pattern) for pattern in self.tools)
        return named and (not self.effects or effect in self.effects)

    def since(self, now: datetime) -> datetime:
        """What was begun at this time or before is over."""
        return now - timedelta(seconds=self.within_s)

    def worth(self, tool: str, amount: Amount, count: int = 1) -> SoFar:
        """What so many actions of this tool and amount add. An amount below zero gives nothing
        back."""
        if self.currency is None:
            return SoFar(count)
        if amount is None:
            # A tool that has no amount at all is not meant by a rule for many tools.
            return SoFar(count, mixed=tool in self.tools)
        minor, currency = amount
        same = currency == self.currency
        return SoFar(count, abs(minor) if same else 0, mixed=not same)

    def beyond(self, so_far: SoFar | None, own: SoFar) -> bool | None:
        """Whether this one comes to more than the limit; None where that cannot be told."""
        if so_far is None:
            return None
        whole = so_far.plus(own)
        return None if whole.mixed else self._total(whole) > self.most

    def largest(self, found: Iterable[SoFar]) -> SoFar:
        """Of several recipients' the one that counts."""
        return max(found, key=lambda each: (each.mixed, self._total(each)), default=SoFar())

    def parties(self, *, asker: str, automation: str, args: Mapping[str, Any]) -> tuple[str, ...]:
        """For whom an action counts; nobody where the argument is missing."""
        if not self.per.startswith(ARGUMENT):
            return ({ASKER: asker, AUTOMATION: automation, ALL: ""}[self.per],)
        found = named(args, self.per.removeprefix(ARGUMENT))
        texts = (folded(text_of(item)).strip() for value in found for item in each(value))
        return tuple(dict.fromkeys(texts))

    def words(self, so_far: SoFar | None, own: SoFar, whose: str) -> str:
        """`EUR 480 of EUR 500 in 24 hours are used up for Ana without needing anybody else; this
        would make it EUR 540`."""
        if self.beyond(so_far, own) is None or so_far is None:
            return "what went through before cannot be added up with it"
        used, most = self._said(self._total(so_far)), self._said(self.most)
        whole = self._said(self._total(so_far.plus(own)))
        return (
            f"{used} of {most} in {self.time} are used up{self._whose(whose)} without needing "
            f"anybody else; this would make it {whole}"
        )

    @property
    def condition(self) -> str:
        """`up to EUR 500 in 24 hours for each asker`, for `signoff can`."""
        most = self._said(self.most) + (" times" if self.currency is None else "")
        what = self.per.removeprefix(ARGUMENT).replace("_", " ")
        whose = "in all" if self.per == ALL else f"for each {what}"
        return f"{'beyond' if self.above else 'up to'} {most} in {self.time} {whose}"

    @property
    def time(self) -> str:
        """`24 hours`, which is not any one day."""
        return "24 hours" if self.within_s == 86_400 else Span(self.within_s).words

    def _total(self, of: SoFar) -> int:
        return of.count if self.currency is None else of.minor

    def _said(self, total: int) -> str:
        if self.currency is None:
            return f"{total:,}"
        return str(Money(total, self.currency)).removesuffix(".00")

    def _whose(self, name: str) -> str:
        short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        return {ALL: "", AUTOMATION: f" by {short}"}.get(self.per, f" for {short}")


class Tally:
    """What went through of each party, in memory: for examples and for the past judged again.

    Everything is added in the order in which it happened.
    """

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._windows: dict[str, _Window] = {}

    def so_far(self, parties: Iterable[str], at: datetime) -> SoFar | None:
        """What counts at this time; None for nobody."""
        since = self._limit.since(at)
        windows = [self._windows.get(party) for party in parties]
        found = [SoFar() if window is None else window.after(since) for window in windows]
        return self._limit.largest(found) if found else None

    def add(self, parties: Iterable[str], worth: SoFar, at: datetime) -> None:
        for party in parties:
            self._windows.setdefault(party, _Window()).add(at, worth)


class _Window:
    """The last ones of one party, and their sum."""

    def __init__(self) -> None:
        self._kept: deque[tuple[datetime, SoFar]] = deque()
        self._count = self._minor = self._mixed = 0

    def add(self, at: datetime, worth: SoFar) -> None:
        self._kept.append((at, worth))
        self._change(worth, 1)

    def after(self, since: datetime) -> SoFar:
        while self._kept and self._kept[0][0] <= since:
            self._change(self._kept.popleft()[1], -1)
        return SoFar(self._count, self._minor, self._mixed > 0)

    def _change(self, worth: SoFar, sign: int) -> None:
        self._count += sign * worth.count
        self._minor += sign * worth.minor
        self._mixed += sign * worth.mixed
