"""Going back to a step: what was done after it is undone first, and only then a new turn goes on.

Whoever asked for the turn is asked in its thread. The undos are those of any compensation, the last
first, each an action of its own (`tools/compensating.py`). When all have succeeded, the job here
makes the new turn, once. Where one comes to nothing, a person is asked and no turn is made.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from approvals.people import People
from approvals.tables import Compensation, title_of
from audit.log import Log
from core.clock import Clock
from core.db import Database
from core.errors import GraphError
from core.ids import derive_id
from core.outbox import finish, open_rows
from core.posts import ask_post
from graphs.runtime.fork import Who, fork, require_state, standing_after, unfinished
from graphs.runtime.replay import Archive
from graphs.runtime.tables import Turn
from graphs.versions import Versions
from tools.compensating import GO_BACK
from tools.offering import can_go_back, offer_going_back

log = structlog.get_logger()
_STUCK = (
    "What was done is undone, but I cannot go on from there by myself. "
    "Please write anew what you want."
)


class CannotGoBack(GraphError):
    """This cannot go back there."""


def ask_back(
    session: Session, audit: Log, turn: Turn, step: int, *, who: Who, now: datetime
) -> Compensation:
    """Ask in the turn's thread whether what was done after this step is to be undone, for a new
    turn to go on from there; once, however often it is asked for.

    The caller holds the turn's row. Raises `CannotGoBack`, with the sentence to tell.
    """
    if unfinished(session, turn) is not None:
        raise CannotGoBack("This is still being worked on. Let it end, or stop it, then go back.")
    standing = standing_after(session, turn, step)
    if not standing:
        raise CannotGoBack("Nothing was done after that which still stands: nothing is to undo.")
    for action in standing:
        if action.status != "succeeded":
            raise CannotGoBack(
                f"It is not known whether “{title_of(action)}” happened. Please answer my question "
                "about it first. Nothing was changed."
            )
        if not can_go_back(action, now=now):
            raise CannotGoBack(
                f"“{title_of(action)}” was done after that and cannot be undone (any more), so I "
                "cannot go back. Nothing was changed. What should happen about it?"
            )
    return offer_going_back(
        session,
        audit,
        turn_id=turn.id,
        back_to=step,
        standing=standing,
        occasion=f"{who.name} wants to go back to before “{title_of(standing[0])}”.",
        actor=who.actor,
        now=now,
    )


class GoBack:
    """The job `go_back`: all that was done after the step is undone."""

    def __init__(
        self, db: Database, audit: Log, clock: Clock, people: People, versions: Versions
    ) -> None:
        self._db, self._log, self._clock, self._people = db, audit, clock, people
        self._archive = Archive(db, audit, people, versions)

    def run(self, *, compensation_id: str) -> str:
        """Make the new turn, or tell that there is none: `gone`, `forked` or `told`. Idempotent on
        the row: the turn's id derives from it."""
        with self._db.read() as session:
            row = session.get(Compensation, compensation_id)
            turn = session.get(Turn, row.turn_id) if row else None
        if row is None or turn is None or row.back_to is None or row.status != "done":
            return "gone"
        why = self._no_state(turn, row.back_to)
        with self._db.transaction() as session:
            now = self._clock.now()
            held = session.get_one(Turn, turn.id, with_for_update=True)
            became = self._follow(session, row, held, why, now)
            finish(session, open_rows(session, job=GO_BACK, subject=row.id), now=now)
        return became

    def _no_state(self, turn: Turn, step: int) -> str | None:
        try:
            require_state(self._archive, turn, step, now=self._clock.now())
        except GraphError as error:
            return error.sentence
        return None

    def _follow(
        self, session: Session, row: Compensation, turn: Turn, why: str | None, now: datetime
    ) -> str:
        made_id = derive_id("turn", row.id)
        if session.get(Turn, made_id) is not None:
            return "forked"
        try:
            if why is not None:
                raise GraphError(why)
            step = row.back_to or 0
            who = self._who(row)
            fork(session, self._log, turn, step, who=who, now=now, made_id=made_id)
        except GraphError as error:
            log.warning("not_gone_on_from", turn_id=turn.id, why=error.sentence)
            _tell(session, turn, row, now=now)
            return "told"
        return "forked"

    def _who(self, row: Compensation) -> Who:
        person = self._people.by_id(row.decided_by or "")
        return Who(row.decided_by or "system:graphs", person.first_name if person else "Somebody")


def _tell(session: Session, turn: Turn, row: Compensation, *, now: datetime) -> None:
    ask_post(
        session,
        workspace_id=turn.workspace_id,
        subject=row.id,
        kind="notice",
        channel=turn.channel,
        thread_ts=turn.thread_ts,
        body={"text": _STUCK},
        now=now,
    )
