"""`config/policy.yaml` read into a `Policy`; what is wrong in it is said with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from approvals.cases import Stage
from approvals.conditions import compiled
from approvals.policy import EFFECTS, Policy
from approvals.rules import Rule
from core.configfile import ConfigFile, Place, parse_config, read_config
from core.money import Money, NotMoney, parse_money

_MEND = "Compare with the starter file config/policy.yaml."
_WHO = re.compile(r"requester|group:[\w.-]+|person:[\w.-]+")
_SPAN = re.compile(r"(\d+)\s*(seconds?|sec|s|minutes?|min|m|hours?|h|days?|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Words = str | tuple[str, ...]


class _StageEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str
    quorum: int = Field(default=1, ge=1)
    why: str = ""


class _RuleEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    tool: Words = ()
    effect: Words = ()
    above: str | None = None
    at_most: str | None = None
    outside: bool | None = None
    own: bool | None = None
    undoes: bool | None = None
    role: Words = ()
    channel: Words = ()
    automation: Words = ()
    untrusted: Literal[True, "recipient", "other"] | None = None
    known: bool | None = None
    when: str | None = None
    in_words: str | None = None
    allow: Literal[True] | None = None
    deny: Literal[True] | None = None
    ask: str | tuple[_StageEntry, ...] | None = None
    who: str | None = None
    quorum: int = Field(default=1, ge=1)
    four_eyes: bool = True
    expires: str | None = None
    hold: str | Literal[False] | None = None
    undo: str | Literal[False] | None = None
    why: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    default_approvers: Words
    expires: str = "3 days"
    rules: tuple[_RuleEntry, ...]


def load_policy(path: Path) -> Policy:
    """Read and check the file. Raises `ConfigError` with file, line and mend."""
    return _policy(read_config(path))


def parse_policy(text: str, path: Path) -> Policy:
    """The same for text that was read already; `path` only names it."""
    return _policy(parse_config(text, path))


def _policy(file: ConfigFile) -> Policy:
    parsed = file.read_as(_File, _MEND)
    approvers = _words(parsed.default_approvers)
    for who in approvers:
        _check_who(file, ("default_approvers",), who)
    if not approvers or "requester" in approvers:
        raise file.error(
            ("default_approvers",),
            "default_approvers must name somebody other than the asker",
            "Write a group, like group:operations.",
        )
    rules = tuple(_rule(file, i, entry) for i, entry in enumerate(parsed.rules))
    _refuse_twins(file, rules)
    return Policy(rules, approvers, _span(file, ("expires",), parsed.expires), file.digest)


def _rule(file: ConfigFile, index: int, entry: _RuleEntry) -> Rule:
    place: Place = ("rules", index)
    expires = entry.expires
    return Rule(
        name=entry.name,
        line=file.line(place),
        outcome=_outcome(file, place, entry),
        stages=_stages(file, place, entry),
        why=entry.why,
        expires_s=None if expires is None else _span(file, (*place, "expires"), expires),
        four_eyes=entry.four_eyes,
        tools=_words(entry.tool),
        effects=_effects(file, place, entry),
        above=_money(file, (*place, "above"), entry.above),
        at_most=_money(file, (*place, "at_most"), entry.at_most),
        outside=entry.outside,
        own=entry.own,
        undoes=entry.undoes,
        roles=frozenset(_words(entry.role)),
        channels=frozenset(_words(entry.channel)),
        automations=frozenset(_words(entry.automation)),
        untrusted="any" if entry.untrusted is True else entry.untrusted,
        known=entry.known,
        when=entry.when,
        hold_s=_window(file, (*place, "hold"), entry.hold),
        undo_s=_window(file, (*place, "undo"), entry.undo),
        in_words=entry.in_words,
        program=compiled(file, (*place, "when"), entry.when),
    )


def _outcome(file: ConfigFile, place: Place, entry: _RuleEntry) -> Literal["allow", "ask", "deny"]:
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


def _stages(file: ConfigFile, place: Place, entry: _RuleEntry) -> tuple[Stage, ...]:
    if isinstance(entry.ask, tuple):
        if not entry.ask:
            raise file.error((*place, "ask"), "ask names nobody", "Name at least one stage.")
        stages = tuple(Stage(stage.who, stage.quorum, stage.why) for stage in entry.ask)
    else:
        who = entry.ask or entry.who
        stages = () if who is None else (Stage(who, entry.quorum),)
    for stage in stages:
        _check_who(file, (*place, "ask" if entry.ask is not None else "who"), stage.who)
        if stage.who == "requester" and stage.quorum > 1:
            raise file.error(
                place, "the asker is one person: quorum cannot be above 1", "Ask a group."
            )
    return stages


def _check_who(file: ConfigFile, place: Place, who: str) -> None:
    if not _WHO.fullmatch(who):
        raise file.error(
            place,
            f"{who!r} is nobody I can ask",
            "Write requester, group:<name> or person:<id>.",
        )


def _effects(file: ConfigFile, place: Place, entry: _RuleEntry) -> frozenset[str]:
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


def _span(file: ConfigFile, place: Place, text: str) -> int:
    match = _SPAN.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        raise file.error(
            place, f"{text!r} is not a span of time", "Write it like 20 s, 4 h or 3 days."
        )
    return int(match[1]) * _SECONDS[match[2][0]]


def _window(file: ConfigFile, place: Place, text: str | Literal[False] | None) -> int | None:
    """Seconds; `no` is 0, and nothing said is None."""
    if text is None:
        return None
    return 0 if text is False else _span(file, place, text)


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
