"""`signoff policy try`: history judged again under another policy, and what would have differed."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from approvals.policy.again import Again
from approvals.policy.history import Past
from approvals.policy.judge import REQUESTER, approver_words
from approvals.policy.said import Said
from approvals.subjects import ALIKE
from core.errors import SignoffError

#: What people may have wanted to know of, one by one; beyond it they are counted.
_LISTED = 20
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
    """Actions worth a look: how many, and the first of their ids, in whatever order they came."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, action_id: str) -> None:
        self.count += 1
        insort(self.ids, action_id)
        del self.ids[_LISTED:]

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


def try_policy(again: Again, past: Iterable[Past | str]) -> Tried:
    """Judge these again, each distinct subject once."""
    tried = Tried()
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


def _count(tried: Tried, past: Past, now: Said) -> None:
    tried.judged += 1
    nobody = past.said.kind == "ask" and past.status == "denied"
    before = replace(past.said, answerable=False) if nobody else past.said
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


def _words(said: Said, *, stood: bool = False) -> str:
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
