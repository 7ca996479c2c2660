"""Who is asked, as the policy file says it: stages with their reminders and escalations."""

from __future__ import annotations

import re
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from approvals.spans import Span, read_span
from approvals.stages import REQUESTER, Stage
from core.configfile import ConfigFile, Place

_WHO = re.compile(r"requester|(group|usergroup|person):[\w.-]+")
_OTHERS = re.compile(r"(group|usergroup):[\w.-]+")


class Escalation(BaseModel):
    """`escalate: {after: 4 working hours, who: group:board, instead: true}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: str
    who: str
    instead: bool = False


class StageEntry(BaseModel):
    """One entry of a list under `ask`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str
    quorum: int = Field(default=1, ge=1)
    why: str = ""
    remind: str | None = None
    escalate: Escalation | None = None
    hand_to: str | None = None


class Asking(Protocol):
    """What a rule says of whom it asks."""

    @property
    def ask(self) -> str | tuple[StageEntry, ...] | None: ...
    @property
    def who(self) -> str | None: ...
    @property
    def quorum(self) -> int: ...
    @property
    def remind(self) -> str | None: ...
    @property
    def escalate(self) -> Escalation | None: ...
    @property
    def hand_to(self) -> str | None: ...


def stages_of(
    file: ConfigFile, place: Place, entry: Asking, remind: Span | None
) -> tuple[Stage, ...]:
    """The stages a rule asks; what a stage does not say itself is as the rule says.

    `remind` is what the file says for all. Raises `ConfigError`.
    """
    if isinstance(entry.ask, tuple):
        if not entry.ask:
            raise file.error((*place, "ask"), "ask names nobody", "Name at least one stage.")
        named = [((*place, "ask", i), stage) for i, stage in enumerate(entry.ask)]
    else:
        who = entry.ask or entry.who
        at = (*place, "ask" if entry.ask is not None else "who")
        _one_spelling(file, at, entry)
        named = [] if who is None else [(at, StageEntry(who=who, quorum=entry.quorum))]
    twice = [at for i, (at, s) in enumerate(named) if s.who in [t.who for _, t in named[:i]]]
    if twice:
        raise file.error(
            twice[0],
            "these are asked twice, and nobody answers twice",
            "Write one stage with a higher quorum.",
        )
    return tuple(_stage(file, at, place, stage, entry, remind) for at, stage in named)


def _one_spelling(file: ConfigFile, at: Place, entry: Asking) -> None:
    """Each thing is written in one way: whoever reads many rules knows them at sight."""
    if entry.ask not in (None, REQUESTER):
        raise file.error(
            at, "ask is for the asker or for a list of stages", f"Write `who: {entry.ask}`."
        )
    if entry.who == REQUESTER:
        raise file.error(at, "who is for others than the asker", "Write `ask: requester`.")


def check_who(file: ConfigFile, place: Place, who: str) -> None:
    """Raise `ConfigError` unless this names somebody who could be asked."""
    if not _WHO.fullmatch(who):
        raise file.error(
            place,
            f"{who!r} is nobody I can ask",
            "Write requester, group:<name>, usergroup:<name> or person:<id>.",
        )


def span_of(file: ConfigFile, place: Place, text: str) -> Span:
    """A span of time. Raises `ConfigError`."""
    found = read_span(text)
    if found is None:
        raise file.error(
            place,
            f"{text!r} is not a span of time",
            "Write it like 20 s, 3 days or 4 working hours.",
        )
    return found


def _stage(  # noqa: PLR0917 - a private call
    file: ConfigFile,
    at: Place,
    rule: Place,
    stage: StageEntry,
    entry: Asking,
    remind: Span | None,
) -> Stage:
    check_who(file, at, stage.who)
    if stage.who == REQUESTER and stage.quorum > 1:
        raise file.error(rule, "the asker is one person: quorum cannot be above 1", "Ask a group.")
    own = at if stage.remind is not None or stage.escalate is not None else rule
    reminds = stage.remind or entry.remind
    if reminds is not None:
        remind = span_of(file, (*own, "remind"), reminds)
    found = Stage(stage.who, stage.quorum, stage.why)
    escalation = stage.escalate or entry.escalate
    if stage.who == REQUESTER:
        if escalation is not None or stage.hand_to or entry.hand_to:
            raise file.error(
                at, "what the asker confirms is for nobody else", "Ask a group instead."
            )
        return _with(found, remind=remind)
    hand_to = stage.hand_to or entry.hand_to
    if hand_to is not None and not _OTHERS.fullmatch(hand_to):
        raise file.error(at, f"{hand_to!r} is no group", "Write group:<name> or usergroup:<name>.")
    return _with(
        found,
        remind=remind,
        escalation=escalation,
        after=None if escalation is None else _after(file, own, escalation),
        hand_to=hand_to or "",
    )


def _after(file: ConfigFile, place: Place, escalation: Escalation) -> Span:
    at = (*place, "escalate")
    check_who(file, (*at, "who"), escalation.who)
    if escalation.who == REQUESTER:
        raise file.error(
            (*at, "who"), "the asker cannot decide instead of others", "Name a group or a person."
        )
    return span_of(file, (*at, "after"), escalation.after)


def _with(
    stage: Stage,
    *,
    remind: Span | None,
    escalation: Escalation | None = None,
    after: Span | None = None,
    hand_to: str = "",
) -> Stage:
    return Stage(
        stage.who,
        stage.quorum,
        stage.why,
        remind_s=remind.seconds if remind else None,
        remind_working=bool(remind and remind.working),
        escalate_s=after.seconds if after else None,
        escalate_working=bool(after and after.working),
        escalate_to=escalation.who if escalation else "",
        instead=bool(escalation and escalation.instead),
        hand_to=hand_to,
    )
