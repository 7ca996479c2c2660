"""`config/policy.yaml` read into a `Policy`; what is wrong in it is said with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from approvals.hours import read_days, read_hours
from approvals.policy.conditions import compiled
from approvals.policy.edits import Editable
from approvals.policy.entries import PolicyFile, RuleEntry, Value
from approvals.policy.judge import EFFECTS, Policy
from approvals.policy.limit_entries import limit_of
from approvals.policy.rules import Rule
from approvals.policy.stage_entries import check_who, span_of, stages_of
from approvals.policy.values import text_of
from approvals.spans import Span
from approvals.stages import REQUESTER, Stage
from core.configfile import ConfigFile, Place, parse_config, read_config
from core.money import Money, NotMoney, parse_money

_CARDS = re.compile(r"thread|dm|channel:[CG][A-Z0-9]+")
#: Keys about a question; a rule that asks nobody has no use for them.
_OF_QUESTIONS = (
    "quorum", "remind", "escalate", "hand_to", "standing", "on_expiry", "editable", "cards",
)  # fmt: skip
_MEND = "Compare with the starter file config/policy.yaml."


def load_policy(path: Path) -> Policy:
    """Read and check the file. Raises `ConfigError` with file, line and mend."""
    return _policy(read_config(path))


def parse_policy(text: str, path: Path) -> Policy:
    """The same for text that was read already; `path` only names it."""
    return _policy(parse_config(text, path))


def _policy(file: ConfigFile) -> Policy:
    parsed = file.read_as(PolicyFile, _MEND)
    approvers = _words(parsed.default_approvers)
    for who in approvers:
        check_who(file, ("default_approvers",), who)
    if not approvers or REQUESTER in approvers:
        raise file.error(
            ("default_approvers",),
            "default_approvers must name somebody other than the asker",
            "Write a group, like group:operations.",
        )
    remind = None if parsed.remind is None else span_of(file, ("remind",), parsed.remind)
    rules = tuple(_rule(file, i, entry, remind) for i, entry in enumerate(parsed.rules))
    _refuse_twins(file, rules)
    reminds = (remind.seconds, remind.working) if remind else (None, False)
    stages = tuple(Stage(who, 1, "", *reminds) for who in approvers)
    expires = span_of(file, ("expires",), parsed.expires)
    cards = _cards(file, ("cards",), parsed.cards) or "thread"
    return Policy(rules, stages, expires, file.digest, cards)


def _rule(file: ConfigFile, index: int, entry: RuleEntry, remind: Span | None) -> Rule:
    place: Place = ("rules", index)
    expires, outcome = entry.expires, _outcome(file, place, entry)
    _refuse_unheard(file, place, entry, outcome)
    tools, effects = _words(entry.tool), _effects(file, place, entry)
    stages = stages_of(file, place, entry, remind)
    return Rule(
        name=entry.name,
        line=file.line(place),
        outcome=outcome,
        stages=stages,
        why=entry.why,
        expires=None if expires is None else span_of(file, (*place, "expires"), expires),
        reject_on_expiry=entry.on_expiry == "reject",
        four_eyes=entry.four_eyes,
        standing=entry.standing,
        review=_review(file, (*place, "review"), entry),
        tools=tools,
        effects=effects,
        above=_money(file, (*place, "above"), entry.above),
        at_most=_money(file, (*place, "at_most"), entry.at_most),
        in_all=limit_of(
            file,
            place,
            entry.in_all,
            tools=tools,
            effects=effects,
            outcome=outcome,
            stages=stages,
        ),
        outside=entry.outside,
        own=entry.own,
        undoes=entry.undoes,
        roles=frozenset(_words(entry.role)),
        channels=frozenset(_words(entry.channel)),
        automations=frozenset(_words(entry.automation)),
        askers=frozenset(_words(entry.asker)),
        args=_args(entry.args),
        between=_between(file, (*place, "between"), entry.between),
        weekdays=_weekdays(file, (*place, "weekday"), entry),
        untrusted="any" if entry.untrusted is True else entry.untrusted,
        known=entry.known,
        when=entry.when,
        editable=_editable(file, place, entry),
        cards=_cards(file, (*place, "cards"), entry.cards),
        hold_s=_window(file, (*place, "hold"), entry.hold),
        undo_s=_window(file, (*place, "undo"), entry.undo),
        in_words=entry.in_words,
        program=compiled(file, (*place, "when"), entry.when),
    )


def _outcome(file: ConfigFile, place: Place, entry: RuleEntry) -> Literal["allow", "ask", "deny"]:
    says = [key for key in ("allow", "deny", "ask", "who") if getattr(entry, key) is not None]
    if len(says) != 1:
        given = " and ".join(says) if says else "none of them"
        raise file.error(
            place,
            f"rule {entry.name!r} must say one of allow, deny, ask or who; it says {given}",
            "Keep one: `allow: true`, `deny: true`, `ask: requester` or `who: group:finance`.",
        )
    if entry.allow:
        return "allow"
    return "deny" if entry.deny else "ask"


def _review(file: ConfigFile, place: Place, entry: RuleEntry) -> int:
    if entry.review is None:
        return 100
    match = re.fullmatch(r"(\d{1,2}|100) ?%", entry.review)
    if not match or int(match[1]) == 0 or (entry.ask is None and entry.who is None):
        mend = "Write it like 50 %, beside `who` or `ask`. To ask nobody, write `allow: true`."
        raise file.error(place, f"{entry.review!r} is no share of what is asked about", mend)
    return int(match[1])


def _refuse_unheard(file: ConfigFile, place: Place, entry: RuleEntry, outcome: str) -> None:
    """Keys that would say nothing beside the others."""
    given = entry.model_fields_set
    several = isinstance(entry.ask, tuple)
    unheard = [key for key in _OF_QUESTIONS if key in given and outcome != "ask"]
    unheard += ["quorum"] if several and "quorum" in given else []
    unheard += ["in_words"] if entry.in_words is not None and entry.when is None else []
    if unheard:
        mend = {
            "quorum": "Write it in each stage of the list." if several else "",
            "in_words": "It says what `when` means: write that too, or take it out.",
        }
        raise file.error(
            (*place, unheard[0]),
            f"{unheard[0]} says nothing in rule {entry.name!r}",
            mend.get(unheard[0]) or "It is about questions, and this rule asks nobody.",
        )


def _editable(file: ConfigFile, place: Place, entry: RuleEntry) -> Editable | None:
    if entry.editable is None:
        return None
    where = f"{file.path}, line {file.line((*place, 'editable'))}"
    return Editable(_words(entry.editable or ()), where, _words(entry.tool))


def _cards(file: ConfigFile, place: Place, text: str | None) -> str | None:
    if text is not None and not _CARDS.fullmatch(text):
        raise file.error(
            place,
            f"{text!r} is no place for a card",
            "Write thread, dm, or channel: and a channel's id, like channel:C0123ABCD.",
        )
    return text


def _args(given: Mapping[str, Value | tuple[Value, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {
        name: tuple(text_of(item) for item in (values if isinstance(values, tuple) else (values,)))
        for name, values in given.items()
    }


def _between(file: ConfigFile, place: Place, text: str | None) -> tuple[int, int] | None:
    found = None if text is None else read_hours(text)
    if text is not None and found is None:
        raise file.error(place, f"{text!r} is no time of day", "Write it like 08:00-18:00.")
    return found


def _weekdays(file: ConfigFile, place: Place, entry: RuleEntry) -> frozenset[int]:
    found = [read_days(text) for text in _words(entry.weekday)]
    if None in found:
        raise file.error(place, "these are no days of the week", "Write mon-fri, or [sat, sun].")
    return frozenset().union(*(days for days in found if days))


def _effects(file: ConfigFile, place: Place, entry: RuleEntry) -> frozenset[str]:
    named = set(_words(entry.effect))
    if "write" in named:
        named = (named - {"write"}) | (EFFECTS - {"read"})
    if unknown := named - EFFECTS:
        raise file.error(
            (*place, "effect"),
            f"{sorted(unknown)[0]!r} is not an effect",
            "Write read, write, reversible or irreversible.",
        )
    return frozenset(named)


def _money(file: ConfigFile, place: Place, text: str | None) -> Money | None:
    if text is None:
        return None
    try:
        return parse_money(text)
    except NotMoney as error:
        raise file.error(place, error.sentence, "Write it like 100 EUR.") from error


def _window(file: ConfigFile, place: Place, text: str | Literal[False] | None) -> int | None:
    """Seconds by the clock; `no` is 0, and nothing said is None."""
    if not text:
        return None if text is None else 0
    span = span_of(file, place, text)
    if span.working:
        raise file.error(place, f"{text!r} runs by the clock alone", "Write it like 20 s or 4 h.")
    return span.seconds


def _refuse_twins(file: ConfigFile, rules: tuple[Rule, ...]) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.name in seen:
            raise file.error(
                ("rules", index, "name"),
                f"two rules are called {rule.name!r} (first in line {seen[rule.name]})",
                "Give each rule its own name: verdicts name them.",
            )
        seen[rule.name] = rule.line


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
