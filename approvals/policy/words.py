"""Policy in a person's words: reasons for cards, and the whole file as sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from approvals.policy.cases import Leaf
from approvals.policy.rules import Rule
from approvals.spans import Span
from approvals.stages import REQUESTER, Stage
from core.origins import Origin


class Group(Protocol):
    """What the sentences need of the directory: who is in a group, and names."""

    def members(self, group: str) -> Sequence[object]: ...


class Ability(Protocol):
    """What the sentences need of a tool (`tools.contract.Tool`)."""

    @property
    def name(self) -> str: ...
    @property
    def can(self) -> str: ...
    @property
    def effect(self) -> str: ...


#: From Monday on.
DAY_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def approver_words(who: str) -> str:
    """`group:finance` as `Finance`, `person:finn` as `Finn`, `requester` as the person who asks."""
    kind, _, name = who.partition(":")
    if kind == "requester":
        return "the person who asks"
    if who == "operators":
        return "an operator"
    return name.replace("-", " ").replace("_", " ").capitalize()


def about_untrusted(leaves: Sequence[Leaf], asker: str) -> str:
    """`the recipient x@y.example is from a letter, not from Ana`."""
    first = leaves[0]
    what = "recipient" if first.recipient else first.argument.replace("_", " ")
    verb = "was" if first.origin is Origin.MODEL else "is"
    more = f" (and {len(leaves) - 1} more like it)" if len(leaves) > 1 else ""
    first_name = asker.partition(" ")[0]
    return f"the {what} {first.value} {verb} {first.origin.words}, not from {first_name}{more}"


def policy_sentences(
    rules: Sequence[Rule],
    default_stages: Sequence[Stage],
    people: Group,
    tools: Sequence[Ability],
) -> list[str]:
    """What `signoff can` prints: one sentence per rule, in the file's order, then the rest."""
    lines = [line for rule in rules if (line := _sentence(rule, people, tools))]
    lines.append(f"Anything else: {_approve(default_stages, people, four_eyes=True)}")
    return lines


def _sentence(rule: Rule, people: Group, tools: Sequence[Ability]) -> str | None:
    subject = _subject(rule, tools)
    if subject is None:
        return None
    conditions = _conditions(rule)
    # A condition after several abilities would read as if it were about the last one.
    joint = ", " if len(_covered(rule, tools)) > 1 and rule.tools else " "
    head = f"{subject}{joint if conditions else ''}{conditions}"
    final = any(tool.effect == "irreversible" for tool in _covered(rule, tools))
    return f"{head[0].upper()}{head[1:]}: {_outcome(rule, people, final=final)}"


def _subject(rule: Rule, tools: Sequence[Ability]) -> str | None:
    """What it is about; None for a rule about tools that are not there."""
    covered = _covered(rule, tools)
    if not covered:
        return None
    cans = [tool.can for tool in covered]
    if rule.tools:
        return joined_words(cans)
    if rule.effects == {"read"}:
        return f"reads ({', '.join(cans[:3])}{' …' if len(cans) > 3 else ''})"
    return "everything" if "read" in rule.effects or not rule.effects else "every change"


def _covered(rule: Rule, tools: Sequence[Ability]) -> list[Ability]:
    named = [tool for tool in tools if rule.names_tool(tool.name)]
    return [tool for tool in named if not rule.effects or str(tool.effect) in rule.effects]


def _conditions(rule: Rule) -> str:
    parts = []
    if rule.above is not None:
        parts.append(f"above {short_money(str(rule.above))}")
    if rule.at_most is not None:
        parts.append(f"up to {short_money(str(rule.at_most))}")
    if rule.in_all is not None:
        parts.append(rule.in_all.condition)
    if rule.outside is not None:
        parts.append("reaching outside the company" if rule.outside else "inside the company")
    if rule.own is not None:
        parts.append("of your own" if rule.own else "touching other people's things")
    if rule.undoes is not None:
        parts.append("taking back what was done" if rule.undoes else "not taking anything back")
    if rule.roles:
        parts.append(f"for {joined_words(sorted(rule.roles))}")
    if rule.channels:
        parts.append("in " + ", ".join(f"<#{channel}>" for channel in sorted(rule.channels)))
    if rule.automations:
        parts.append(f"by {', '.join(sorted(rule.automations))}")
    if rule.askers:
        parts.append(f"asked for by {joined_words(sorted(rule.askers))}")
    parts += [f"where {name} is {joined_words(some)}" for name, some in rule.args.items()]
    parts += _time_conditions(rule)
    parts += _origin_conditions(rule)
    if rule.when is not None:
        parts.append(rule.in_words or f"when {rule.when}")
    return ", ".join(parts)


def _time_conditions(rule: Rule) -> list[str]:
    parts = []
    if rule.between is not None:
        begin, end = (f"{at // 60:02}:{at % 60:02}" for at in rule.between)
        parts.append(f"between {begin} and {end}")
    if rule.weekdays:
        parts.append(f"on {joined_words([DAY_NAMES[day] for day in sorted(rule.weekdays)])}")
    return parts


def _origin_conditions(rule: Rule) -> list[str]:
    parts = []
    if rule.untrusted is not None:
        what = {"any": "what it hits", "recipient": "the recipient", "other": "what it hits"}
        parts.append(
            f"where {what[rule.untrusted]} is from a letter, a document, the web or made up"
        )
    if rule.known is not None:
        parts.append("known in our directory" if rule.known else "not known in our directory")
    return parts


def _outcome(rule: Rule, people: Group, *, final: bool) -> str:
    """`final`: it is about something that cannot be undone (`approvals.floors`)."""
    if rule.outcome == "allow":
        return "I just do it; what cannot be undone you confirm." if final else "I just do it."
    if rule.outcome == "deny":
        return "I refuse."
    after = []
    if rule.review < 100:
        after.append(f"Only {rule.review} % of what can be put back is asked about.")
    if rule.reject_on_expiry:
        after.append("Without an answer in time it counts as refused.")
    if rule.editable is not None:
        names = joined_words([name.replace("_", " ") for name in rule.editable.names])
        after.append(f"Of it they may change {names or 'nothing'}.")
    if rule.cards is not None:
        after.append(f"The card stands {_place(rule.cards)}.")
    return " ".join([_approve(rule.stages, people, four_eyes=rule.four_eyes), *after])


def _place(cards: str) -> str:
    kind, _, channel = cards.partition(":")
    if kind == "channel":
        return f"in <#{channel}>"
    return "in each approver's direct messages" if kind == "dm" else "where it was asked"


def _approve(stages: Sequence[Stage], people: Group, *, four_eyes: bool) -> str:
    return ", then ".join(_stage(stage, people, four_eyes) for stage in stages) + "."


def _stage(stage: Stage, people: Group, four_eyes: bool) -> str:
    if stage.who == REQUESTER:
        return "you confirm"
    kind, _, name = stage.who.partition(":")
    words = approver_words(stage.who)
    if kind == "group" and not people.members(name):
        return f"nobody can approve ({words} is empty)"
    count = f"{stage.quorum} of {words} approve" if stage.quorum > 1 else f"{words} approves"
    notes = ["not the asker"] if four_eyes else []
    if stage.escalate_s is not None:
        how = "instead" if stage.instead else "too"
        after = Span(stage.escalate_s, stage.escalate_working).words
        notes.append(f"after {after} {approver_words(stage.escalate_to)} may {how}")
    return f"{count} ({'; '.join(notes)})" if notes else count


def joined_words(words: Sequence[str]) -> str:
    """`a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


def short_money(text: str) -> str:
    """`EUR 100.00` as `EUR 100`."""
    return text.removesuffix(".00")
