"""People, a policy and actions at every stage of their life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from approvals.actions import Proposed, propose
from approvals.opening import open_request
from approvals.people import People
from approvals.policy.judge import Stage, Verdict
from approvals.tables import Action, Decision, Request
from audit.keys import KeyRing
from audit.log import Log
from core.db import Database

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FINANCE = Stage("group:finance", 1, "refunds above EUR 100 need Finance")
TEAM = "T0PRACTICE"

CROWD = """
workspace: T0PRACTICE
domains: [lindqvist.example]
people:
  - {id: ana, name: Ana Berg, slack_id: U0ANA, email: ana@lindqvist.example, roles: [support]}
  - {id: finn, name: Finn Aalto, slack_id: U0FINN, roles: [finance]}
  - {id: olga, name: Olga Reyes, slack_id: U0OLGA, operator: true}
  - {id: sam, name: Sam Cole, slack_id: U0SAM}
groups:
  finance: [finn, olga]
  board: [finn, olga, sam]
  alone: [ana]
  empty: []
"""


@pytest.fixture
def people() -> People:
    """Ana asks; Finn and Olga are Finance; Olga is an operator; Sam is on the board."""
    return People.parse(CROWD, Path("people.yaml"))


@pytest.fixture
def log() -> Log:
    return Log(keys=KeyRing(bytes(32)))


def verdict(
    *stages: Stage, four_eyes: bool = True, expires_in_s: int = 3600, **more: Any
) -> Verdict:
    return Verdict(
        kind="ask",
        reason="refunds above EUR 100 need Finance",
        rules=("refunds",),
        stages=stages or (FINANCE,),
        expires_in_s=expires_in_s,
        four_eyes=four_eyes,
        effect="irreversible",
        digests={"policy": "sha256:p", "people": "sha256:q"},
        **more,
    )


Propose = Callable[..., list[Action]]


@pytest.fixture
def propose_some(db: Database, log: Log) -> Propose:
    """Propose calls in one turn, as the graph does."""

    def make(
        *calls: Proposed, turn_id: str = "turn_1", step: int = 0, principal_id: str = "ana"
    ) -> list[Action]:
        given: Sequence[Proposed] = calls or (Proposed("shop.refund", "1.0.0", {"order": "4711"}),)
        with db.transaction() as session:
            return propose(
                session,
                log,
                turn_id=turn_id,
                step=step,
                calls=given,
                principal_id=principal_id,
                workspace_id=TEAM,
                channel="C0SUPPORT",
                thread_ts="1.0",
                automation="assistant",
                now=NOW,
            )

    return make


@pytest.fixture
def awaiting(
    db: Database, log: Log, people: People, propose_some: Propose
) -> Callable[..., tuple[Action, str]]:
    """An action that waits for these stages, and the id of its request."""

    def make(*stages: Stage, **options: Any) -> tuple[Action, str]:
        turn = options.pop("turn_id", "turn_1")
        (action,) = propose_some(turn_id=turn)
        with db.transaction() as session:
            action = session.merge(action)
            action.digest = "sha256:content"
            action.preview = {"title": "Refund EUR 180.00 to Mara Lind"}
            session.flush()
            request = open_request(
                session, log, action, verdict(*stages, **options), people, now=NOW
            )
            assert request is not None
            return session.get_one(Action, action.id), request.id

    return make


def said_no(session: Session, action_id: str, why: str = "no", workspace_id: str = TEAM) -> None:
    """The closed question of a rejected action, and Finn's no."""
    request = Request(
        id=f"req_{action_id}", workspace_id=workspace_id, action_id=action_id, status="rejected",
        stages=[], awaited=[], stage_at=NOW, expires_at=NOW, created_at=NOW,
    )  # fmt: skip
    session.add(request)
    session.flush()
    vote = Decision(
        id=f"dec_{action_id}", workspace_id=workspace_id, request_id=request.id, stage=0,
        person_id="finn", for_id="finn", vote="reject", reason=why, at=NOW,
    )  # fmt: skip
    session.add(vote)
