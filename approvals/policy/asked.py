"""A change of policy as somebody asks for it: checked, tried on what was done, told in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from approvals.by_hand import BY_HAND
from approvals.floors import SET_POLICY
from approvals.people import People
from approvals.policy.cases import Subject
from approvals.policy.diff import line_by_line
from approvals.policy.file import parse_policy
from approvals.policy.history import Slice
from approvals.policy.judge import Policy, judge
from approvals.policy.report import change_line, headline, prompts, ranked
from approvals.policy.trials import try_here
from approvals.policy.trying import Tried
from approvals.policy.versions import current_text
from core.configfile import text_digest
from core.errors import ApprovalError
from core.origins import Origin

#: So many of the newest actions are judged again for the card.
TRIED = 20_000
_CHANGES = 5


@dataclass(frozen=True)
class Asked:
    """The change: from which text, and what it would have changed."""

    replaces: str
    diff: str
    tried: Tried


def asked_for(session: Session, people: People, text: str) -> Asked:
    """What this text would change and would have changed. Raises as `checked` does."""
    policy, before = checked(session, people, text)
    part = Slice(people.workspace_id, newest=TRIED)
    tried = try_here(session, policy, people, part)
    return Asked(text_digest(before), line_by_line(before, text), tried)


def checked(session: Session, people: People, text: str) -> tuple[Policy, str]:
    """The policy this text makes, and the text in force. Raises `ConfigError` (line and mend) for
    what cannot be used, `ApprovalError` where nothing changes or nobody could change it back."""
    policy = parse_policy(text, Path("policy.yaml"))
    before = current_text(session, workspace_id=people.workspace_id)
    if before.strip() == text.strip():
        raise ApprovalError("This is the policy in force: nothing is changed.")
    if not any(_may_ask(policy, people, person.id) for person in people.everyone):
        raise ApprovalError("With this nobody could change the policy any more.")
    return policy, before


def words(people: People, asked: Asked) -> list[tuple[str, str]]:
    """Labels and what each says, for the card."""
    tried = asked.tried
    found = [("tried on the past:", headline(tried).rstrip("."))]
    found += [("", change_line(people, *each)) for each in ranked(tried)[:_CHANGES]]
    found.append(("", prompts(tried).rstrip(".")))
    left_out = sum(tried.left_out.values())
    counts = (
        ("refused, though it was done:", tried.done_refused.count),
        ("left to the asker alone, though another rejected it:", tried.rejected_to_asker.count),
        ("not judged again:", left_out),
    )
    found += [(label, f"{count:,}") for label, count in counts if count]
    allowed = tried.rejected_allowed.count
    label = "allowed, though a person rejected it:"
    return [*found, (label.upper(), f"{allowed:,}") if allowed else (label, "none")]


def _may_ask(policy: Policy, people: People, person_id: str) -> bool:
    """Whether this person could still ask for another policy under this one."""
    person = people.by_id(person_id)
    if person is None:
        return False
    subject = Subject(
        tool=SET_POLICY,
        effect="irreversible",
        args={"text": ""},
        principal=person,
        channel="",
        automation=BY_HAND,
        origins={"/text": Origin.REQUESTER},
        authority=("text",),
    )
    return judge(policy, people, subject).kind != "deny"
