"""The tool contract: what a connector declares, and what it is given.

A tool is a typed function plus a declaration. `Registry` (tools/registry.py) refuses a tool that
lacks what its classes demand, by name and reason. Connectors import this module and `core` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import ToolError
from core.money import Money
from core.origins import Origin
from tools.ports import (
    Directory,
    Meaning,
    Note,
    Notes,
    Permissions,
    Person,
    Ports,
    Recalled,
    Trace,
)

#: Connectors import these from here: what they are given is part of the contract.
__all__ = [
    "Amount",
    "Arguments",
    "Call",
    "Caller",
    "Connector",
    "Directory",
    "Done",
    "Effect",
    "Expects",
    "MakePreview",
    "Meaning",
    "Note",
    "Notes",
    "Parts",
    "Permissions",
    "Person",
    "Ports",
    "Preview",
    "Recalled",
    "Record",
    "Recorded",
    "Refused",
    "Result",
    "Retry",
    "Run",
    "Setting",
    "Tool",
    "Trace",
    "Unavailable",
    "Undo",
    "Verify",
]


class Effect(StrEnum):
    READ = "read"
    #: Another tool call puts it back (`Tool.undo`).
    REVERSIBLE = "reversible"
    IRREVERSIBLE = "irreversible"


class Retry(StrEnum):
    #: The counterpart honours our key: calling again with it changes nothing ("same key").
    IDEMPOTENT = "idempotent"
    #: We can look whether it happened (`Tool.verify`) ("looked up").
    VERIFIABLE = "verifiable"
    #: Neither: after an unclear attempt a person is asked ("asks you").
    NEITHER = "neither"


class Refused(ToolError):
    """The other system refused this. Nothing was changed by this attempt."""

    def __init__(self, sentence: str, *, code: str = "refused") -> None:
        super().__init__(sentence)
        self.code = code


class Unavailable(ToolError):
    """The other system does not answer. It is tried again.

    `reached` says whether this attempt may have been received and acted on.
    """

    def __init__(self, sentence: str, *, reached: bool, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.reached = reached
        self.retry_after_s = retry_after_s


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown names are refused, values are not coerced loosely."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Result(BaseModel):
    """Base of every tool's result. `source` is what an answer cites, like `shop order 4711`.

    Everything else counts as what the tool `yields`, so it must be what the counterpart said: an
    argument repeated there would be vouched for by us. Only `source` may repeat one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str


class Amount(BaseModel):
    """Money in arguments: integer minor units (EUR 180.00 is 18000) and an ISO 4217 code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minor: int = Field(gt=0, description="The amount in the smallest unit: EUR 180.00 is 18000")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, like EUR")

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


@dataclass(frozen=True)
class Caller:
    """On whose behalf a tool runs."""

    id: str
    name: str
    email: str | None


@dataclass(frozen=True)
class Call:
    """What the executor gives a tool with its arguments. Only it makes one."""

    action_id: str
    #: `sha256(action id)` as 64 hex digits: the same for every attempt of one action.
    key: str
    caller: Caller
    now: datetime
    timeout_s: float
    #: The facts the approval rests on, for counterparts that accept preconditions.
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: JSON pointer of each argument's leaves -> where it came from; empty at preview.
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """What would happen, for the card, and the facts that the approval rests on.

    `facts` is plain JSON, read from the counterpart now, and read again before execution: a change
    makes a new request. `title` completes "Refund EUR 180.00 to Mara Lind?" without the mark;
    `details` are label/value pairs shown on the card, in order.
    """

    title: str
    verb: str
    details: tuple[tuple[str, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: For policy: what it costs, whether it leaves the company, whether it touches the caller's
    #: own things only, and every recipient.
    amount: Money | None = None
    outside: bool = False
    own: bool = False
    recipients: tuple[str, ...] = ()
    #: "no", or how: "yes, restock by -3".
    undo: str = "no"
    #: Where it puts a text in another's place: a unified diff, which the card shows line by line.
    diff: str = ""


Run = Callable[[Any, Call], Result]
Verify = Callable[[Any, Call], Result | None]
MakePreview = Callable[[Any, Call], Preview]


@dataclass(frozen=True)
class Recorded:
    """One effect of ours as the other system's own record tells it."""

    #: The action's key, or at least its first 32 hex digits; None where the record bears none.
    key: str | None
    #: Its name there, like re_83: no other effect of this tool has it.
    reference: str
    #: For people: "refund of EUR 180.00 for order 4711".
    what: str
    at: datetime


@dataclass(frozen=True)
class Parts:
    """A record that lies in many places, like calendars: their names, and `read(name, since,
    timeout_s)` of each. Both raise `Refused` or `Unavailable`."""

    names: Callable[[float], Sequence[str]]
    read: Callable[[str, datetime, float], Sequence[Recorded]]


@dataclass(frozen=True)
class Record:
    """What the other system says was done under our credentials, to hold against the ledger.

    `read(since, timeout_s)` gives all of it from `since` on; None where what was done leaves no
    trace. `keeps`: what was done stays in it for good, so that what is not there did not happen. A
    calendar, from which people delete, does not; there `lacks(args, call)` may tell of one action
    whether its effect is certainly not there. Both raise `Refused` or `Unavailable`. Where reading
    all of it may take longer than one call, `parts` lets it be read one by one.
    """

    read: Callable[[datetime, float], Sequence[Recorded]] | None
    keeps: bool = False
    lacks: Callable[[Any, Call], bool] | None = None
    parts: Parts | None = None

    @property
    def both_ways(self) -> bool:
        """Whether it shows effects without an action, and actions without their effect."""
        return self.read is not None and (self.keeps or self.lacks is not None)


#: Arguments and result of what was done -> tool name and arguments that put it back.
Undo = Callable[[Any, Mapping[str, Any]], tuple[str, dict[str, Any]]]
#: Arguments and result of what was done -> facts by name.
Expects = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
#: Arguments and result -> what a card says afterwards: "Refunded EUR 180.00, re_83".
Done = Callable[[Any, Any], str]


@dataclass(frozen=True)
class Tool:
    """One declared operation. `run`'s docstring is the prompt a model reads.

    `timeout_s` bounds one attempt; `settle_s` (verifiable tools must say it) is the longest time
    the counterpart may still be working after our last possible send: before it is over nobody may
    say that it did not happen; `key_life_s` (idempotent tools)
    is how long it honours a key.
    """

    name: str
    version: str
    args: type[Arguments]
    result: type[Result]
    effect: Effect
    retry: Retry
    run: Run
    scopes: tuple[str, ...]
    #: What its result's text counts as when a later argument repeats it.
    yields: Origin
    #: Completes "I can …" for `signoff can`: "refund an order".
    can: str
    timeout_s: float = 10.0
    per_minute: int = 60
    #: Names of arguments that decide who or what is hit: recipient, amount, url, id.
    authority: tuple[str, ...] = ()
    #: Names of arguments that whoever approves may change before it is done.
    editable: tuple[str, ...] = ()
    transient: tuple[type[Exception], ...] = (Unavailable,)
    final: tuple[type[Exception], ...] = (Refused,)
    #: It decides about a person (who is hired, what somebody is paid, whose account is closed):
    #: somebody else than the asker agrees each time, whatever the policy says.
    about_people: bool = False
    #: Whether it can reach out of the company at all; the preview says whether this call does.
    reaches_out: bool = False
    preview: MakePreview | None = None
    verify: Verify | None = None
    undo: Undo | None = None
    #: How long it may be undone, unless the policy says otherwise: no longer than the other side
    #: lets it be put back.
    undo_window_s: int = 600
    #: Facts that the undo's own preview finds as long as nobody changed what was done; facts that
    #: are not named here do not matter.
    undo_expects: Expects | None = None
    #: How long it waits before it is begun, unless the policy says otherwise: what cannot be
    #: called back can be taken back until then.
    hold_s: int = 0
    #: Without it the card says the preview's title and the result's source.
    done: Done | None = None
    #: Where a result may hold less trusted things than `yields` says: what this one counts as.
    yields_of: Callable[[Any], Origin] | None = None
    #: Whether a model may call it; what it may not call, people ask for by a button or a command.
    offered: bool = True
    settle_s: float | None = None
    key_life_s: float | None = None
    #: The other system's own record of what this tool did: the reconciler compares it.
    record: Record | None = None
    #: What cannot be compared and why, where there is no record or it shows one direction only;
    #: completes "not compared: …".
    unrecorded: str = ""


@dataclass(frozen=True)
class Setting:
    """A name in the secrets file that a connector needs."""

    name: str
    secret: bool
    about: str


@dataclass(frozen=True)
class Connector:
    """One system's tools and the settings they need."""

    name: str
    version: str
    settings: tuple[Setting, ...]
    tools: tuple[Tool, ...]
    #: Calls a minute of all its tools together, by all workers.
    per_minute: int = 240
