"""Whom the policy asks although nobody is there: found before anybody asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from approvals.people import People
from approvals.policy.judge import Policy
from approvals.policy.words import approver_words
from approvals.stages import REQUESTER, Stage


def gaps(policy: Policy, people: People) -> list[str]:
    """One sentence for each group or person that is asked and is nobody, in the file's order."""
    found: dict[str, None] = {}
    for place, stage in _stages(policy):
        for who in (stage.who, stage.escalate_to, stage.hand_to):
            if who and who != REQUESTER and (why := _missing(people, who)):
                found[f"{place} asks {approver_words(who)}, but {why}."] = None
    return list(found)


def _stages(policy: Policy) -> Iterator[tuple[str, Stage]]:
    for stage in policy.default_stages:
        yield "default_approvers", stage
    for rule in policy.rules:
        for stage in rule.stages:
            yield f"The rule “{rule.name}”", stage


def _missing(people: People, who: str) -> str | None:
    kind, _, name = who.partition(":")
    if kind == "usergroup" and name not in people.usergroups:
        return f"usergroup:{name} is not under usergroups in config/people.yaml"
    if people.asked(who):
        return None
    if gone := people.meant(who):
        names = " and ".join(person.first_name for person in gone)
        return f"{names} cannot decide: Slack knows no active full member's account of theirs"
    if kind == "usergroup":
        # Until Slack has told, it is not known to be empty; `approvals.user_groups` tells of that.
        known = name in people.group_members
        return f"nobody in {who} stands in config/people.yaml" if known else None
    if kind == "person":
        return f"nobody in config/people.yaml has the id {name}"
    return f"{who} has no members in config/people.yaml"
