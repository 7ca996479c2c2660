"""`config/policy.yaml` as it is written: its keys and the shape of each value.

`approvals.policy.file` makes rules of it; docs/how-to/write-the-policy.md tells what they mean.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from approvals.policy.limit_entries import InAll
from approvals.policy.stage_entries import Escalation, StageEntry

Words = str | tuple[str, ...]
Value = bool | int | str


class RuleEntry(BaseModel):
    """One rule as it is written: its conditions, what follows, and how that is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    # Conditions
    tool: Words = ()
    effect: Words = ()
    above: str | None = None
    at_most: str | None = None
    in_all: InAll | None = None
    outside: bool | None = None
    own: bool | None = None
    undoes: bool | None = None
    role: Words = ()
    channel: Words = ()
    automation: Words = ()
    asker: Words = ()
    args: dict[str, Value | tuple[Value, ...]] = {}
    between: str | None = None
    weekday: Words = ()
    untrusted: Literal[True, "recipient", "other"] | None = None
    known: bool | None = None
    when: str | None = None
    in_words: str | None = None
    # What follows: exactly one of
    allow: Literal[True] | None = None
    deny: Literal[True] | None = None
    ask: str | tuple[StageEntry, ...] | None = None
    who: str | None = None
    # and with it
    quorum: int = Field(default=1, ge=1)
    four_eyes: bool = True
    remind: str | None = None
    escalate: Escalation | None = None
    hand_to: str | None = None
    standing: bool = False
    review: str | None = None
    expires: str | None = None
    editable: Words | Literal[False] | None = None
    cards: str | None = None
    hold: str | Literal[False] | None = None
    undo: str | Literal[False] | None = None
    on_expiry: Literal["nothing", "reject"] = "nothing"
    why: str | None = None


class PolicyFile(BaseModel):
    """The whole file as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_approvers: Words
    expires: str = "3 days"
    remind: str | None = None
    cards: str = "thread"
    rules: tuple[RuleEntry, ...]
