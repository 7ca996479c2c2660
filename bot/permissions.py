"""`tools.contract.Permissions` over the tables of `approvals`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from approvals import connectors, elevation, standing
from approvals.connectors import ADMIT, Offered
from approvals.floors import ALLOW_ALIKE, ELEVATE, SET_POLICY
from approvals.people import People
from approvals.policy import asked as policy_asked
from approvals.policy import versions as policy_versions
from approvals.rights_tables import AdmittedConnector, Elevation, PolicyVersion, StandingPermission
from approvals.standing_asked import asked_for, words
from approvals.tables import Action, title_of
from audit.log import Log
from core.db import Database
from core.errors import ApprovalError, ConfigError
from tools.calling import key_of
from tools.contract import Meaning, Refused


@dataclass(frozen=True)
class Made:
    """`tools.contract.Trace` of what an action permitted."""

    key: str
    id: str
    at: datetime


class PermissionsInSql:
    """What the tools of the connector `signoff` look at and change."""

    def __init__(self, db: Database, log: Log, people: People) -> None:
        self._db, self._log, self._people = db, log, people

    def look(self, what: str, args: Mapping[str, Any], *, caller_id: str) -> Meaning:
        """What it would mean now. Raises `Refused` for what can never be permitted."""
        try:
            with self._db.read() as session:
                return self._look(session, what, args, caller_id)
        except (ApprovalError, ConfigError) as error:
            raise Refused(error.sentence, code="not_permitted") from error

    def change(self, what: str, args: Mapping[str, Any], *, action_id: str, now: datetime) -> str:
        """Make it so, once per action. Raises `Refused` where it became impossible meanwhile."""
        try:
            with self._db.transaction() as session:
                action = session.get_one(Action, action_id)
                return self._change(session, what, args, action, now)
        except (ApprovalError, ConfigError) as error:
            raise Refused(error.sentence, code="not_permitted") from error

    def made_since(self, what: str, since: datetime) -> Sequence[Made]:
        """Everything of this kind that was made from then on, whoever made it."""
        with self._db.read() as session:
            return [
                Made(key_of(row[0]), " ".join(map(str, row[2:])), row[1])
                for row in session.exec(self._rows(what, since))
            ]

    def _rows(self, what: str, since: datetime) -> Any:
        """Whose action it was, when, and what it is called."""
        here = self._people.workspace_id
        if what == SET_POLICY:
            return select(PolicyVersion.source, PolicyVersion.at, PolicyVersion.number).where(
                PolicyVersion.workspace_id == here,
                PolicyVersion.source != policy_versions.FROM_FILE,
                col(PolicyVersion.at) >= since,
            )
        if what == ADMIT:
            let_in = AdmittedConnector
            return select(let_in.source, let_in.at, let_in.name, let_in.version).where(
                let_in.workspace_id == here,
                col(let_in.source).not_like(f"{connectors.FROM_RELEASE}:%"),
                col(let_in.at) >= since,
            )
        given = StandingPermission if what == ALLOW_ALIKE else Elevation
        return select(given.action_id, given.created_at, given.id).where(
            given.workspace_id == here, col(given.created_at) >= since
        )

    def _look(
        self, session: Session, what: str, args: Mapping[str, Any], caller_id: str
    ) -> Meaning:
        if what == ALLOW_ALIKE:
            asked = asked_for(
                session,
                self._people,
                args,
                workspace_id=self._people.workspace_id,
                asker_id=caller_id,
            )
            title = title_of(asked.example)
            return Meaning(
                f"Do things like “{title}” without asking each time",
                tuple(words(session, self._people, asked)),
                {"tool": f"{asked.bounds.tool}@{asked.bounds.tool_version}"},
            )
        if what == ELEVATE:
            holder = elevation.check(self._people, args["holder"], args["scope"], args["minutes"])
            return Meaning(
                f"Give {holder} {args['scope']} for {_span(args['minutes'])}",
                (("ends", "by itself, counted from its approval"),),
                {},
            )
        if what == SET_POLICY:
            change = policy_asked.asked_for(session, self._people, args["text"])
            return Meaning(
                "Put another policy in force",
                tuple(policy_asked.words(self._people, change)),
                {"replaces": change.replaces},
                undo="yes, by another change",
                diff=change.diff,
            )
        if what == ADMIT:
            return Meaning(
                f"Let the connector {args['name']} {args['version']} in",
                (("means", "its tools may be used; policy decides about each use"),),
                {},
                undo="no, but a rule can refuse its tools",
            )
        raise ApprovalError("There is no such permission.")

    def _change(
        self,
        session: Session,
        what: str,
        args: Mapping[str, Any],
        action: Action,
        now: datetime,
    ) -> str:
        if what == ALLOW_ALIKE:
            asked = asked_for(
                session,
                self._people,
                args,
                workspace_id=action.workspace_id,
                asker_id=action.principal_id,
            )
            return standing.give(
                session,
                self._log,
                action=action,
                bounds=asked.bounds,
                uses=asked.uses,
                in_all=asked.in_all,
                until=now + asked.life,
                now=now,
            )
        if what == ELEVATE:
            elevation.check(self._people, args["holder"], args["scope"], args["minutes"])
            return elevation.give(
                session,
                self._log,
                action=action,
                holder=args["holder"],
                scope=args["scope"],
                until=now + timedelta(minutes=args["minutes"]),
                now=now,
            )
        if what == SET_POLICY:
            return policy_versions.bring_in(
                session,
                self._log,
                workspace_id=action.workspace_id,
                text=args["text"],
                source=action.id,
                by=action.principal_id,
                now=now,
            )
        if what == ADMIT:
            return connectors.admit(
                session,
                self._log,
                Offered(args["name"], args["version"], tuple(args["tools"])),
                workspace_id=action.workspace_id,
                source=action.id,
                by=action.principal_id,
                now=now,
            )
        raise ApprovalError("There is no such permission.")


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join(parts + ([f"{rest} min"] if rest else []))
