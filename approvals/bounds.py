"""What a standing permission covers: bounds on every value that decides who or what is hit. Pure.

A bound says of one argument that it is fixed (`is`), a number in a range (`from`, `to`), an amount
of money within the limit, recipients on the list, or free (`any`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.origins import as_money
from approvals.policy.cases import RECIPIENT_NAMES, Case, Knower, Subject
from core.canonical import canonical
from core.money import Money

#: One plain address and nothing else; its domain with the @.
_ADDRESS = re.compile(r"[^@\s,;:<>\"()]+(@[^@\s,;:<>\"()]+)")


@dataclass(frozen=True)
class Bounds:
    """Which actions count as alike. `recipients` are addresses, or `@domain` for all of one."""

    tool: str
    tool_version: str
    #: Whose actions (approvals.people id).
    asker: str
    automation: str
    outside: bool
    #: True: only what touches the asker's own things.
    own: bool
    #: The most that one of them may be worth; None where they are not about money.
    at_most: Money | None
    recipients: tuple[str, ...]
    #: Argument -> {"any": true} | {"is": value} | {"from": n, "to": n} | {"money": true}
    #: | {"recipients": true}; of the arguments that decide who or what is hit.
    fields: Mapping[str, Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON for its row."""
        limit = self.at_most
        return {
            "tool": self.tool,
            "tool_version": self.tool_version,
            "asker": self.asker,
            "automation": self.automation,
            "outside": self.outside,
            "own": self.own,
            "at_most": {"minor": limit.minor, "currency": limit.currency} if limit else None,
            "recipients": list(self.recipients),
            "fields": {name: dict(bound) for name, bound in self.fields.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Bounds:
        """What `as_json` gave."""
        limit = value["at_most"]
        return cls(
            **{
                **value,
                "at_most": Money(limit["minor"], limit["currency"]) if limit else None,
                "recipients": tuple(value["recipients"]),
            }
        )


def bounds_like(
    subject: Subject,
    tool_version: str,
    *,
    at_most: Money | None,
    recipients: Sequence[str],
    free: Sequence[str],
) -> Bounds:
    """The bounds of actions alike to this one: every deciding argument as it is here, but amounts
    up to `at_most`, recipients on this list, and those named in `free`."""
    fields = {
        name: {"any": True} if name in free else _bound(subject, name)
        for name in subject.authority
        if name in subject.args
    }
    return Bounds(
        tool=subject.tool,
        tool_version=tool_version,
        asker=subject.principal.id,
        automation=subject.automation,
        outside=subject.outside,
        own=subject.own,
        at_most=at_most,
        recipients=tuple(dict.fromkeys(address.strip().casefold() for address in recipients)),
        fields=fields,
    )


def may_differ(subject: Subject) -> tuple[str, ...]:
    """The deciding arguments that are fixed unless they are named free."""
    found = {name: _bound(subject, name) for name in subject.authority if name in subject.args}
    return tuple(name for name, bound in found.items() if "is" in bound)


def outside_of(bounds: Bounds, subject: Subject, people: Knower, tool_version: str) -> str | None:
    """Why this action is not covered, as a sentence's end; None when it is."""
    whose = (subject.tool, tool_version, subject.principal.id, subject.automation)
    if whose != (bounds.tool, bounds.tool_version, bounds.asker, bounds.automation):
        return "it is another tool, version, asker or automation"
    if subject.undoes or (subject.outside and not bounds.outside):
        return "it reaches further"
    if bounds.own and not subject.own:
        return "it touches others' things"
    if Case(subject, people).untrusted:
        return "a value that decides who or what is hit is not the asker's own"
    return values_outside(bounds, subject)


def values_outside(bounds: Bounds, subject: Subject) -> str | None:
    """Why what this hits is not within the bounds, whoever chose it; None when it is."""
    if not _worth(bounds, subject.amount):
        return "it is about more money"
    if not all(_listed(bounds, address) for address in subject.recipients):
        return "it goes to somebody else"
    deciding = [name for name in subject.authority if name in subject.args]
    if set(deciding) - set(bounds.fields) or not all(
        _within(bounds, bounds.fields[name], subject.args[name]) for name in deciding
    ):
        return "it is about something else"
    return None


def _bound(subject: Subject, name: str) -> dict[str, Any]:
    value = subject.args[name]
    if isinstance(value, Mapping) and as_money(value) is not None:
        return {"money": True}
    if name in RECIPIENT_NAMES or any("@" in text for text in _texts(value)):
        return {"recipients": True}
    if isinstance(value, int) and not isinstance(value, bool) and value != 0:
        return {"from": min(1, value), "to": max(-1, value)}
    return {"is": value}


def _within(bounds: Bounds, bound: Mapping[str, Any], value: Any) -> bool:
    if "any" in bound:
        return True
    if "money" in bound:
        amount = as_money(value) if isinstance(value, Mapping) else None
        return amount is not None and _worth(bounds, amount)
    if "recipients" in bound:
        texts = _texts(value)
        return bool(texts) and all(_listed(bounds, text) for text in texts)
    if "from" in bound:
        low, high = bound["from"], bound["to"]
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    # By their canonical spelling: Python takes true for 1, also within a list.
    return canonical(value) == canonical(bound["is"])


def _worth(bounds: Bounds, amount: Money | None) -> bool:
    limit = bounds.at_most
    if amount is None or limit is None:
        return amount is None and limit is None
    return amount.currency == limit.currency and 0 <= amount.minor <= limit.minor


def _listed(bounds: Bounds, address: str) -> bool:
    plain = address.strip().casefold()
    if plain in bounds.recipients:
        return True
    # Of several addresses in one text, or one with a name, another than the last may count.
    one = _ADDRESS.fullmatch(plain)
    return one is not None and one[1] in bounds.recipients


def _texts(value: Any) -> tuple[str, ...]:
    """Every text in it; a value that holds anything else besides counts as none."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return ()
