"""The job `read_accounts`: asks Slack whether those whom policy asks are still active members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from approvals import accounts
from approvals.directory import as_of
from approvals.people import People, Principal
from approvals.policy.judge import Policy
from audit.log import Log
from bot.members import judge
from core.clock import Clock
from core.db import Database
from core.outbox import finish, open_rows

log = structlog.get_logger()


class AccountReader:
    """Made once per worker process, safe to share between threads."""

    def __init__(
        self,
        *,
        db: Database,
        log: Log,
        clock: Clock,
        web: WebClient,
        people: People,
        policy: Callable[[], Policy],
    ) -> None:
        self._db, self._log, self._clock, self._web = db, log, clock, web
        self._people, self._policy = people, policy

    def run(self, *, workspace_id: str) -> None:
        """Look at each of them. Of whom Slack does not tell, what it told before holds."""
        now = self._clock.now()
        policy = self._policy()
        with self._db.read() as session:
            rows = open_rows(session, job=accounts.JOB, subject=workspace_id)
            people = as_of(session, self._people, now=now)
        told = [(person, self._look(person)) for person in accounts.to_look_at(policy, people)]
        with self._db.transaction() as session:
            accounts.store(
                session,
                self._log,
                self._people,
                looked_at=[person for person, is_active in told if is_active is not None],
                inactive=[person for person, is_active in told if is_active is False],
                now=now,
            )
            finish(session, rows, now=self._clock.now())

    def _look(self, person: Principal) -> bool | None:
        """Whether this is an active full member, and only this person; None where Slack does not
        tell."""
        try:
            info: dict[str, Any] = dict(self._web.users_info(user=person.slack_id)["user"])
        except SlackApiError as error:
            said = error.response.get("error")
            if said not in ("user_not_found", "user_not_visible"):
                log.warning("account_unread", person=person.id, error=said)
                return None
            return False
        except OSError as error:
            log.warning("account_unread", person=person.id, error=type(error).__name__)
            return None
        team = self._people.workspace_id
        return judge(person.slack_id, info, team, self._people).principal is not None
