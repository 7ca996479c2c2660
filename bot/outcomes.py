"""What became of an action, in a few words for its card, Home and `/signoff why`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from approvals.tables import Action
from approvals.undoing import TAKEN_BACK
from bot.words import clock_time

#: Fields of a result that hold a short name of the thing made, best first.
_REFERENCES = ("reference", "refund", "restock")
#: Codes of actions that did not begin, whose message says why in whole sentences.
_TOLD = frozenset({TAKEN_BACK, "together", "expired"})
_IRREGULAR = {
    "take": "taken",
    "send": "sent",
    "find": "found",
    "read": "read",
    "set": "set",
    "put": "put",
}


def done_words(action: Action, tz: str) -> Sequence[str]:
    """`refunded 14:02, once` and its reference, or how else it stands."""
    at = clock_time(action.settled_at, tz) if action.settled_at else ""
    outcome: Mapping[str, Any] = action.outcome or {}
    if action.status == "succeeded":
        verb = past(str((action.preview or {}).get("verb") or "do"))
        reference = _reference(outcome.get("result") or {})
        return [f"{verb} {at}, once", *([reference] if reference else [])]
    if action.status == "failed":
        return [f"failed {at}: {outcome.get('message') or 'it could not be done'}"]
    if action.status == "unknown":
        return ["I lost the connection and do not know whether it happened: see my question"]
    if outcome.get("code") in _TOLD:
        return [str(outcome.get("message"))]
    if action.status in ("superseded", "expired", "cancelled", "denied"):
        return [f"not done ({_NOT_DONE[action.status]})"]
    return ["I am on it"]


def status_words(action: Action) -> str:
    """One word or two for a list."""
    return _STATUS.get(action.status, action.status)


def past(verb: str) -> str:
    """`refund` as `refunded`, `move` as `moved`, `cancel it` as `cancelled it`."""
    first, _, rest = verb.partition(" ")
    done = _IRREGULAR.get(first) or _regular(first)
    return f"{done} {rest}".strip()


def _regular(verb: str) -> str:
    if verb == "do":
        return "done"
    if verb == "cancel":
        return "cancelled"
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ied"
    if verb.endswith("get"):
        return f"{verb[:-3]}got"
    return f"{verb}ed"


def _reference(result: Mapping[str, Any]) -> str | None:
    for name in _REFERENCES:
        value = result.get(name)
        if isinstance(value, str) and value:
            return value[:80]
    return None


_NOT_DONE = {
    "superseded": "something changed: see the newer card",
    "expired": "too late",
    "cancelled": "stopped",
    "denied": "not allowed any more",
}
_STATUS = {
    "proposed": "being looked at",
    "awaiting": "waiting",
    "allowed": "about to be done",
    "approved": "about to be done",
    "executing": "being done",
    "succeeded": "done",
    "failed": "failed",
    "unknown": "outcome not known",
    "denied": "not allowed",
    "rejected": "rejected",
    "expired": "expired",
    "cancelled": "stopped",
    "superseded": "replaced",
}
