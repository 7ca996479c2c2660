"""`signoff policy test`: examples in YAML, each judged and held against what it expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from approvals.people import People
from approvals.policy.judge import Policy, Subject, Verdict, judge
from approvals.policy.limits import Limit, SoFar, Tally
from approvals.policy.stage_entries import Escalation, span_of
from approvals.spans import Span, read_span
from core.configfile import ConfigFile, Place, read_config
from core.money import Money, NotMoney, parse_money
from core.origins import Origin

_MEND = "Compare with config/policy_cases.yaml."
#: Of an example only how long ago something was matters.
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class _Before(BaseModel):
    """Something that went through before, of the example's own tool, asker, automation and
    arguments unless said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ago: str
    times: int = Field(default=1, ge=1)
    amount: str | None = None
    tool: str | None = None
    effect: Literal["read", "reversible", "irreversible"] | None = None
    asker: str | None = None
    automation: str | None = None
    args: dict[str, Any] | None = None


class _Example(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    asker: str
    tool: str
    effect: Literal["read", "reversible", "irreversible"]
    expect: Literal["allow", "ask", "deny"]
    who: tuple[str, ...] | None = None
    reason: str | None = None
    remind: str | None = None
    escalate: Escalation | None = None
    editable: tuple[str, ...] | None = None
    cards: str | None = None
    args: dict[str, Any] = {}
    authority: tuple[str, ...] = ()
    origins: dict[str, Origin] = {}
    amount: str | None = None
    outside: bool = False
    own: bool = False
    undoes: bool = False
    recipients: tuple[str, ...] = ()
    channel: str = "C0"
    automation: str = "assistant"
    hour: int | None = Field(default=None, ge=0, le=23)
    minute: int = Field(default=0, ge=0, le=59)
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None
    before: tuple[_Before, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cases: tuple[_Example, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Tried:
    """One example: what was expected of it and, where it came out otherwise, how."""

    name: str
    line: int
    verdict: Verdict
    problem: str | None

    @property
    def passed(self) -> bool:
        return self.problem is None


def run(policy: Policy, people: People, path: Path) -> tuple[Tried, ...]:
    """Judge every example of the file. Raises `ConfigError` when the file itself is wrong."""
    file = read_config(path)
    parsed = file.read_as(_File, _MEND)
    return tuple(
        _try(policy, people, file, ("cases", index), example)
        for index, example in enumerate(parsed.cases)
    )


def _try(
    policy: Policy, people: People, file: ConfigFile, place: Place, example: _Example
) -> Tried:
    subject = _subject(people, file, place, example)
    limits = policy.limits_on(example.tool)
    so_far = {limit: _so_far(limit, file, place, example) for limit in limits}
    known = {limit: found for limit, found in so_far.items() if found is not None}
    verdict = judge(policy, people, replace(subject, so_far=known))
    return Tried(example.name, file.line(place), verdict, _problem(example, verdict))


def _problem(example: _Example, verdict: Verdict) -> str | None:
    if verdict.kind != example.expect:
        return f"expected {example.expect}, got {verdict.kind}: {verdict.reason}"
    asked = tuple(stage.who for stage in verdict.stages)
    if example.who is not None and set(asked) != set(example.who):
        return f"expected {', '.join(example.who)} to be asked, got {', '.join(asked) or 'nobody'}"
    if example.reason is not None and example.reason not in verdict.reason:
        return f"expected the reason {example.reason!r}, got {verdict.reason!r}"
    for name, wanted, got in _details(example, verdict):
        if wanted is not None and wanted not in got:
            return f"expected {name} {wanted}, got {' and '.join(map(str, got)) or 'none'}"
    return None


def _details(example: _Example, verdict: Verdict) -> Iterator[tuple[str, object, Sequence[object]]]:
    """What is expected of the question, and what it says: of stages what any of them says."""
    stages = verdict.stages
    reminds = [Span(s.remind_s, s.remind_working).words for s in stages if s.remind_s]
    escalates = [
        f"to {s.escalate_to} after {Span(s.escalate_s, s.escalate_working).words}"
        for s in stages
        if s.escalate_s
    ]
    to = example.escalate
    later = to and f"to {to.who} after {_spelled(to.after)}"
    yield "remind", example.remind and _spelled(example.remind), reminds
    yield "escalate", later, escalates
    yield "editable", example.editable, [verdict.editable]
    yield "cards", example.cards, [verdict.cards]


def _spelled(text: str) -> str:
    """`24 h` as `1 day`; what is no span of time as it is."""
    span = read_span(text)
    return span.words if span else text


def _subject(people: People, file: ConfigFile, place: Place, example: _Example) -> Subject:
    principal = people.by_id(example.asker)
    if principal is None:
        known = ", ".join(person.id for person in people.everyone)
        raise file.error((*place, "asker"), f"nobody is called {example.asker!r}", f"Use {known}.")
    amount = _money(file, (*place, "amount"), example.amount)
    return Subject(
        tool=example.tool,
        effect=example.effect,
        args=example.args,
        principal=principal,
        channel=example.channel,
        automation=example.automation,
        origins=example.origins,
        authority=example.authority,
        outside=example.outside,
        own=example.own,
        undoes=example.undoes,
        amount=amount,
        recipients=example.recipients,
        hour=example.hour,
        weekday=example.weekday,
        minute=example.minute,
    )


def _money(file: ConfigFile, place: Place, text: str | None) -> Money | None:
    try:
        return None if text is None else parse_money(text)
    except NotMoney as error:
        raise file.error(place, error.sentence, "Write it like 100 EUR.") from error


def _so_far(limit: Limit, file: ConfigFile, place: Place, example: _Example) -> SoFar | None:
    """What `before` comes to for this limit; None where its argument is missing."""
    tally, now = Tally(limit), _ANY_TIME
    for when, entry, worth in sorted(
        _worths(limit, file, place, example), key=lambda each: each[0]
    ):
        whose = limit.parties(
            asker=entry.asker or example.asker,
            automation=entry.automation or example.automation,
            args=example.args if entry.args is None else entry.args,
        )
        tally.add(whose, worth, when)
    own = limit.parties(asker=example.asker, automation=example.automation, args=example.args)
    return tally.so_far(own, now)


def _worths(
    limit: Limit, file: ConfigFile, place: Place, example: _Example
) -> Iterator[tuple[datetime, _Before, SoFar]]:
    for index, entry in enumerate(example.before):
        at = (*place, "before", index)
        money = _money(file, (*at, "amount"), entry.amount)
        amount = None if money is None else (money.minor * entry.times, money.currency)
        when = _ANY_TIME - timedelta(seconds=span_of(file, (*at, "ago"), entry.ago).seconds)
        tool, effect = entry.tool or example.tool, entry.effect or example.effect
        if limit.covers(tool, effect):
            yield when, entry, limit.worth(tool, amount, entry.times)
