"""What may follow what: actions and requests as pure tables."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InvalidTransition

#: Status of an action -> what it may become. `executing → executing` is the next attempt.
ACTION: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"denied", "allowed", "awaiting", "failed", "cancelled"}),
    "awaiting": frozenset({"approved", "rejected", "expired", "cancelled", "superseded"}),
    "allowed": frozenset({"executing", "superseded", "denied", "cancelled", "expired"}),
    "approved": frozenset({"executing", "superseded", "denied", "cancelled", "expired"}),
    "executing": frozenset({"executing", "succeeded", "failed", "unknown"}),
    "unknown": frozenset({"succeeded", "failed"}),
    "denied": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
    "superseded": frozenset(),
    "succeeded": frozenset(),
    "failed": frozenset(),
}

#: Status of a request -> what it may become.
REQUEST: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"approved", "rejected", "expired", "cancelled", "superseded"}),
    "approved": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
    "superseded": frozenset(),
}

#: Nothing follows these.
ACTION_TERMINAL = frozenset(status for status, following in ACTION.items() if not following)
REQUEST_TERMINAL = frozenset(status for status, following in REQUEST.items() if not following)

#: Not begun yet: these may still be cancelled.
ACTION_OPEN = frozenset(status for status, following in ACTION.items() if "cancelled" in following)


def advance_action(status: str, to: str) -> str:
    """`to`, when an action in `status` may become that. Raises `InvalidTransition`."""
    return _advance(ACTION, "action", status, to)


def advance_request(status: str, to: str) -> str:
    """`to`, when a request in `status` may become that. Raises `InvalidTransition`."""
    return _advance(REQUEST, "request", status, to)


def _advance(table: Mapping[str, frozenset[str]], what: str, status: str, to: str) -> str:
    if to not in table.get(status, frozenset()):
        raise InvalidTransition(f"this {what} is {status}: it cannot become {to}")
    return to
