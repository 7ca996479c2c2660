"""A stage of a question: who must agree, how many, and what happens while they do not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

REQUESTER = "requester"


@dataclass(frozen=True)
class Stage:
    """`quorum` different people of `who` must agree: `group:…`, `usergroup:…`, `person:…` or
    `requester`. Times are seconds, of working time where the flag beside them says so."""

    who: str
    quorum: int = 1
    why: str = ""
    #: Those whose answer is missing are reminded each time this much has passed.
    remind_s: int | None = None
    remind_working: bool = False
    #: After this time `escalate_to` may answer too, or instead.
    escalate_s: int | None = None
    escalate_working: bool = False
    escalate_to: str = ""
    instead: bool = False
    #: Whether that time has come.
    escalated: bool = False
    #: Who else this may be handed to, beyond `who`.
    hand_to: str = ""
    #: Ids of those it was handed to.
    handed: tuple[str, ...] = ()
    #: Ids of those who are asked, where that is not everybody; the others may answer all the same.
    asked: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: who, quorum and why, and of the rest what is not as it is by itself."""
        whole = asdict(self)
        kept = {f.name for f in fields(self) if whole[f.name] != f.default}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in whole.items()
            if key in kept or key in ("who", "quorum", "why")
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stage:
        """What `as_json` gave. Raises `TypeError` for anything else."""
        lists = {k: tuple(v) for k, v in value.items() if isinstance(v, list)}
        return cls(**{**value, **lists})

    @property
    def escalates(self) -> bool:
        """Whether its escalation is still to come."""
        return self.escalate_s is not None and not self.escalated


def joined(reasons: Sequence[str]) -> str:
    """Distinct reasons, in order, with semicolons."""
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def merged(stages: Sequence[Stage]) -> list[Stage]:
    """One stage per `who`: the highest quorum, every reason, the soonest reminder and escalation,
    and handed on only as far as every rule lets it."""
    found: dict[str, Stage] = {}
    for stage in stages:
        same = found.get(stage.who)
        found[stage.who] = stage if same is None else _both(same, stage)
    return list(found.values())


def _both(one: Stage, two: Stage) -> Stage:
    reminds = min(one, two, key=lambda s: _sooner(s.remind_s, s.remind_working))
    escalates = min(one, two, key=lambda s: (*_sooner(s.escalate_s, s.escalate_working), s.instead))
    return replace(
        one,
        quorum=max(one.quorum, two.quorum),
        why=joined([one.why, two.why]),
        remind_s=reminds.remind_s,
        remind_working=reminds.remind_working,
        escalate_s=escalates.escalate_s,
        escalate_working=escalates.escalate_working,
        escalate_to=escalates.escalate_to,
        instead=escalates.instead,
        hand_to=one.hand_to if one.hand_to == two.hand_to else "",
    )


def _sooner(seconds: int | None, working: bool) -> tuple[bool, int]:
    # Of a week's 168 hours about 40 are worked.
    return seconds is None, (seconds or 0) * (168 if working else 40)
