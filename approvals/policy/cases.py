"""One action before the policy: the facts judged, and what several rules need of them.

Pure: standard library, `core` and the CEL evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

import cel

from approvals.policy.limits import Limit, SoFar
from core.money import Money
from core.origins import Origin

#: Names of arguments that hold whom something goes to, whatever their values look like.
RECIPIENT_NAMES = frozenset(
    {"to", "cc", "bcc", "recipient", "recipients", "attendee", "attendees", "people"}
)


class Asker(Protocol):
    """What policy needs of the person who asks (`approvals.people.Principal`)."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def groups(self) -> tuple[str, ...]: ...


class Knower(Protocol):
    """What policy needs of the directory (`approvals.people.People`)."""

    @property
    def digest(self) -> str: ...

    def knows(self, address: str) -> bool: ...


@dataclass(frozen=True)
class Subject:
    """What is judged: validated arguments, where each came from, and what the preview found."""

    tool: str
    #: read | reversible | irreversible
    effect: str
    args: Mapping[str, Any]
    principal: Asker
    channel: str
    automation: str
    #: JSON pointer of each leaf of args -> where it came from; what is missing is untrusted.
    origins: Mapping[str, Origin]
    #: Names of the arguments that decide who or what is hit.
    authority: tuple[str, ...]
    outside: bool = False
    own: bool = False
    #: It takes back something that was done before.
    undoes: bool = False
    amount: Money | None = None
    recipients: tuple[str, ...] = ()
    #: Local hour (0 to 23), minute and weekday (`mon` … `sun`) where the asker is.
    hour: int | None = None
    weekday: str | None = None
    minute: int = 0
    #: What went through lately, for each limit over time that is about it; see `limits`.
    so_far: Mapping[Limit, SoFar] = field(default_factory=dict)

    @property
    def worth(self) -> tuple[int, str] | None:
        """Its amount as limits count it."""
        return None if self.amount is None else (self.amount.minor, self.amount.currency)


def _actor(asker: Asker) -> dict[str, Any]:
    roles, groups = list(asker.roles), list(asker.groups)
    return {"id": asker.id, "name": asker.name, "roles": roles, "groups": groups}


def _cost(amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else {"minor": amount.minor, "currency": amount.currency}


_VALUES: Mapping[str, Callable[[Subject], Any]] = MappingProxyType(
    {
        "tool": lambda subject: subject.tool,
        "effect": lambda subject: subject.effect,
        "args": lambda subject: dict(subject.args),
        "actor": lambda subject: _actor(subject.principal),
        "channel": lambda subject: subject.channel,
        "origin": lambda subject: {at: str(origin) for at, origin in subject.origins.items()},
        "automation": lambda subject: subject.automation,
        "cost": lambda subject: _cost(subject.amount),
        "outside": lambda subject: subject.outside,
        "own": lambda subject: subject.own,
        "undoes": lambda subject: subject.undoes,
        "recipients": lambda subject: list(subject.recipients),
        "hour": lambda subject: subject.hour,
        "weekday": lambda subject: subject.weekday,
        "minute": lambda subject: subject.minute,
    }
)
#: The names a `when` may use.
CEL_NAMES = tuple(_VALUES)


class Match(Enum):
    NO = "no"
    YES = "yes"
    #: A fact the rule needs is not there.
    MISSING = "missing"
    #: The facts are there and cannot be compared (another currency).
    UNCLEAR = "unclear"
    #: All else holds, and its limit over time is reached: as good as no, and said why.
    REACHED = "reached"


@dataclass(frozen=True)
class Leaf:
    """One value inside the arguments that decide who or what is hit."""

    argument: str
    value: Any
    origin: Origin
    recipient: bool


class Case:
    """One subject before the rules: what several of them need is worked out once."""

    def __init__(
        self, subject: Subject, people: Knower, names: Iterable[str] | None = None
    ) -> None:
        """`names` are those that conditions may ask for; all of `CEL_NAMES` where none are said."""
        self.subject = subject
        self._people = people
        self._names = CEL_NAMES if names is None else names

    def untrusted_of(self, kind: str) -> tuple[Leaf, ...]:
        """Untrusted leaves of authority arguments: `any`, `recipient` or `other` ones."""
        if kind == "any":
            return self.untrusted
        return tuple(leaf for leaf in self.untrusted if leaf.recipient == (kind == "recipient"))

    def all_known(self, addresses: Sequence[str]) -> bool:
        return all(self._people.knows(address) for address in addresses)

    @cached_property
    def untrusted(self) -> tuple[Leaf, ...]:
        subject = self.subject
        found: list[Leaf] = []
        for name in subject.authority:
            if name in subject.args:
                self._collect(name, f"/{_escape(name)}", subject.args[name], found)
        return tuple(found)

    @cached_property
    def context(self) -> cel.Context:
        """What a rule's `when` may use, where any rule uses it: each value costs its copying."""
        return cel.Context({name: _VALUES[name](self.subject) for name in self._names})

    def _collect(self, argument: str, pointer: str, value: Any, found: list[Leaf]) -> None:
        # Most are plain: asked first, as asking an abstract class takes long.
        plain = isinstance(value, str | int)
        if not plain and isinstance(value, Mapping):
            for key, item in value.items():
                self._collect(argument, f"{pointer}/{_escape(str(key))}", item, found)
            return
        if not plain and isinstance(value, Sequence):
            for index, item in enumerate(value):
                self._collect(argument, f"{pointer}/{index}", item, found)
            return
        origin = self.subject.origins.get(pointer, Origin.MODEL)
        if value is not None and not origin.trusted:
            recipient = argument in RECIPIENT_NAMES or (isinstance(value, str) and "@" in value)
            found.append(Leaf(argument, value, origin, recipient))


def _escape(key: str) -> str:
    """A key as a JSON pointer spells it (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
