"""A small office for turns: real rows, a real model server, a real store; tools only declared.

What tool workers do is done here by hand: `settle` takes an action through its states.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field
from sqlmodel import Session, col, select

import llm.tables  # noqa: F401 - its tables are to be created
from approvals.actions import move
from approvals.people import People
from approvals.tables import Action
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from core.clock import HeldClock
from core.db import Database, open_database
from core.origins import Origin
from core.outbox import Message, Outbox
from core.posts import Post
from graphs.checkpoint.connect import open_saver
from graphs.checkpoint.saver import RedisSaver
from graphs.runtime.budget import Budget
from graphs.runtime.claim import Limits
from graphs.runtime.receiving import Received, receive_all
from graphs.runtime.run import TurnRunner
from graphs.runtime.tables import Turn
from graphs.runtime.work import Desk
from graphs.versions import ASSISTANT, Versions
from llm.client import Answer, Models
from llm.config import ModelsConfig
from llm.sending import Retries
from llm.tables import ModelResponse
from tests.llm.rehearsal import Rehearsal
from tests.schema import fill
from tools.contract import Arguments, Call, Connector, Effect, Preview, Result, Retry, Tool
from tools.registry import Registry

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
TEAM = "T0PRACTICE"
SHORT = Limits(lease=timedelta(seconds=2), max_tries=3)


class OrderArgs(Arguments):
    order: str = Field(description="The order's number, like 4711")


class RefundArgs(Arguments):
    order: str
    minor: int


class Found(Result):
    text: str


def find_order(args: OrderArgs, call: Call) -> Found:
    """Find one order by its number."""
    return Found(source=f"shop order {args.order}", text="shipped")


def refund(args: RefundArgs, call: Call) -> Found:
    """Refund an order."""
    return Found(source=f"shop order {args.order}", text="refunded")


def _preview(args: RefundArgs, call: Call) -> Preview:
    return Preview(title=f"Refund {args.minor} for {args.order}", verb="refund")


TOOLS = (
    Tool(
        name="shop.find_order",
        version="1.0.0",
        args=OrderArgs,
        result=Found,
        effect=Effect.READ,
        retry=Retry.IDEMPOTENT,
        run=find_order,
        scopes=("shop:read",),
        yields=Origin.FIRST_PARTY,
        can="find an order",
        key_life_s=86_400,
    ),
    Tool(
        name="shop.refund",
        version="1.0.0",
        args=RefundArgs,
        result=Found,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        run=refund,
        scopes=("shop:refund",),
        yields=Origin.FIRST_PARTY,
        can="refund an order",
        authority=("order", "minor"),
        preview=_preview,
        key_life_s=86_400,
        unrecorded="anything; nobody asks these tests",
    ),
)


class Paused(Models):
    """A model client that stops with its answer in hand until it is let go."""

    def __init__(self, like: Models, base_url: str) -> None:
        super().__init__(like.config, api_key="practice", base_url=base_url)
        self.answered, self.go = threading.Event(), threading.Event()

    def complete(self, messages: Any, tools: Any, tier: Any, listener: Any = None) -> Answer:
        answer = super().complete(messages, tools, tier, listener)
        self.answered.set()
        assert self.go.wait(60)
        return answer


def calls(*named: tuple[str, dict[str, Any] | str]) -> dict[str, Any]:
    """A scripted model answer that asks for these tools."""
    return {"tool_calls": [{"name": name, "arguments": args} for name, args in named]}


FIND = calls(("shop__find_order", {"order": "4711"}))
REFUND = calls(("shop__refund", {"order": "4711", "minor": 18000}))
DONE = {"content": "Order 4711 is shipped."}


@dataclass
class Office:
    db: Database
    log: Log
    clock: HeldClock
    models: Models
    people: People
    registry: Registry
    saver: RedisSaver
    model: Rehearsal
    budget: Budget
    versions: Versions = ASSISTANT
    rung: list[Message] = field(default_factory=list)
    _ts: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def runner(self, limits: Limits = SHORT, models: Models | None = None) -> TurnRunner:
        """A worker of its own: its graph and runner share only the stores with others."""
        return TurnRunner(self.desk(models), self.people, self.saver, limits, self.versions)

    def desk(self, models: Models | None = None) -> Desk:
        return Desk(
            self.db,
            self.log,
            self.clock,
            models or self.models,
            self.registry,
            "small",
            self.budget,
            {"policy": "sha256:p", "people": self.people.digest},
        )

    def say(
        self,
        text: str,
        *,
        who: str = "ana",
        channel: str = "C0SUPPORT",
        thread_ts: str | None = None,
        context: tuple[dict[str, Any], ...] = (),
    ) -> Turn:
        """A message from Slack, received as a turn."""
        with self.db.transaction() as session:
            message = Received(
                workspace_id=TEAM,
                kind="channel",
                place="#support",
                principal_id=who,
                asker=who.capitalize(),
                channel=channel,
                thread_ts=thread_ts,
                message_ts=f"1763640000.{next(self._ts):06}",
                text=text,
                context=context,
            )
            [turn_id] = receive_all(session, self.log, [message], now=self.clock.now())
            return session.get_one(Turn, turn_id)

    def settle(
        self, action_id: str, to: str = "succeeded", outcome: dict[str, Any] | None = None
    ) -> None:
        """What prepare, a person and the executor would do with this action."""
        result = {"source": "shop order 4711", "text": "shipped"}
        outcome = outcome or {"status": to, "result": result, "summary": "Found"}
        path = {"denied": ["denied"], "awaiting": ["awaiting"]}.get(
            to, ["allowed", "executing", to]
        )
        with self.db.transaction() as session:
            action = session.get_one(Action, action_id)
            for status in path:
                changes: dict[str, Any] = {"outcome": outcome} if status == to else {}
                action = move(
                    session,
                    self.log,
                    action,
                    status,
                    now=self.clock.now(),
                    actor="system:tools",
                    reason=status,
                    **changes,
                )

    def turn(self, turn_id: str) -> Turn:
        with self.db.read() as session:
            return session.get_one(Turn, turn_id)

    def actions(self, turn_id: str) -> list[Action]:
        query = select(Action).where(Action.turn_id == turn_id)
        return self._all(query.order_by(col(Action.step), col(Action.call)))

    def posts(self, subject: str) -> list[Post]:
        return self._all(select(Post).where(Post.subject == subject))

    def responses(self, turn_id: str) -> list[ModelResponse]:
        query = select(ModelResponse).where(ModelResponse.turn_id == turn_id)
        return self._all(query.order_by(col(ModelResponse.step)))

    def events(self, turn_id: str, prefix: str = "graphs:turn:") -> list[str]:
        found = self._all(select(Event).where(Event.turn_id == turn_id).order_by(col(Event.id)))
        return [event.type.removeprefix(prefix) for event in found if event.type.startswith(prefix)]

    def open_rows(self, turn_id: str) -> list[Outbox]:
        query = select(Outbox).where(Outbox.job == "run_turn", Outbox.subject == turn_id)
        return self._all(query.where(col(Outbox.done_at).is_(None)))

    def _all(self, query: Any) -> list[Any]:
        with self.db.read() as session:
            return list(session.exec(query))


@contextmanager
def open_office(
    folder: Path, redis_url: str, model: Rehearsal, db: Database | None = None
) -> Iterator[Office]:
    """An office over these stores; a second one in the same folder sees the first one's rows.
    `db`: one that has its tables, instead of a file in that folder."""
    if db is None:
        is_new = not (folder / "office.db").exists()
        db = open_database(f"sqlite:///{folder / 'office.db'}")
        if is_new:
            fill(db)
    models = Models(
        ModelsConfig.load(ROOT / "config" / "models.yaml", profile="rehearsal"),
        api_key="practice",
        base_url=model.base_url,
        timeout_s=60.0,
        retries=Retries(attempts=2, base_s=0.01, cap_s=0.05),
    )
    saver = open_saver(redis_url)
    office = Office(
        db=db,
        log=Log(keys=KeyRing.load_or_create(folder / "key")),
        clock=HeldClock(NOW),
        models=models,
        people=People.load(ROOT / "config" / "people.yaml"),
        registry=Registry.of([Connector("shop", "1.0.0", (), TOOLS)]),
        saver=saver,
        model=model,
        budget=Budget.load(ROOT / "config" / "limits.yaml"),
    )
    db.wake = office.rung.extend
    yield office
    models.close()
    saver.close()
    db.engine.dispose()


def in_session(office: Office, do: Any) -> Any:
    """One transaction of the office."""
    with office.db.transaction() as session:
        assert isinstance(session, Session)
        return do(session)
