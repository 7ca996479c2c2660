"""The job `undo_changed`: what an undo came to, or that the time for one is over."""

from __future__ import annotations

import structlog
from sqlmodel import Session

from approvals.tables import Action
from approvals.undoing import IN_VAIN, undone_action
from approvals.windows import redraw, undo_until
from core.faultpoints import point
from core.outbox import finish, open_rows
from core.posts import ask_post
from tools.claim import postpone
from tools.compensating import go_on, live_with
from tools.deps import Deps

log = structlog.get_logger()
JOB = "undo_changed"
#: It came to nothing without anybody having been asked on a card: the thread must be told.
_UNTOLD = frozenset({"failed", "denied"})


class UndoNews:
    """Idempotent on the action's row; everything it leads to is one transaction."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, action_id: str) -> str:
        """Redraw what offers the undo and tell what must be told; the action's status then, or
        `held` where its time has not come, or `gone`."""
        with self._deps.db.transaction() as session:
            queued = open_rows(session, job=JOB, subject=action_id)
            action = session.get(Action, action_id)
            if action is None:
                log.warning("no_such_action", action_id=action_id)
                finish(session, queued, now=self._deps.clock.now())
                return "gone"
            if action.undoes is not None:
                self._settled(session, action)
            else:
                until, now = undo_until(action), self._deps.clock.now()
                if until is not None and until > now:
                    postpone(session, queued, until)
                    return "held"
                redraw(session, action, now=now)
            finish(session, queued, now=self._deps.clock.now())
        point("undo:followed")
        return action.status

    def _settled(self, session: Session, undo: Action) -> None:
        now = self._deps.clock.now()
        done = undone_action(session, undo)
        redraw(session, done, now=now)
        several = live_with(session, done)
        begun = any(back.status != "offered" for back in several)
        for back in several:
            go_on(session, self._deps.log, self._deps.registry, back, now=now)
        # Where several steps are taken back, whatever ends that is told.
        if undo.status in _UNTOLD or (begun and undo.status in IN_VAIN):
            ask_post(
                session,
                workspace_id=undo.workspace_id,
                subject=undo.id,
                kind="not_undone",
                channel=undo.channel,
                thread_ts=undo.thread_ts,
                body={},
                now=now,
            )
