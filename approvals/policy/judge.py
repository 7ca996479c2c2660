"""What may be done, what must be asked, of whom, and why: one pure function.

`judge` takes plain values and returns a verdict; deny beats ask beats allow whatever the order of
the rules. Pure: standard library, `core` and the CEL evaluator. `file.load_policy(path)`
makes a `Policy` from YAML; `words` says it in sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from approvals.policy.cases import CEL_NAMES, Case, Knower, Match, Subject
from approvals.policy.edits import Changeable, refuse_unknown, together
from approvals.policy.limits import Limit
from approvals.policy.rules import Rule
from approvals.policy.verdict import Verdict
from approvals.policy.words import (
    Ability,
    Group,
    about_untrusted,
    approver_words,
    policy_sentences,
)
from approvals.spans import Span
from approvals.stages import REQUESTER, Stage, joined, merged

__all__ = [
    "EFFECTS",
    "REQUESTER",
    "Hit",
    "Policy",
    "Stage",
    "Subject",
    "Verdict",
    "approver_words",
    "concluded",
    "hits_of",
    "judge",
]

#: A rule, and that it applies or cannot be checked.
Hit = tuple[Rule, Match]
EFFECTS = frozenset({"read", "reversible", "irreversible"})
#: A question counted in working time alone ends after this many seconds all the same.
LONGEST_S = 30 * 86_400
#: A member of an enumeration takes as long to look up as a rule takes to say no.
_NO = Match.NO


@dataclass(frozen=True)
class Policy:
    """The rules of one file, indexed by tool as tools are judged."""

    rules: tuple[Rule, ...]
    default_stages: tuple[Stage, ...]
    expires: Span
    digest: str
    #: Where cards stand: thread | dm | channel:<id>.
    cards: str = "thread"
    _index: dict[str, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    def rules_for(self, tool: str) -> tuple[Rule, ...]:
        """The rules whose `tool` key covers this tool."""
        if tool not in self._index:
            self._index[tool] = tuple(rule for rule in self.rules if rule.names_tool(tool))
        return self._index[tool]

    def limits_on(self, tool: str) -> tuple[Limit, ...]:
        """The limits over time that its rules about this tool state."""
        if not self.limits:
            return ()
        rules = self.rules_for(tool)
        return tuple(dict.fromkeys(rule.in_all for rule in rules if rule.in_all is not None))

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """All its limits over time."""
        return tuple(dict.fromkeys(r.in_all for r in self.rules if r.in_all is not None))

    def check_tools(self, tools: Sequence[Changeable]) -> None:
        """Raise `ConfigError` (line and mend) where it lets be changed what these tools do not."""
        refuse_unknown([rule.editable for rule in self.rules if rule.editable], tools)

    @property
    def asked(self) -> frozenset[str]:
        """Whomever it asks at first: `group:…`, `usergroup:…`, `person:…`, `requester`."""
        stages = [*self.default_stages, *(stage for rule in self.rules for stage in rule.stages)]
        return frozenset(stage.who for stage in stages)

    @property
    def everybody_asked(self) -> frozenset[str]:
        """The same with those it asks later: by escalation, or handed on."""
        stages = [*self.default_stages, *(stage for rule in self.rules for stage in rule.stages)]
        later = {who for stage in stages for who in (stage.escalate_to, stage.hand_to) if who}
        return self.asked | later

    @cached_property
    def names(self) -> frozenset[str]:
        """What the conditions of its rules ask for, of `cases.CEL_NAMES`."""
        programs = [rule.program for rule in self.rules if rule.program is not None]
        return frozenset(CEL_NAMES).intersection(
            name for program in programs for name in program.variables()
        )

    @cached_property
    def asks_time(self) -> bool:
        """Whether any rule tells hours or days apart: then what was allowed may not be later."""
        return any(rule.asks_time for rule in self.rules)

    def approvers(self, tool: str) -> tuple[str, ...]:
        """Who may be asked about this tool, in words: `Finance`, `the person who asks`, `nobody`.

        Only its name is known here, so where a rule lets reads pass that is said as well.
        """
        about = [rule for rule in self.rules_for(tool) if rule.tools]
        asking = [rule for rule in about if rule.outcome == "ask"]
        asked = [approver_words(stage.who) for rule in asking for stage in rule.stages]
        if not asking and any(rule.outcome == "allow" for rule in about):
            return ("nobody",)
        if not asking:
            asked = [approver_words(stage.who) for stage in self.default_stages]
        reads_pass = any(r.outcome == "allow" and r.effects == {"read"} for r in self.rules)
        if reads_pass and all(rule.effects for rule in asking):
            asked.append("nobody when it only reads")
        return tuple(dict.fromkeys(asked))

    def sentences(self, people: Group, tools: Sequence[Ability]) -> list[str]:
        """The policy as plain sentences about these tools, for `signoff can`."""
        return policy_sentences(self.rules, self.default_stages, people, tools)


def judge(policy: Policy, people: Knower, subject: Subject) -> Verdict:
    """The verdict on one action. What is not known is asked or refused, never allowed."""
    case = Case(subject, people, policy.names)
    return concluded(policy, people, case, hits_of(policy, case))


def hits_of(policy: Policy, case: Case) -> list[Hit]:
    """The rules that do not say no to this case."""
    return [
        (rule, match)
        for rule in policy.rules_for(case.subject.tool)
        if (match := rule.match(case)) is not _NO
    ]


def concluded(policy: Policy, people: Knower, case: Case, hits: Sequence[Hit]) -> Verdict:
    """What these hits come to.

    But for the reasons it is the same for all cases of one tool, effect and asker with the same
    hits that are alike in having anything untrusted (`approvals.policy.again` rests on that).
    """
    subject = case.subject
    if not subject.tool or subject.effect not in EFFECTS:
        reason = f"there is no tool called {subject.tool or '(nothing)'}"
        return _verdict(policy, people, subject, "deny", [reason], [])
    denied = [
        (rule, match)
        for rule, match in hits
        if (rule.outcome == "deny" and match is Match.YES)
        or (rule.outcome != "allow" and match is Match.MISSING)
    ]
    if denied:
        reasons = [_reason(rule, match, case) for rule, match in denied]
        return _verdict(policy, people, subject, "deny", reasons, [rule for rule, _ in denied])
    asking = [
        (rule, match)
        for rule, match in hits
        if (rule.outcome == "ask" and match is Match.YES)
        or (rule.outcome != "allow" and match is Match.UNCLEAR)
    ]
    if asking:
        return _ask(policy, people, case, asking, hits)
    allowing = [rule for rule, match in hits if rule.outcome == "allow" and match is Match.YES]
    if allowing:
        reasons = [_reason(rule, Match.YES, case) for rule in allowing]
        return _verdict(policy, people, subject, "allow", reasons, allowing)
    return _ask(policy, people, case, [], hits)


def _ask(
    policy: Policy,
    people: Knower,
    case: Case,
    asking: Sequence[Hit],
    hits: Sequence[Hit],
) -> Verdict:
    stages: list[Stage] = []
    for rule, match in asking:
        reason = _reason(rule, match, case)
        given = rule.stages
        if match is Match.UNCLEAR:
            # The asker's own word does not stand in for what cannot be compared.
            given = tuple(s for s in given if s.who != REQUESTER)
        given = given or _default_stages(policy, reason)
        stages += [replace(stage, why=stage.why or reason) for stage in given]
    if not asking:
        stages += _default_stages(policy, _why_default(case, hits))
    stages = merged(_sterner(policy, case, stages))
    others = any(stage.who != REQUESTER for stage in stages)
    rules = [rule for rule, _ in asking]
    four_eyes = others and (not rules or any(_wants_others(rule, case) for rule in rules))
    reasons = [stage.why for stage in stages]
    verdict = _verdict(policy, people, case.subject, "ask", reasons, rules)
    standing = bool(rules) and all(rule.standing for rule in rules)
    review = max((rule.review for rule in rules), default=100)
    if case.untrusted or case.subject.effect == "irreversible":
        review = 100
    return replace(
        verdict, stages=tuple(stages), four_eyes=four_eyes, standing=standing, review=review
    )


def _sterner(policy: Policy, case: Case, stages: Sequence[Stage]) -> list[Stage]:
    """The asker's own confirmation is dropped where somebody else is asked, and never suffices
    for a value that neither the asker nor our records gave."""
    others = [stage for stage in stages if stage.who != REQUESTER]
    if others:
        return others
    if case.untrusted:
        reason = about_untrusted(case.untrusted, case.subject.principal.name)
        return list(_default_stages(policy, reason))
    return list(stages)


def _wants_others(rule: Rule, case: Case) -> bool:
    return rule.four_eyes or bool(case.untrusted)


def _default_stages(policy: Policy, why: str) -> tuple[Stage, ...]:
    return tuple(replace(stage, why=why) for stage in policy.default_stages)


def _why_default(case: Case, hits: Sequence[Hit]) -> str:
    """Why no rule speaks of it: because a limit over time is reached, where that is so."""
    reached = {Match.REACHED, Match.UNCLEAR}
    words = (rule.limit_words(case.subject) for rule, match in hits if match in reached)
    return joined([each for each in words if each]) or "no rule says otherwise"


def _reason(rule: Rule, match: Match, case: Case) -> str:
    used = rule.limit_words(case.subject) if match is not Match.MISSING else None
    if used is not None and (match is Match.UNCLEAR or (rule.in_all and rule.in_all.above)):
        return used if rule.why is None or match is Match.UNCLEAR else f"{rule.why}: {used}"
    if match is Match.MISSING:
        return f"the rule “{rule.name}” cannot be checked: a fact it needs is not known"
    if match is Match.UNCLEAR:
        return f"{case.subject.amount} cannot be compared with what the rule “{rule.name}” says"
    if rule.why is not None:
        return rule.why
    if rule.untrusted is not None:
        leaves = case.untrusted_of(rule.untrusted)
        return about_untrusted(leaves, case.subject.principal.name)
    return f"the rule “{rule.name}” says so"


def _verdict(  # noqa: PLR0917 - a private constructor
    policy: Policy,
    people: Knower,
    subject: Subject,
    kind: Literal["allow", "ask", "deny"],
    reasons: Sequence[str],
    rules: Sequence[Rule],
) -> Verdict:
    holds = [rule.hold_s for rule in rules if rule.hold_s is not None]
    undos = [rule.undo_s for rule in rules if rule.undo_s is not None]
    spans = [rule.expires for rule in rules if rule.expires is not None] or [policy.expires]
    clock = [span.seconds for span in spans if not span.working]
    working = [span.seconds for span in spans if span.working]
    return Verdict(
        kind=kind,
        reason=joined(reasons),
        rules=tuple(rule.name for rule in rules),
        stages=(),
        expires_in_s=min(clock, default=LONGEST_S),
        four_eyes=False,
        effect=subject.effect,
        digests={"policy": policy.digest, "people": people.digest},
        hold_s=max(holds, default=None),
        undo_s=min(undos, default=None),
        expires_working_s=min(working, default=None),
        on_expiry="reject" if any(rule.reject_on_expiry for rule in rules) else "nothing",
        editable=together([rule.editable for rule in rules if rule.editable]),
        cards=_cards(policy, rules),
    )


def _cards(policy: Policy, rules: Sequence[Rule]) -> str:
    """Where rules that ask together want different places, each approver is shown it alone."""
    wanted = {rule.cards for rule in rules if rule.cards is not None} or {policy.cards}
    return wanted.pop() if len(wanted) == 1 else "dm"
