"""The states of a turn, as a pure table."""

from __future__ import annotations

from core.errors import InvalidTransition

#: Committed, not yet begun.
RECEIVED = "received"
#: A worker holds its lease, or died holding it.
RUNNING = "running"
#: Its actions are being prepared, decided or executed; nothing of it runs.
WAITING = "waiting"
ANSWERED = "answered"
#: Only for exhausted tries or a declared limit.
FAILED = "failed"
STOPPED = "stopped"

TRANSITIONS: dict[str, frozenset[str]] = {
    RECEIVED: frozenset({RUNNING, STOPPED, FAILED}),
    RUNNING: frozenset({WAITING, ANSWERED, FAILED, STOPPED}),
    WAITING: frozenset({RUNNING, STOPPED, FAILED}),
    ANSWERED: frozenset(),
    FAILED: frozenset(),
    STOPPED: frozenset(),
}
TERMINAL = frozenset(status for status, onward in TRANSITIONS.items() if not onward)


def advance_turn(status: str, to: str) -> None:
    """Raise `InvalidTransition` unless a turn may go from `status` to `to`."""
    if to not in TRANSITIONS.get(status, frozenset()):
        raise InvalidTransition(f"a {status} turn cannot become {to}")
