"""One installation in memory: the product's own rooms on real SQL, a clock that is held, a queue
that loses and doubles, and a record of who clicked what, kept apart from the product's."""

from __future__ import annotations

import importlib
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any, Literal, TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, col, select

import audit.triggers
from approvals import switches
from approvals.actions import Proposed, answer_unknown, cancel, cancel_turn, propose, settled
from approvals.batches import offer_due
from approvals.editing import edit
from approvals.floors import make_floor
from approvals.origins import Labelled
from approvals.people import People
from approvals.requests import decide, expire_due
from approvals.running_out import end_due
from approvals.states import ACTION_TERMINAL
from approvals.tables import Action, Grant, Request
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from core.clock import HeldClock
from core.errors import InvalidTransition
from core.origins import Origin
from core.outbox import Message, Outbox, finish, open_rows, take_due
from core.sqlite import prepare as prepare_engine
from tests.conftest import NOW, TABLES
from tests.model.acts import Acts
from tests.model.counterpart import Counterpart
from tests.model.files import TEAM, people, policy
from tests.model.gates import GatedDatabase, Inline, Worker
from tests.model.permitting import permitting
from tests.model.story import Begun, Clicked, Told
from tools import due
from tools.deps import Deps, Floor
from tools.executor import Executor
from tools.limits import Limits
from tools.prepare import Prepare
from tools.registry import Registry
from tools.undoing import press_undo

#: What the asker typed: every value that is proposed stands in it.
_SAID = Labelled(Origin.REQUESTER, "do 1 2 to x or y or z")
T = TypeVar("T", bound=SQLModel)
_JOBS = ("prepare", "execute", "run_turn")
_LOOKS = """
SELECT token, status, attempt, tainted, lease_until, next_at, outcome FROM action WHERE id = ?
"""
#: Short times and few tries, so that every end is near.
LIMITS = Limits(
    max_attempts=3,
    max_looks=2,
    max_starts=3,
    max_previews=3,
    backoff_longest_s=8.0,
    breaker_longest_s=20.0,
)


@dataclass
class World:
    clock: HeldClock = field(default_factory=lambda: HeldClock(NOW))
    workers: list[Worker] = field(default_factory=list)
    #: What the broker holds: delivered in any order, more than once, or never.
    queue: list[Message] = field(default_factory=list)
    clicks: dict[str, list[Clicked]] = field(default_factory=dict)
    #: Permissions used up, in the order of their commits.
    begun: dict[str, Begun] = field(default_factory=dict)
    #: Who was told that they took something back in time: its action, each time.
    taken_back: list[str] = field(default_factory=list)
    #: Actions that people rejected; and all they said no to: rejected, or taken back.
    rejected: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    #: Whether somebody has stopped all of this.
    stopped: bool = False
    #: Actions written by a worker after another had taken them over from it.
    written_late: list[str] = field(default_factory=list)
    #: Turn -> the settled heads it went on with, each time it did.
    resumed: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    proposals: dict[tuple[str, int], tuple[Proposed, ...]] = field(default_factory=dict)
    groups: int = 0
    _read: dict[type[SQLModel], tuple[int, list[Any]]] = field(default_factory=dict)
    _told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.other = Counterpart(self.clock)
        self._other = self.other.connector
        self.db = _database()
        self.db.wake, self.db.told = self._published, self._committed
        self.db.about_to = self._note_before
        self.acts = Acts(self)
        self.deps = Deps(
            db=self.db,
            log=_log(),
            registry=Registry(()),
            people=people(0),
            policy=policy(0),
            clock=self.clock,
            evidence=lambda _session, _action: [
                Labelled(Origin.REQUESTER, "do 1 2 to x or y or z")
            ],
            limits=LIMITS,
            bounded=Inline(),
            chance=lambda: 1.0,
        )
        self.change_files(0, 0)

    # Proposing and deciding

    def propose(self, turn: str, step: int, calls: tuple[Proposed, ...], by: str) -> None:
        """A step of a turn; again with the same calls when it was run before."""
        calls = self.proposals.setdefault((turn, step), calls)
        with self.db.transaction() as session:
            propose(
                session, self.deps.log, turn_id=turn, step=step, calls=calls, principal_id=by,
                workspace_id=TEAM, channel="C0ROOM", thread_ts=turn, automation="assistant",
                now=self.clock.now(),
            )  # fmt: skip

    def click(self, action_id: str, person: str | None, vote: Literal["approve", "reject"]) -> str:
        """One click on the action's card; what became of it."""
        in_time = any(action.id == action_id for action in self.actions("awaiting"))
        with self.db.transaction() as session:
            request = session.exec(select(Request).where(Request.action_id == action_id)).one()
            decided = decide(
                session, self.deps.log, self.deps.people, request_id=request.id,
                person=self.person(person), vote=vote, reason=None, now=self.clock.now(),
            )  # fmt: skip
        if decided.outcome == "rejected":
            self.rejected.append(action_id)
            self.refusals.append(action_id)
        self.note_click(action_id, person, vote, decided.outcome, in_time=in_time)
        return decided.outcome

    def note_click(
        self, action_id: str, person: str | None, vote: str, outcome: str, *, in_time: bool = True
    ) -> None:
        """Write down who clicked, and whom they could stand for at that moment."""
        handed, stood_for = self.acts.handed.get(action_id), self.acts.stands_in_for(person)
        made = Clicked(
            person, vote, outcome, self.groups, stood_for, handed or frozenset(), in_time
        )
        self.clicks.setdefault(action_id, []).append(made)

    def edit(self, action: Action, person: str, amount: int) -> str | None:
        """Somebody changes what is asked; the id of the action in its place."""
        with self.db.transaction() as session:
            request = session.exec(select(Request).where(Request.action_id == action.id)).one()
            edited = edit(
                session, self.deps.log, self.deps.people, request_id=request.id,
                person=self.person(person), args={**action.args, "amount": amount},
                now=self.clock.now(),
            )  # fmt: skip
        return edited.action_id

    def answer(self, action_id: str, person: str, happened: bool) -> str:
        with self.db.transaction() as session:
            return answer_unknown(
                session, self.deps.log, action_id=action_id, person=self.person(person),
                happened=happened, now=self.clock.now(),
            ).outcome  # fmt: skip

    def undo(self, action: Action, person: str) -> str:
        """One press on Undo; what became of it."""
        with self.db.transaction() as session:
            outcome = press_undo(
                session, self.deps.log, self.deps.people, self.deps.registry,
                action_id=action.id, person=self.person(person), now=self.clock.now(),
            ).outcome  # fmt: skip
        self.taken_back += [action.id] * (outcome == "taken_back")
        self.refusals += [action.id] * (outcome in ("taken_back", "proposed"))
        return outcome

    def cancel(self, action: Action, reason: str = "Ana took it back") -> bool:
        """Take one action back that has not begun."""
        try:
            with self.db.transaction() as session:
                cancel(session, self.deps.log, action, now=self.clock.now(), actor="ana",
                       reason=reason)  # fmt: skip
        except InvalidTransition:
            return False
        return True

    def cancel_turn(self, turn: str) -> None:
        with self.db.transaction() as session:
            cancel_turn(session, self.deps.log, turn, now=self.clock.now(), actor="ana",
                        reason="Stopped")  # fmt: skip

    def stop(self, *, pressed: bool) -> None:
        do = switches.stop if pressed else switches.release
        with self.db.transaction() as session:
            do(session, self.deps.log, scope="automation:assistant", workspace_id=TEAM, by="olga",
               now=self.clock.now())  # fmt: skip
        self.stopped = pressed

    def change_files(self, rules: int, groups: int) -> None:
        """As after a restart with other files; workers under way keep what they had."""
        self.groups, who = groups, people(groups)
        own = permitting(self.db, self.deps.log, who, self.clock)
        self.deps = replace(
            self.deps,
            policy=policy(rules),
            people=who,
            registry=Registry((self._other, own)),
            floor=_floor(self.db, who),
        )

    def person(self, name: str | None) -> Any:
        return None if name is None else self.deps.people.by_id(name)

    # Delivering

    def deliver(self, message: Message) -> Worker | None:
        """A worker for this message, at its first gate; None for a job done at once."""
        if message.job == "run_turn":
            self._resume(message.args["turn_id"])
            return None
        if message.job not in _JOBS:
            return None
        action_id = message.args["action_id"]
        executor = Executor(self.deps)
        run = executor.run
        if message.job == "prepare":
            run = Prepare(self.deps, execute=executor.run).run
        worker = Worker(message.job, action_id, lambda: run(action_id), self.groups)
        self.workers.append(worker)
        return worker

    def deliver_all(self) -> None:
        """Everything in the queue, one after the other and each to its end."""
        while self.queue:
            worker = self.deliver(self.queue.pop(0))
            while worker is not None and worker.gate is not None:
                worker.go()

    def keep_time(self) -> None:
        """One round of the keeper: expiries, what is due, what the broker should have again."""
        now = self.clock.now()
        with self.db.transaction() as session:
            expire_due(session, self.deps.log, now=now)
            again = [
                Message("execute", {"action_id": a.id}) for a in due.sweep_due(session, now=now)
            ]
            again += take_due(session, now=now)
            offer_due(session, self.deps.log, self.deps.people, now=now)
            if self.acts.asked:
                end_due(session, self.deps.log, self.deps.people, now=now)
        self._published(again)

    def wait(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.other.pass_time()

    def alive(self) -> list[Worker]:
        self.workers = [worker for worker in self.workers if worker.gate is not None]
        return self.workers

    # Looking

    def rows(self, table: type[T]) -> list[T]:
        """All of this table, by id; read once for each transaction there was."""
        read_at, found = self._read.get(table, (-1, []))
        if read_at != self.db.version:
            with self.db.read() as session:
                found = list(session.exec(select(table).order_by(text("id"))))
            self._read[table] = self.db.version, found
        return found

    def events(self) -> list[Told]:
        """Everything that was logged, in its order."""
        with self.db.read() as session:
            query = select(Event.id, Event.action_id, Event.type, Event.at).order_by(col(Event.id))
            if self._told:
                query = query.where(Event.id > self._told[-1].id)
            self._told += [Told(*row) for row in session.exec(query)]
        return self._told

    def actions(self, *statuses: str) -> list[Action]:
        rows = sorted(self.rows(Action), key=lambda row: (row.created_at, row.id))
        return [row for row in rows if not statuses or row.status in statuses]

    def happened(self, action_id: str) -> bool:
        """What a person finds who looks, there or here."""
        made = any(row.action_id == action_id for row in self.acts.rows())
        return made or bool(self.other.effects_of(action_id))

    def owed(self) -> int:
        """Jobs of turns and actions that are asked for and not done."""
        return sum(row.job in _JOBS and row.done_at is None for row in self.rows(Outbox))

    def _resume(self, turn: str) -> None:
        """The turn goes on with what is settled, once for each of its actions."""
        roots = [a.id for a in self.actions() if a.turn_id == turn and a.supersedes is None]
        with self.db.transaction() as session:
            heads = {key: head.id for key, head in settled(session, roots).items()}
            rows = open_rows(session, job="run_turn", subject=turn)
            finish(session, rows, now=self.clock.now())
        known = set().union(*(set(before) for before in self.resumed[turn]))
        if new := {key: head for key, head in heads.items() if key not in known}:
            self.resumed[turn].append(new)

    def _note_before(self, worker: Worker) -> None:
        """What the action looks like at which this worker is about to write."""
        worker.before = self._looks(worker.action_id)

    def _committed(self, worker: Worker) -> None:
        """What this worker's last commit has done."""
        self._note_begun(worker)
        before, after = worker.before, self._looks(worker.action_id)
        if after[0] > before[0]:
            worker.token = after[0]
        elif 0 < worker.token < before[0] and after != before:
            self.written_late.append(worker.action_id)

    def _note_begun(self, worker: Worker) -> None:
        """Whose permission this worker's last commit has used up."""
        for grant in self.rows(Grant):
            if grant.consumed_at is not None and grant.action_id not in self.begun:
                self.begun[grant.action_id] = Begun(
                    grant.action_id, self.clock.now(), worker.files, frozenset(self.acts.revoked),
                    frozenset(self.refusals), self.stopped,
                )  # fmt: skip

    def _looks(self, action_id: str) -> tuple[Any, ...]:
        """Its token first, then all that is written of how it goes."""
        found: tuple[Any, ...] = (
            _connection(self.db.engine).execute(_LOOKS, (action_id,)).fetchone()
        )
        return found

    def _published(self, messages: Sequence[Message]) -> None:
        self.queue += [m for m in messages if m not in self.queue and m.job in _JOBS]


TERMINAL = ACTION_TERMINAL


def _floor(db: GatedDatabase, who: People) -> Floor:
    """The installation's own floor for what changes what is permitted. What cannot be undone stays
    allowed where a rule says so: unasked actions are to be played with every retry class."""
    floor = make_floor(db, who)
    return lambda subject, verdict: (
        floor(subject, verdict) if subject.tool.startswith("signoff.") else verdict
    )


@cache
def _log() -> Log:
    return Log(keys=KeyRing(bytes(32)))


@cache
def _shared() -> tuple[GatedDatabase, bytes]:
    """One database for all examples, and what it looks like when it is new."""
    for module in TABLES:
        importlib.import_module(module)
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    prepare_engine(engine, "OFF", 0)
    SQLModel.metadata.create_all(engine)
    audit.triggers.install(engine)
    return GatedDatabase(engine), _connection(engine).serialize()


def _database() -> GatedDatabase:
    db, empty = _shared()
    _connection(db.engine).deserialize(empty)
    return db


def _connection(engine: Any) -> sqlite3.Connection:
    raw = engine.raw_connection()
    found: sqlite3.Connection = raw.driver_connection
    raw.close()
    return found
