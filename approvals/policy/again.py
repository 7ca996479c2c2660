"""A past action judged again under another policy: by what was so then, and as the product judges.

So the user groups are those of then, the asker's yes to what others changed counts as it did, and
what no policy can lower is not lowered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from approvals.editing import agreed_by_asker
from approvals.entitlement import impossible
from approvals.floors import Find, raised
from approvals.groups_then import GroupsThen
from approvals.overseeing import overseen
from approvals.policy.cases import Subject
from approvals.policy.history import Past
from approvals.policy.judge import REQUESTER, Policy, Verdict, judge
from approvals.tables import Action
from core.errors import SignoffError

#: Verdicts remembered for subjects that come again.
_REMEMBERED = 50_000
NO_MEMBERS = "would ask a user group, and who was in it then was not kept"
_USERGROUP = "usergroup:"


@dataclass(frozen=True)
class Said:
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


def said_of(verdict: Verdict, *, answerable: bool) -> Said:
    stages = tuple((stage.who, stage.quorum) for stage in verdict.stages)
    return Said(verdict.kind, stages, verdict.four_eyes, verdict.rules, answerable, verdict.review)


class Again:
    """The new policy's verdicts, remembered for subjects that come again."""

    def __init__(self, policy: Policy, groups: GroupsThen, find: Find) -> None:
        """`find` gives an action by its id, for those that speak of another one."""
        self._policy, self._groups, self._find = policy, groups, find
        self._asks_minutes = policy.asks_minutes
        self._asks_usergroups = any(who.startswith(_USERGROUP) for who in policy.asked)
        self._known: dict[tuple[Any, ...], Said] = {}
        self._possible: dict[tuple[Any, ...], bool] = {}
        # Equal ones are one object: a million of them would keep the garbage collector busy.
        self._same: dict[Said, Said] = {}

    def judge(self, past: Past) -> Said:
        """What it comes to now. Raises `SignoffError` for what cannot be judged."""
        # Without the minute more subjects are equal.
        key = past.key if self._asks_minutes else past.key[:-1]
        key = (*key, past.verdict.about_people)
        epoch = self._groups.epoch(past.at) if self._asks_usergroups else 0
        found = self._known.get((key, epoch))
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            said = self._judge(past, epoch)
            found = self._known[key, epoch] = self._same.setdefault(said, said)
        return found

    def _judge(self, past: Past, epoch: int) -> Said:
        subject = past.subject()
        verdict = judge(self._policy, past.people, subject)
        if past.verdict.about_people:
            verdict = overseen(verdict, self._policy.default_stages)
        if past.edits:
            verdict = agreed_by_asker(verdict, _stand_in(subject, verdict, past), past.people)
        verdict = raised(subject, verdict, past.people, self._find)
        answerable = verdict.kind != "ask" or self._answerable(past, subject, verdict, epoch)
        return said_of(verdict, answerable=answerable)

    def _answerable(self, past: Past, subject: Subject, verdict: Verdict, epoch: int) -> bool:
        people = past.people
        asked = tuple((stage.who, stage.quorum) for stage in verdict.stages)
        key = (people.digest, subject.principal.id, asked, verdict.four_eyes, verdict.barred, epoch)
        if key not in self._possible:
            names = [who.removeprefix(_USERGROUP) for who, _ in asked if who.startswith(_USERGROUP)]
            if not all(self._groups.knew(people, epoch, name) for name in names):
                raise SignoffError(NO_MEMBERS)
            then = self._groups.told(people, epoch) if names else people
            stand_in = _stand_in(subject, verdict, past)
            self._possible[key] = impossible(then, stand_in, verdict.stages) is None
        return self._possible[key]


def _stand_in(subject: Subject, verdict: Verdict, past: Past) -> Action:
    """An action such as the verdict would be asked about; never stored."""
    return Action(
        id="",
        workspace_id="",
        principal_id=subject.principal.id,
        channel=subject.channel,
        tool=subject.tool,
        tool_version="",
        edits=past.edits,
        verdict=verdict.as_json(),
        created_at=datetime.min.replace(tzinfo=UTC),
    )
