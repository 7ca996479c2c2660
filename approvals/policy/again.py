"""A past action judged again under another policy: by what was so then, and as the product judges.

So the user groups are those of then, the asker's yes to what others changed counts as it did, and
what no policy can lower is not lowered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from approvals.editing import agreed_by_asker
from approvals.entitlement import impossible
from approvals.floors import BY_ARGUMENTS, Find, raised
from approvals.groups_then import GroupsThen
from approvals.overseeing import overseen
from approvals.policy.cases import Case, Subject
from approvals.policy.history import Past
from approvals.policy.judge import Hit, Policy, Verdict, concluded, hits_of
from approvals.policy.replay import Replay
from approvals.policy.said import Said, said_of
from approvals.tables import Action
from core.errors import SignoffError

#: What cases came to, remembered for those that are alike.
_REMEMBERED = 50_000
NO_MEMBERS = "would ask a user group, and who was in it then was not kept"
_USERGROUP = "usergroup:"


class Again:
    """The new policy's verdicts: which rules hit is looked at for each action, and what those hits
    come to is worked out once."""

    def __init__(self, policy: Policy, groups: GroupsThen, find: Find) -> None:
        """`find` gives an action by its id, for those that speak of another one."""
        self._policy, self._groups, self._find = policy, groups, find
        self._asks_usergroups = any(who.startswith(_USERGROUP) for who in policy.asked)
        self._replay = Replay(policy)
        self._known: dict[tuple[Any, ...], Said] = {}
        self._possible: dict[tuple[Any, ...], bool] = {}

    def judge(self, past: Past) -> Said:
        """What it comes to now. Raises `SignoffError` for what cannot be judged.

        To be asked of tools under a limit over time in the order in which they were judged.
        """
        subject = past.subject()
        if not self._policy.limits_on(subject.tool):
            return self._said(past, subject)
        subject = replace(subject, so_far=self._replay.so_far(subject, past.at))
        said = self._said(past, subject)
        unasked = said.kind == "allow" or (
            said.kind == "ask" and (past.stood or not said.four_eyes)
        )
        self._replay.add(subject, past.at, status=past.status, unasked=unasked)
        return said

    def _said(self, past: Past, subject: Subject) -> Said:
        case = Case(subject, past.people, self._policy.names)
        hits = hits_of(self._policy, case)
        epoch = self._groups.epoch(past.at) if self._asks_usergroups else 0
        if subject.tool in BY_ARGUMENTS:
            return self._judge(past, case, hits, epoch)
        key = (
            subject.tool, subject.effect, past.asker, past.people.digest, epoch,
            past.verdict.about_people, past.editors, bool(case.untrusted),
            *((id(rule), match) for rule, match in hits),
        )  # fmt: skip
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._judge(past, case, hits, epoch)
        return found

    def _judge(self, past: Past, case: Case, hits: Sequence[Hit], epoch: int) -> Said:
        subject = case.subject
        verdict = concluded(self._policy, past.people, case, hits)
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
