"""One rule of the policy: what it asks about an action, and whether that is so.

Pure: standard library, `core` and the CEL evaluator. Reading the file is `file`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal

import cel

from approvals.hours import DAYS
from approvals.policy.cases import Case, Match, Subject
from approvals.policy.edits import Editable
from approvals.policy.limits import Limit
from approvals.policy.values import each, folded, named, text_of
from approvals.spans import Span
from approvals.stages import REQUESTER, Stage
from core.money import Money

_TIMES = frozenset({"hour", "minute", "weekday"})


@dataclass(frozen=True)
class Rule:
    """Conditions, all of which must hold, and what then follows. None means "not asked about"."""

    name: str
    line: int
    outcome: Literal["allow", "ask", "deny"]
    stages: tuple[Stage, ...] = ()
    why: str | None = None
    expires: Span | None = None
    reject_on_expiry: bool = False
    four_eyes: bool = True
    #: What cannot be put back may be covered by a standing permission, four eyes or not.
    standing: bool = False
    #: How many of 100 actions alike are asked about.
    review: int = 100
    tools: tuple[str, ...] = ()
    effects: frozenset[str] = frozenset()
    above: Money | None = None
    at_most: Money | None = None
    #: A limit over time that this rule stays within, or is for what is beyond.
    in_all: Limit | None = None
    outside: bool | None = None
    own: bool | None = None
    #: Whether it takes back something done before.
    undoes: bool | None = None
    roles: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    automations: frozenset[str] = frozenset()
    #: Ids of people.
    askers: frozenset[str] = frozenset()
    #: Name of an argument (`amount.currency` for one within another) -> what it may be, with `*`.
    args: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Minutes after midnight where the asker is; the end before the beginning means a night.
    between: tuple[int, int] | None = None
    #: 0 is Monday.
    weekdays: frozenset[int] = frozenset()
    untrusted: Literal["any", "recipient", "other"] | None = None
    known: bool | None = None
    when: str | None = None
    #: What approvers may change of it; None as the tool says.
    editable: Editable | None = None
    #: Where its cards stand: thread | dm | channel:<id>; None as the file says.
    cards: str | None = None
    #: How long it waits before it is begun, and may be taken back after it; 0 is not at all.
    hold_s: int | None = None
    undo_s: int | None = None
    #: What `when` means, for the sentences of `signoff can`.
    in_words: str | None = None
    program: cel.Program | None = field(default=None, repr=False, compare=False)

    def names_tool(self, tool: str) -> bool:
        """Whether its `tool` key covers this tool; a rule without one covers all."""
        return not self.tools or any(fnmatchcase(tool, pattern) for pattern in self.tools)

    @cached_property
    def match(self) -> Callable[[Case], Match]:
        """Whether it applies to a case, apart from `names_tool`, which the index answers.

        Put together once, of what this rule asks about alone: each verdict asks all rules.
        """
        asked = list(self._conditions())
        if not asked:
            return lambda _case: Match.YES
        return asked[0] if len(asked) == 1 else _all_of(asked)

    def _conditions(self) -> Iterator[Callable[[Case], Match]]:
        plain = (self.effects, self.roles, self.channels, self.automations, self.askers)
        flags = (self.outside, self.own, self.undoes)
        if any(plain) or any(flag is not None for flag in flags):
            yield lambda case: Match.YES if self._plain(case.subject) else Match.NO
        if self.untrusted is not None or self.known is not None:
            yield lambda case: Match.YES if self._origins(case) else Match.NO
        if self.args or self.weekdays or self.between is not None:
            yield lambda case: self._more(case.subject)
        if self.above is not None or self.at_most is not None:
            yield self._money
        if self.program is not None:
            yield _evaluating(self.program)
        if self.in_all is not None:
            # The last: that a limit is reached is said only where all else holds.
            yield self._in_all

    @property
    def asks_time(self) -> bool:
        """Whether it depends on when it is judged."""
        if self.between is not None or self.weekdays:
            return True
        program = self.program
        return program is not None and not _TIMES.isdisjoint(program.variables())

    def _plain(self, subject: Subject) -> bool:
        return (
            (not self.effects or subject.effect in self.effects)
            and (self.outside is None or subject.outside == self.outside)
            and (self.own is None or subject.own == self.own)
            and (self.undoes is None or subject.undoes == self.undoes)
            and (not self.roles or not self.roles.isdisjoint(subject.principal.roles))
            and (not self.channels or subject.channel in self.channels)
            and (not self.automations or subject.automation in self.automations)
            and (not self.askers or subject.principal.id in self.askers)
        )

    def _origins(self, case: Case) -> bool:
        if self.untrusted is None:
            return self.known is None or self.known == case.all_known(case.subject.recipients)
        leaves = case.untrusted_of(self.untrusted)
        if not leaves:
            return False
        return self.known is None or self.known == case.all_known(
            [str(leaf.value) for leaf in leaves if leaf.recipient]
        )

    def _more(self, subject: Subject) -> Match:
        found = [self._time(subject)]
        found += [self._argument(subject, name, wanted) for name, wanted in self.args.items()]
        # Where one condition surely fails, it does not matter that another cannot be checked.
        return next((m for m in (Match.NO, Match.MISSING) if m in found), Match.YES)

    def _time(self, subject: Subject) -> Match:
        if self.between is None and not self.weekdays:
            return Match.YES
        if subject.hour is None or subject.weekday not in DAYS:
            return Match.MISSING
        if self.weekdays and DAYS.index(subject.weekday) not in self.weekdays:
            return Match.NO
        if self.between is None:
            return Match.YES
        begin, end = self.between
        at = subject.hour * 60 + subject.minute
        inside = begin <= at < end if begin < end else at >= begin or at < end
        return Match.YES if inside else Match.NO

    def _argument(self, subject: Subject, name: str, wanted: Sequence[str]) -> Match:
        found = named(subject.args, name)
        if not found:
            # A tool without such an argument is not meant by a rule for many tools.
            return Match.MISSING if subject.tool in self.tools else Match.NO
        texts = [text_of(item) for value in found for item in each(value)]
        if self._eases:
            # What eases must hold of every value, and as it is spelled.
            hits = [any(fnmatchcase(text, one) for one in wanted) for text in texts]
            return Match.YES if hits and all(hits) else Match.NO
        alike = [folded(one) for one in wanted]
        hit = any(fnmatchcase(folded(text), one) for text in texts for one in alike)
        return Match.YES if hit else Match.NO

    @cached_property
    def _eases(self) -> bool:
        """Whether it lets something pass on nobody's word but the asker's."""
        if self.outcome == "ask":
            return bool(self.stages) and all(stage.who == REQUESTER for stage in self.stages)
        return self.outcome == "allow"

    def _money(self, case: Case) -> Match:
        subject, amount = case.subject, case.subject.amount
        if amount is None:
            # A tool that has no amount at all is not meant by a rule for many tools.
            return Match.MISSING if subject.tool in self.tools else Match.NO
        for limit in (self.above, self.at_most):
            if limit is not None and limit.currency != amount.currency:
                return Match.UNCLEAR
        over = self.above is None or amount.minor > self.above.minor
        under = self.at_most is None or amount.minor <= self.at_most.minor
        return Match.YES if over and under else Match.NO

    def _in_all(self, case: Case) -> Match:
        limit, subject = self.in_all, case.subject
        if limit is None or subject.undoes:
            # What takes something back adds nothing.
            return Match.NO if limit is not None and limit.above else Match.YES
        if limit.currency is not None and subject.amount is None:
            return Match.MISSING if subject.tool in self.tools else Match.NO
        beyond = limit.beyond(subject.so_far.get(limit), limit.worth(subject.tool, subject.worth))
        if beyond is None:
            return Match.UNCLEAR
        if beyond == limit.above:
            return Match.YES
        return Match.REACHED if beyond else Match.NO

    def limit_words(self, subject: Subject) -> str | None:
        """How much of its limit over time is used up; None where it does not speak of it."""
        limit = self.in_all
        if limit is None or subject.undoes:
            return None
        parties = limit.parties(
            asker=subject.principal.name.partition(" ")[0],
            automation=subject.automation,
            args=subject.args,
        )
        own = limit.worth(subject.tool, subject.worth)
        return limit.words(subject.so_far.get(limit), own, ", ".join(parties))


def _all_of(asked: Sequence[Callable[[Case], Match]]) -> Callable[[Case], Match]:
    def match(case: Case) -> Match:
        for condition in asked:
            found = condition(case)
            if found is not Match.YES:
                return found
        return Match.YES

    return match


def _evaluating(program: cel.Program) -> Callable[[Case], Match]:
    execute, yes, no, missing = program.execute, Match.YES, Match.NO, Match.MISSING

    def match(case: Case) -> Match:
        try:
            value = execute(case.context)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return missing
        if value is False:
            return no
        return yes if value is True else missing

    return match
