"""`signoff policy try`: history judged again under another policy, and what would have differed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from approvals.cases import Subject
from approvals.entitlement import impossible
from approvals.people import People
from approvals.policy import REQUESTER, Policy, Verdict, approver_words, judge
from approvals.policy_history import Past
from approvals.subjects import ALIKE
from approvals.tables import Action
from core.errors import SignoffError

#: What people may have wanted to know of, one by one; beyond it they are counted.
_LISTED = 20
#: Verdicts remembered for subjects that come again.
_REMEMBERED = 50_000
#: It was begun, so refusing it now would have kept it from happening.
_DONE = frozenset({"executing", "succeeded", "failed", "unknown"})


@dataclass(frozen=True)
class Change:
    """One way in which verdicts differ: what was said then, what would be said, by which rule."""

    before: str
    after: str
    rule: str


@dataclass
class Sum:
    """How many actions changed in one way, of whom, and what they were worth."""

    actions: int = 0
    people: Counter[str] = field(default_factory=Counter)
    #: Minor units per currency.
    money: Counter[str] = field(default_factory=Counter)

    def add(self, asker: str, amount: tuple[int, str] | None) -> None:
        self.actions += 1
        self.people[asker] += 1
        if amount is not None:
            self.money[amount[1]] += amount[0]

    def merge(self, other: Sum) -> None:
        self.actions += other.actions
        self.people += other.people
        self.money += other.money


@dataclass
class Listed:
    """Actions worth a look: how many, and the first of their ids."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, action_id: str) -> None:
        self.count += 1
        if len(self.ids) < _LISTED:
            self.ids.append(action_id)

    def merge(self, other: Listed) -> None:
        self.count += other.count
        self.ids = sorted([*self.ids, *other.ids])[:_LISTED]


@dataclass
class Tried:
    """What a policy would have changed. Parts of a history add up (`merge`)."""

    judged: int = 0
    #: Why some could not be judged again, and how many.
    left_out: Counter[str] = field(default_factory=Counter)
    changes: dict[Change, Sum] = field(default_factory=dict)
    #: Answers asked of people, then and under the new policy, and where they became fewer or more.
    asked_then: int = 0
    asked_now: int = 0
    saved: int = 0
    added: int = 0
    #: Refused now, though it was done.
    done_refused: Listed = field(default_factory=Listed)
    #: Allowed now, though a person rejected it.
    rejected_allowed: Listed = field(default_factory=Listed)
    #: Left to the asker alone now, though somebody else rejected it.
    rejected_to_asker: Listed = field(default_factory=Listed)

    @property
    def changed(self) -> int:
        return sum(each.actions for each in self.changes.values())

    def merge(self, other: Tried) -> None:
        self.judged += other.judged
        self.left_out += other.left_out
        for change, found in other.changes.items():
            self.changes.setdefault(change, Sum()).merge(found)
        self.asked_then += other.asked_then
        self.asked_now += other.asked_now
        self.saved += other.saved
        self.added += other.added
        self.done_refused.merge(other.done_refused)
        self.rejected_allowed.merge(other.rejected_allowed)
        self.rejected_to_asker.merge(other.rejected_to_asker)


def try_policy(policy: Policy, past: Iterable[Past | str]) -> Tried:
    """Judge these again under `policy`, each distinct subject once."""
    tried, again = Tried(), _Judging(policy)
    for each in past:
        if isinstance(each, str):
            tried.left_out[each] += 1
            continue
        try:
            now = again.judge(each)
        except SignoffError as error:
            tried.left_out[error.sentence] += 1
            continue
        _count(tried, each, now)
    return tried


@dataclass(frozen=True)
class _Said:
    """What of a verdict makes a difference to people."""

    kind: str
    stages: tuple[tuple[str, int], ...]
    four_eyes: bool
    rules: tuple[str, ...]
    #: Whether those asked exist; where not, asking is refusing.
    answerable: bool
    #: How many of 100 are asked about.
    review: int

    @property
    def differs_in(self) -> tuple[object, ...]:
        return (self.kind, self.stages, self.four_eyes, self.answerable)

    @property
    def answers(self) -> int:
        """How many answers of people it needs."""
        asks = self.kind == "ask" and self.answerable
        return sum(quorum for _, quorum in self.stages) if asks else 0

    @property
    def to_asker(self) -> bool:
        return self.kind == "ask" and all(who == REQUESTER for who, _ in self.stages)


def _said(verdict: Verdict, *, answerable: bool) -> _Said:
    stages = tuple((stage.who, stage.quorum) for stage in verdict.stages)
    return _Said(verdict.kind, stages, verdict.four_eyes, verdict.rules, answerable, verdict.review)


class _Judging:
    """The new policy's verdicts, remembered for subjects that come again."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._asks_minutes = policy.asks_minutes
        self._known: dict[tuple[Any, ...], _Said] = {}
        self._possible: dict[tuple[Any, ...], bool] = {}
        # Equal ones are one object: a million of them would keep the garbage collector busy.
        self._same: dict[_Said, _Said] = {}

    def judge(self, past: Past) -> _Said:
        # Without the minute more subjects are equal.
        key = past.key if self._asks_minutes else past.key[:-1]
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            subject = past.subject()
            verdict = judge(self._policy, past.people, subject)
            said = _said(verdict, answerable=self._answerable(past.people, subject, verdict))
            found = self._known[key] = self._same.setdefault(said, said)
        return found

    def _answerable(self, people: People, subject: Subject, verdict: Verdict) -> bool:
        if verdict.kind != "ask":
            return True
        asker = subject.principal.id
        asked = tuple((stage.who, stage.quorum) for stage in verdict.stages)
        key = (people.digest, asker, asked, verdict.four_eyes)
        if key not in self._possible:
            stand_in = _stand_in(subject, verdict)
            self._possible[key] = impossible(people, stand_in, verdict.stages) is None
        return self._possible[key]


def _count(tried: Tried, past: Past, now: _Said) -> None:
    tried.judged += 1
    answerable = past.verdict.kind != "ask" or past.status != "denied"
    before = _said(past.verdict, answerable=answerable)
    asked = 0 if past.stood else before.answers
    tried.asked_then += asked
    # Asked because the same was under way: no policy changes that, but one that refuses.
    only_alike = ALIKE in before.rules and now.kind == "allow"
    # Not drawn then: a rate that is no higher would not have drawn it either.
    undrawn = before.kind == "allow" and now.kind == "ask" and now.review <= before.review < 100
    if before.differs_in == now.differs_in or only_alike or undrawn:
        tried.asked_now += asked
        return
    rule = " and ".join(now.rules) or "no rule"
    change = Change(_words(before, stood=past.stood), _words(now), rule)
    tried.changes.setdefault(change, Sum()).add(past.asker, past.amount)
    tried.asked_now += now.answers
    tried.saved += max(0, asked - now.answers)
    tried.added += max(0, now.answers - asked)
    refused = now.kind == "deny" or not now.answerable
    if refused and past.status in _DONE:
        tried.done_refused.add(past.action_id)
    if past.status == "rejected" and now.kind == "allow":
        tried.rejected_allowed.add(past.action_id)
    if past.status == "rejected" and now.to_asker and not before.to_asker:
        tried.rejected_to_asker.add(past.action_id)


def _words(said: _Said, *, stood: bool = False) -> str:
    if said.kind != "ask":
        return "allowed" if said.kind == "allow" else "refused"
    if not said.answerable:
        return "refused, as nobody could approve"
    if stood:
        return "allowed by a standing permission"
    asked = " and ".join(_stage(who, quorum) for who, quorum in said.stages)
    return f"asked of {asked}" + ("" if said.four_eyes or said.to_asker else ", or the asker")


def _stage(who: str, quorum: int) -> str:
    words = "the asker" if who == REQUESTER else approver_words(who)
    return f"{quorum} of {words}" if quorum > 1 else words


def _stand_in(subject: Subject, verdict: Verdict) -> Action:
    """An action such as the verdict would be asked about; never stored."""
    return Action(
        id="",
        workspace_id="",
        principal_id=subject.principal.id,
        channel=subject.channel,
        tool=subject.tool,
        tool_version="",
        verdict=verdict.as_json(),
        created_at=datetime.min.replace(tzinfo=UTC),
    )
