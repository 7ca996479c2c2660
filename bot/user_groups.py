"""The job `read_usergroup`: asks Slack who is in a user group that policy asks."""

from __future__ import annotations

from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlmodel import Session

from approvals.people import People
from approvals.user_groups import fail, store
from audit.log import Log
from core.clock import Clock
from core.db import Database
from core.outbox import finish, open_rows

JOB = "read_usergroup"
#: Slack's word that there is no such group, or none any more.
_GONE = frozenset({"no_such_subteam", "subteam_not_found"})

log = structlog.get_logger()


class UserGroupReader:
    """Made once per worker process, safe to share between threads."""

    def __init__(
        self, *, db: Database, log: Log, clock: Clock, web: WebClient, people: People
    ) -> None:
        self._db, self._log, self._clock, self._web, self._people = db, log, clock, web, people

    def run(self, *, group_id: str) -> None:
        """Read this group and keep what Slack told. A reading that fails is kept as such: the
        keeper has it read again in a few minutes."""
        with self._db.read() as session:
            rows = open_rows(session, job=JOB, subject=group_id)
        members: list[str] | None = None
        problem, gone = "", False
        try:
            members = _members(self._web.usergroups_users_list(usergroup=group_id).data)
            problem = "Slack told something else than who is in"
        except SlackApiError as error:
            said = str(error.response.get("error"))
            gone = said in _GONE
            problem = "Slack knows no" if gone else f"Slack does not tell ({said}) who is in"
        except OSError:
            problem = "Slack did not answer when asked who is in"
        with self._db.transaction() as session:
            self._keep(session, group_id, members, problem, gone)
            finish(session, rows, now=self._clock.now())

    def _keep(
        self, session: Session, group_id: str, members: list[str] | None, problem: str, gone: bool
    ) -> None:
        now = self._clock.now()
        if members is not None:
            store(session, self._log, self._people, group_id=group_id, members=members, now=now)
            return
        log.warning("usergroup_unread", group_id=group_id, problem=problem)
        fail(
            session, self._log, self._people, group_id=group_id, problem=problem, gone=gone,
            now=now,
        )  # fmt: skip


def _members(answer: Any) -> list[str] | None:
    """The ids in an answer of `usergroups.users.list`; None when it holds something else."""
    users = answer.get("users") if isinstance(answer, dict) else None
    if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
        return None
    return list(users)
