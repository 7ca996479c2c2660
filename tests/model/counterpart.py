"""The other system, honest about loss, doubling and delay; and a tool of each kind.

A request that was sent may arrive until the caller's deadline, and what arrived may be worked on
for as long as the tool declares (`settle_s`); meanwhile a look does not see it. Keys are honoured
for the declared time from their first arrival. Every effect is written down where it happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.clock import HeldClock
from core.money import Money
from core.origins import Origin
from tests.model.gates import Died, gate
from tools.bounded import Overrun
from tools.contract import (
    Arguments,
    Call,
    Connector,
    Effect,
    Preview,
    Refused,
    Result,
    Retry,
    Tool,
    Unavailable,
)

TIMEOUT_S, SETTLE_S, KEY_LIFE_S = 2.0, 40.0, 100.0

#: What may become of a request. `held`: it is on its way while the caller waits; `late`: received,
#: and worked on later; `overrun`: the caller gave up and still sends; `odd`: nobody understands
#: the answer.
FATES = ("answered", "reply lost", "late", "held", "lost", "overrun", "refused", "down", "odd")


#: The scope that `ship` needs; and what a payment of 1 is worth.
SHIP, CURRENCY, ONE = "other:ship", "EUR", 100


def worth_of(tool: str, amount: int) -> int:
    """Minor units that this moves; 0 where it is not about money."""
    return ONE * amount if tool == "other.pay" else 0


class Thing(Arguments):
    what: str
    amount: int


class Done(Result):
    number: int


class Other(Result):
    words: str = "?"


@dataclass(eq=False)
class Sent:
    """One request: on its way until `arrives_by`, then worked on until `done_by`."""

    tool: Tool
    action_id: str
    key: str
    args: dict[str, Any]
    facts: dict[str, Any]
    arrives_by: datetime
    done_by: datetime | None = None


@dataclass(frozen=True)
class Applied:
    """An effect, as the other system's own books have it."""

    number: int
    tool: str
    action_id: str
    key: str
    args: dict[str, Any]
    facts: dict[str, Any]


@dataclass
class Counterpart:
    clock: HeldClock
    effects: list[Applied] = field(default_factory=list)
    travelling: list[Sent] = field(default_factory=list)
    working: list[Sent] = field(default_factory=list)
    #: Counted up by every effect and by other people: what previews pin; and when it came to be so.
    balance: dict[str, int] = field(default_factory=dict)
    history: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    _keys: dict[str, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)

    @property
    def connector(self) -> Connector:
        return Connector(name="other", version="1.0.0", settings=(), tools=_tools(self))

    def effects_of(self, action_id: str) -> list[Applied]:
        return [effect for effect in self.effects if effect.action_id == action_id]

    def under_way(self, action_id: str) -> bool:
        """Whether something of this action may still be done."""
        return any(sent.action_id == action_id for sent in (*self.travelling, *self.working))

    def call(self, tool: Tool, args: Thing, call: Call) -> Result:
        """Send it, and have happen to it what the model says."""
        asked = self.clock.now()
        deadline = asked + timedelta(seconds=call.timeout_s)
        sent = Sent(tool, call.action_id, call.key, args.model_dump(), dict(call.facts), deadline)
        fate = gate("send", sent) or "answered"
        # Between its last look at the clock and the send nothing can stop a process that is
        # paused for longer: in this one place a model worker never wakes so late.
        if asked < deadline <= self.clock.now():
            raise Died()
        return self._happen(sent, fate)

    def look(self, call: Call) -> Result | None:
        fate = gate("look") or "answered"
        if fate in ("answered", "late", "odd"):
            found = [effect for effect in self.effects if effect.key == call.key]
            return Done(source="other", number=found[0].number) if found else None
        if fate == "refused":
            raise Refused("Nothing may be looked up now.")
        raise Unavailable("It does not answer.", reached=False)

    def preview(self, args: Thing, tool: Tool) -> Preview:
        if gate("preview") in ("down", "lost"):
            raise Unavailable("It does not answer.", reached=False)
        facts = {"balance": self.balance.get(args.what, 0)}
        worth = worth_of(tool.name, args.amount)
        amount = Money(worth, CURRENCY) if worth else None
        return Preview(f"Do {args.amount} to {args.what}", "do", facts=facts, amount=amount)

    def arrive(self, sent: Sent) -> None:
        """It is received, and from now on worked on."""
        self._drop(self.travelling, sent)
        if sent.tool.retry is Retry.IDEMPOTENT:
            self._forget()
            if sent.key in self._keys:
                self._finish_first(sent.key)
                return
            self._keys[sent.key] = (self.clock.now(), sent.args)
        sent.done_by = self.clock.now() + timedelta(seconds=SETTLE_S)
        self.working.append(sent)

    def apply(self, sent: Sent) -> Applied:
        """It is done."""
        self._drop(self.working, sent)
        number, what = len(self.effects) + 1, sent.args["what"]
        applied = Applied(number, sent.tool.name, sent.action_id, sent.key, sent.args, sent.facts)
        self.effects.append(applied)
        self.count_up(what)
        return applied

    def count_up(self, what: str) -> None:
        """Something changed there."""
        self.balance[what] = self.balance.get(what, 0) + 1
        self.history.setdefault(what, []).append((self.clock.now(), self.balance[what]))

    def was(self, what: str, balance: int, since: datetime, until: datetime) -> bool:
        """Whether the balance was so at any moment of that time, its first and last among them."""
        changes = self.history.get(what, [])
        before = [number for at, number in changes if at < since]
        return balance in ((before or [0])[-1], *(n for at, n in changes if since <= at <= until))

    def pass_time(self) -> None:
        """What was not received in time is lost; what must be done by now is done."""
        now = self.clock.now()
        for sent in [sent for sent in self.travelling if sent.arrives_by <= now]:
            self._drop(self.travelling, sent)
        for sent in list(self.working):
            if sent.done_by is not None and sent.done_by <= now:
                self.apply(sent)

    def _happen(self, sent: Sent, fate: str) -> Result:
        if fate == "refused":
            raise Refused("Not now.")
        if fate == "down":
            raise Unavailable("It does not answer.", reached=False)
        if sent.tool.effect is Effect.READ:
            return self._read(sent, fate)
        if fate == "overrun":
            sent.arrives_by = self.clock.now() + timedelta(seconds=TIMEOUT_S)
            self.travelling.append(sent)
            raise Overrun(TIMEOUT_S)
        if fate == "held":
            self.travelling.append(sent)
            gate("waiting")
            self._drop(self.travelling, sent)
        elif fate != "lost":
            self.arrive(sent)
            if fate != "late" and sent in self.working:
                self.apply(sent)
        if fate == "odd":
            return Other(source="other")
        if fate in ("answered", "held") and (found := self._answer(sent)):
            gate("replied")
            return found
        raise Unavailable("It does not answer.", reached=True)

    def _read(self, sent: Sent, fate: str) -> Result:
        if fate == "odd":
            return Other(source="other")
        if fate in ("answered", "late", "held"):
            gate("replied")
            return Done(source="other", number=self.balance.get(sent.args["what"], 0))
        raise Unavailable("It does not answer.", reached=True)

    def _answer(self, sent: Sent) -> Done | None:
        mine = [e.number for e in self.effects if e.key == sent.key and e.args == sent.args]
        return Done(source="other", number=mine[-1]) if mine else None

    def _finish_first(self, key: str) -> None:
        for first in [sent for sent in self.working if sent.key == key]:
            self.apply(first)

    def _forget(self) -> None:
        oldest = self.clock.now() - timedelta(seconds=KEY_LIFE_S)
        self._keys = {key: kept for key, kept in self._keys.items() if kept[0] > oldest}

    @staticmethod
    def _drop(where: list[Sent], sent: Sent) -> None:
        if sent in where:
            where.remove(sent)


def _tools(other: Counterpart) -> tuple[Tool, ...]:
    same_key = {"retry": Retry.IDEMPOTENT, "key_life_s": KEY_LIFE_S}
    looked_up = {"retry": Retry.VERIFIABLE, "verify": _verify(other), "settle_s": SETTLE_S}
    both = {**looked_up, **same_key}
    return (
        _tool(other, "pay", Effect.IRREVERSIBLE, **same_key),
        _tool(other, "ship", Effect.IRREVERSIBLE, **same_key, scopes=(SHIP,)),
        _tool(other, "transfer", Effect.IRREVERSIBLE, **both),
        _tool(other, "order", Effect.REVERSIBLE, **looked_up, undo=_unorder),
        _tool(other, "book", Effect.IRREVERSIBLE, **looked_up),
        _tool(other, "letter", Effect.IRREVERSIBLE, retry=Retry.NEITHER),
        _tool(other, "note", Effect.IRREVERSIBLE, retry=Retry.NEITHER),
        _tool(other, "gift", Effect.IRREVERSIBLE, retry=Retry.NEITHER),
        _tool(other, "read", Effect.READ, retry=Retry.IDEMPOTENT),
    )


def _tool(other: Counterpart, name: str, effect: Effect, **more: Any) -> Tool:
    def run(args: Thing, call: Call) -> Result:
        """Do the thing."""
        return other.call(tool, args, call)

    def preview(args: Thing, _call: Call) -> Preview:
        return other.preview(args, tool)

    more = {"scopes": ("other:use",), **more}
    tool = Tool(
        name=f"other.{name}", version="1.0.0", args=Thing, result=Done, effect=effect, run=run,
        yields=Origin.FIRST_PARTY, can=f"{name} something",
        timeout_s=TIMEOUT_S, authority=("what", "amount"), preview=preview, per_minute=10_000,
        unrecorded="" if effect is Effect.READ else "anything; the model has no reconciler",
        editable=() if effect is Effect.READ else ("amount",),
        **more,
    )  # fmt: skip
    return tool


def _verify(other: Counterpart) -> Any:
    return lambda _args, call: other.look(call)


def _unorder(args: Thing, _result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "other.order", {"what": args.what, "amount": -args.amount}
