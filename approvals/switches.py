"""Stops somebody pressed: on one turn, one conversation, one automation, or everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from approvals.people import People
from approvals.rights_tables import Switch
from audit.log import Log
from core.db import insert_once

ALL = "all"
#: Built once: every turn and every call looks at them.
_SWITCHES = Switch.__table__.c  # type: ignore[attr-defined]
_STOPS = (
    select(_SWITCHES.scope, _SWITCHES.stopped_by)
    .where(
        _SWITCHES.workspace_id == bindparam("workspace_id"),
        _SWITCHES.scope.in_(bindparam("scopes", expanding=True)),
        _SWITCHES.released_at.is_(None),
    )
    .order_by(_SWITCHES.stopped_at)
)


@dataclass(frozen=True)
class Stopped:
    """A stop in force: `sentence` says who stopped what. One piece of work ends for good; all else
    is held until somebody lets it go on."""

    scope: str
    sentence: str

    @property
    def final(self) -> bool:
        return self.scope.startswith("turn:")


def turn_scope(turn_id: str) -> str:
    return f"turn:{turn_id}"


def conversation_scope(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def automation_scope(name: str) -> str:
    return f"automation:{name}"


def stop(
    session: Session, log: Log, *, scope: str, workspace_id: str, by: str, now: datetime
) -> bool:
    """Press the stop; `by` is a principal id. False when it was pressed already."""
    row = Switch(scope=scope, workspace_id=workspace_id, stopped_by=by, stopped_at=now)
    if not insert_once(session, row):
        values = {"stopped_by": by, "stopped_at": now, "released_at": None}
        if not _set(session, scope, workspace_id, pressed=False, values=values):
            return False
    _record(session, log, scope, workspace_id, "stopped", by, now)
    return True


def release(
    session: Session, log: Log, *, scope: str, workspace_id: str, by: str, now: datetime
) -> bool:
    """Let it go on. False when it was not stopped."""
    if not _set(session, scope, workspace_id, pressed=True, values={"released_at": now}):
        return False
    _record(session, log, scope, workspace_id, "released", by, now)
    return True


def stopped(
    session: Session, *, workspace_id: str, scopes: Iterable[str], people: People | None = None
) -> str | None:
    """Why this may not go on, as a sentence; None when no stop holds it."""
    found = in_force(session, workspace_id=workspace_id, scopes=scopes, people=people)
    return found.sentence if found else None


def in_force(
    session: Session, *, workspace_id: str, scopes: Iterable[str], people: People | None = None
) -> Stopped | None:
    """The first stop pressed on one of these scopes; None when none was.

    `all` is always looked at besides the scopes given.
    """
    looked_at = {"workspace_id": workspace_id, "scopes": [*scopes, ALL]}
    pressed = session.connection().execute(_STOPS, looked_at).all()
    if not pressed:
        return None
    # What ends for good is told before what only waits.
    found = min(pressed, key=lambda row: not row.scope.startswith("turn:"))
    person = people.by_id(found.stopped_by) if people else None
    who = person.first_name if person else found.stopped_by
    return Stopped(found.scope, f"{who} stopped {words_of(found.scope)}")


def _set(
    session: Session, scope: str, workspace_id: str, *, pressed: bool, values: dict[str, object]
) -> bool:
    held = col(Switch.released_at).is_(None)
    result = session.execute(
        update(Switch)
        .where(
            col(Switch.scope) == scope,
            col(Switch.workspace_id) == workspace_id,
            held if pressed else ~held,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    scope: str,
    workspace_id: str,
    what: str,
    by: str,
    now: datetime,
) -> None:
    kind, _, name = scope.partition(":")
    log.record(
        session,
        workspace_id=workspace_id,
        type=f"bot:switch:{what}",
        subject=scope,
        actor=by,
        at=now,
        turn_id=name if kind == "turn" else None,
        reason=f"{what.capitalize()}: {words_of(scope)}",
    )


def words_of(scope: str) -> str:
    """`everything`, `this conversation`, `the automation support-morning`."""
    kind, _, name = scope.partition(":")
    plain = {"turn": "this piece of work", "conversation": "this conversation", ALL: "everything"}
    return plain.get(kind, f"the automation {name}")
