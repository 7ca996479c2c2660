"""One step of one action: compare-and-set, its event, and whom it wakes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col

from approvals.batches import refresh_batch
from approvals.noting import note
from approvals.states import ACTION_TERMINAL, advance_action
from approvals.tables import Action, Request, title_of
from approvals.windows import follow
from audit.log import Log
from core.errors import ApprovalError, InvalidTransition
from core.notices import say
from core.outbox import enqueue
from core.posts import refresh_posts

#: Steps after which the card looks different.
_REDRAWN = ACTION_TERMINAL | {"approved", "unknown"}
#: What ends like this before anybody was asked has no card that says so.
_UNASKED = frozenset({"denied", "failed"})
_NEXT_TOKEN: Any = Action.token + 1


def move(
    session: Session,
    log: Log,
    action: Action,
    to: str,
    *,
    now: datetime,
    actor: str,
    reason: str,
    body: Mapping[str, Any] | None = None,
    versions: Mapping[str, Any] | None = None,
    token: int | None = None,
    **changes: Any,
) -> Action:
    """Take the action from the status it was read in to `to`, with one event, and return it anew.

    `changes` are further columns to set. Moving to `executing` raises the fencing token by one;
    with `token` the move also demands that this is still the newest. Leaving `awaiting` closes the
    request alike. A settled action wakes its turn and has its card redrawn.

    Raises `InvalidTransition` when the table forbids it or somebody was faster.
    """
    was = action.status
    advance_action(was, to)
    if action.status == "awaiting":
        _close_request(session, log, action, to, now=now, actor=actor)
    values: dict[str, Any] = {**changes, "status": to}
    if to == "executing":
        values["token"] = _NEXT_TOKEN
    if to in ACTION_TERMINAL:
        values["settled_at"] = now
    moved = _compare_and_set(session, action, values, token)
    log.record(
        session,
        workspace_id=moved.workspace_id,
        type=f"approvals:action:{to}",
        subject=moved.id,
        actor=actor,
        at=now,
        reason=reason,
        turn_id=moved.turn_id,
        action_id=moved.id,
        versions={**versions_of(moved), **(versions or {})},
        body=_body(moved, body),
        about=moved.principal_id,
    )
    _tell(session, moved, was, to, reason, now=now)
    if was == "awaiting" or (to in _REDRAWN and (moved.verdict or {}).get("kind") == "ask"):
        refresh_batch(session, moved.id, now=now)
    return moved


def row_of(session: Session, action_id: str) -> Action:
    """The action's row as it stands now. Raises `ApprovalError` when there is none."""
    found = session.get(Action, action_id, populate_existing=True)
    if found is None:
        raise ApprovalError("this action does not exist")
    return found


def versions_of(action: Action) -> dict[str, Any]:
    """What was in force: the tool, its content, and the files it was judged by."""
    versions: dict[str, Any] = {"tool": f"{action.tool}@{action.tool_version}"}
    if action.digest is not None:
        versions["content"] = action.digest
    if action.verdict is not None:
        versions |= {"effect": action.verdict["effect"], **action.verdict["digests"]}
    return versions


def _compare_and_set(
    session: Session, action: Action, values: Mapping[str, Any], token: int | None
) -> Action:
    given = {f"to_{name}": value for name, value in values.items() if value is not _NEXT_TOKEN}
    given |= {"was_id": action.id, "was_status": action.status}
    if token is not None:
        given["was_token"] = token
    moved: Action | None = session.scalars(
        _step(tuple(values), fenced=token is not None),
        given,
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).one_or_none()
    if moved is None:
        raise InvalidTransition("somebody was faster: this step is not possible any more")
    return moved


@cache
def _step(columns: tuple[str, ...], *, fenced: bool) -> Any:
    """The statement that sets these columns. Built once for each set of them: building it took
    longer than running it."""
    query = update(Action).where(
        col(Action.id) == bindparam("was_id"), col(Action.status) == bindparam("was_status")
    )
    if fenced:
        query = query.where(col(Action.token) == bindparam("was_token"))
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in columns}
    if "token" in values:
        values["token"] = _NEXT_TOKEN
    return query.values(**values).returning(Action)


def _close_request(
    session: Session, log: Log, action: Action, to: str, *, now: datetime, actor: str
) -> None:
    # Always before the action's own row: every writer locks in this order.
    result = session.execute(
        update(Request)
        .where(col(Request.action_id) == action.id, col(Request.status) == "pending")
        .values(status=to, closed_at=now)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise InvalidTransition("somebody was faster: this question is closed already")
    note(session, log, action, "closed", f"The question was closed: {to}", actor=actor, now=now)


def _tell(
    session: Session, action: Action, was: str, to: str, reason: str, *, now: datetime
) -> None:
    if to in ACTION_TERMINAL or to == "unknown":
        follow(session, action, now=now)
    shown = []
    if to in _REDRAWN:
        asked = (action.verdict or {}).get("kind") == "ask"
        shown = ["card", "status", "disclosure"] if asked else ["card"]
        if action.supersedes is not None:
            # The older card says what became of the newer one.
            refresh_posts(session, subject=action.supersedes, kind="card", now=now)
    if to in ACTION_TERMINAL:
        shown.append("question")
    if shown:
        refresh_posts(session, subject=action.id, kind=shown, now=now)
    if to not in ACTION_TERMINAL:
        return
    if to in _UNASKED and was == "proposed" and action.turn_id is None and action.undoes is None:
        _say_why_not(session, action, reason, now=now)
    # A superseded action settles nothing: what replaced it goes on.
    if action.turn_id is not None and to != "superseded":
        enqueue(
            session,
            workspace_id=action.workspace_id,
            job="run_turn",
            subject=action.turn_id,
            key=f"{action.turn_id}:{action.id}:{to}",
            args={"turn_id": action.turn_id},
            now=now,
        )


def _say_why_not(session: Session, action: Action, reason: str, *, now: datetime) -> None:
    """Tell where it was asked for: no model waits for it that would."""
    why = reason.rstrip(".")
    say(session, action, f"{title_of(action)}: {why[:1].lower()}{why[1:]}.", now=now)


def _body(action: Action, body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    title = (action.preview or {}).get("title")
    whole = {**({"title": title} if title else {}), **(body or {})}
    return whole or None
