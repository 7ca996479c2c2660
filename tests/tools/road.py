"""The road from a proposal to an outcome, on real tables and a real counterpart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from till_tools import connector

from approvals.actions import Proposed, head, propose
from approvals.decided import Decided
from approvals.origins import Labelled
from approvals.people import People, Principal
from approvals.policy.file import parse_policy
from approvals.requests import decide
from approvals.tables import Action, Grant, Request
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.origins import Origin
from core.outbox import Outbox
from core.posts import Post
from tools.deps import Deps
from tools.executor import Executor
from tools.limits import Limits
from tools.prepare import Prepare
from tools.registry import Registry

PEOPLE = """
workspace: T0PRACTICE
people:
  - {id: ana, name: Ana Berg, slack_id: U0ANA, email: ana@lindqvist.example, roles: [support]}
  - {id: finn, name: Finn Aalto, slack_id: U0FINN, email: finn@lindqvist.example}
  - {id: olga, name: Olga Reyes, slack_id: U0OLGA, email: olga@lindqvist.example, operator: true}
groups: {finance: [finn], nobody: []}
domains: [lindqvist.example]
"""
POLICY = """
default_approvers: group:finance
expires: 3 days
rules:
  - {name: reads, effect: read, allow: true, why: reads need no approval}
  - {name: goods, tool: till.order, allow: true, why: goods are ordered freely}
  - {name: refunds, tool: till.refund, who: group:finance, why: refunds need Finance}
  - {name: letters inside, tool: till.letter, outside: false, allow: true, why: they stay here}
  - {name: letters from letters, tool: till.letter, untrusted: recipient, deny: true}
"""


def make_log() -> Log:
    return Log(keys=KeyRing(bytes(32)))


@dataclass
class Road:
    db: Database
    clock: Any
    deps: Deps

    @classmethod
    def over(cls, db: Database, clock: Any, url: str, **limits: Any) -> Road:
        deps = Deps(
            db=db,
            log=make_log(),
            registry=Registry.of([connector(url)]),
            people=People.parse(PEOPLE, Path("people.yaml")),
            policy=parse_policy(POLICY, Path("policy.yaml")),
            clock=clock,
            evidence=lambda _session, _action: [Labelled(Origin.REQUESTER, TEXT)],
            limits=Limits(**limits),
            chance=lambda: 1.0,
        )
        return cls(db, clock, deps)

    def changed(self, **parts: Any) -> Road:
        """The same installation after a restart with something else in it."""
        return Road(self.db, self.clock, replace(self.deps, **parts))

    @property
    def executor(self) -> Executor:
        return Executor(self.deps)

    def prepare(self, action_id: str) -> str:
        return Prepare(self.deps, execute=self.executor.run).run(action_id)

    def prepare_only(self, action_id: str) -> str:
        """As if the worker died before it went on to execute what was allowed."""
        return Prepare(self.deps, execute=lambda _id: None).run(action_id)

    def execute(self, action_id: str) -> str:
        return self.executor.run(action_id)

    def propose(self, tool_name: str, /, turn: str = "turn_1", by: str = "ana", **args: Any) -> str:
        with self.db.transaction() as session:
            (action,) = propose(
                session,
                self.deps.log,
                turn_id=turn,
                step=0,
                calls=[Proposed(tool_name, "1.0.0", args)],
                principal_id=by,
                workspace_id="T0PRACTICE",
                channel="C0SUPPORT",
                thread_ts="1.1",
                automation="assistant",
                now=self.clock.now(),
            )
            return action.id

    def approved(self, tool: str, turn: str = "turn_1", **args: Any) -> str:
        """An action proposed by Ana, prepared, and approved by Finn."""
        action_id = self.propose(tool, turn, **args)
        assert self.prepare(action_id) == "awaiting"
        assert self.decide(action_id).outcome == "approved"
        return action_id

    def decide(self, action_id: str, person: str = "finn", vote: Any = "approve") -> Decided:
        with self.db.transaction() as session:
            request = session.exec(select(Request).where(Request.action_id == action_id)).one()
            return decide(
                session,
                self.deps.log,
                self.deps.people,
                request_id=request.id,
                person=self.deps.people.by_id(person),
                vote=vote,
                reason=None,
                now=self.clock.now(),
            )

    def person(self, name: str) -> Principal:
        found = self.deps.people.by_id(name)
        assert found is not None
        return found

    def row(self, action_id: str) -> Action:
        with self.db.read() as session:
            return session.get_one(Action, action_id)

    def head(self, action_id: str) -> Action:
        with self.db.read() as session:
            return head(session, action_id)

    def set(self, action_id: str, **values: Any) -> None:
        with self.db.transaction() as session:
            row = session.get_one(Action, action_id)
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)

    def status(self, action_id: str) -> str:
        return self.row(action_id).status

    def events(self, action_id: str) -> list[str]:
        with self.db.read() as session:
            query = select(Event.type).where(Event.action_id == action_id).order_by(col(Event.id))
            return list(session.exec(query))

    def reasons(self, action_id: str) -> list[str]:
        with self.db.read() as session:
            query = select(Event.reason).where(Event.action_id == action_id)
            return list(session.exec(query.order_by(col(Event.id))))

    def posts(self, action_id: str, kind: str) -> int:
        with self.db.read() as session:
            query = select(Post).where(Post.subject == action_id, Post.kind == kind)
            return len(session.exec(query).all())

    def open_jobs(self, subject: str) -> list[str]:
        with self.db.read() as session:
            query = select(Outbox.job).where(
                Outbox.subject == subject, col(Outbox.done_at).is_(None)
            )
            return sorted(session.exec(query))

    def grant(self, action_id: str) -> Grant | None:
        with self.db.read() as session:
            return session.exec(select(Grant).where(Grant.action_id == action_id)).first()

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


#: What Ana typed, whatever the test is about.
TEXT = "order 4711 SKU-1 3 5 18000 100 finn@lindqvist.example hello"
