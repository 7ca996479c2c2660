"""One whole installation in one process, and the errands people have with it.

The handlers are the workers' own (`bot.tool_jobs`, the turn runner, the poster) and the keeper is
the real one; what Celery does is done here by a loop over the same lists in Redis, one job after
the other, so that a run is the same each time. Everything is wired before the fork and connects
after it. Previews and status lines, which threads send when they have time, are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import redis
from sqlmodel import col, func, select

from approvals.tables import Grant
from audit.check import check
from bot.bootstrap import Floor, make_models
from bot.broker import Doorbell, Handler
from bot.deps import Identity
from bot.graph_jobs import _desk
from bot.intake import Heard, Said, take_messages
from bot.keeper import Keeper
from bot.keeping import make_keeper
from bot.members import Account
from bot.tool_jobs import tool_jobs
from bot.web import make_web
from core.clock import HeldClock
from core.db import Database
from core.outbox import Outbox
from core.posts import Post
from graphs.runtime.states import TERMINAL
from llm.tables import ModelResponse
from tests.faults.comparing import AGAIN_S, ONCE_S, failing, found, through, watched
from tests.faults.errands import COMPARING, Errand
from tests.faults.going_back import compensations
from tests.faults.people import Done, Tell, actions_of, next_done, turns_of
from tests.faults.presses import deliver
from tests.faults.wiring import TOKEN, Servers, bot_side, floor_over, thinking
from tools.lanes import NoLanes

#: A person takes a moment: by then the facts of a card are old and are read again.
_A_MOMENT = timedelta(seconds=5)
#: Rounds of waiting for what is due before an errand counts as hung.
_ROUNDS = 80


class House:
    """The installation over these servers, in `folder`. Nothing of it is connected."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder, self.clock = folder, HeldClock(datetime.now(UTC))
        self.redis = redis.Redis.from_url(servers.redis_url)
        self.floor = floor_over(folder, servers, self.clock)
        self._publish = Doorbell(servers.redis_url)
        self._web = make_web(TOKEN, servers.slack_api)
        identity = Identity.of(self._web.auth_test().data)  # type: ignore[arg-type]
        self.deps = bot_side(self.floor, identity, servers)
        desk = _desk(self.floor)
        self._models = desk.models
        self.handlers: dict[str, Handler] = {
            **tool_jobs(self.floor, NoLanes()),
            **thinking(self.floor, servers, self._web, identity, desk),
        }
        self.db.wake = self._ring
        #: Told what a delivery that came to nothing raised.
        self.raised: Callable[[str], None] = lambda _name: None
        #: The delivery that is being worked on: what a doubled one does again.
        self.job: tuple[str, dict[str, Any]] = ("", {})
        self.part()

    @property
    def db(self) -> Database:
        return self.floor.db

    def part(self) -> None:
        """Leave every connection, so that processes may be forked that make their own.

        What was compiled and imported by playing before stays: it halves what a run takes.
        Redis's client sees a fork by itself.
        """
        used, self._models._client = self._models._client, make_models(self.floor.settings)._client
        used.close()
        self._keeper = self._make_keeper(self.floor)
        self._comparing = self._make_keeper(watched(self.floor, ONCE_S))
        self._again = self._make_keeper(watched(self.floor, AGAIN_S))
        self.db.engine.dispose()

    def _make_keeper(self, floor: Floor) -> Keeper:
        return make_keeper(floor, self._publish, self._publish.in_line)

    def turn_to(self, errand: Errand) -> None:
        """Keep what this errand is about: records are compared in some alone."""
        if errand.flow == COMPARING:
            self._keeper = self._comparing

    def deliver(self, job: str, args: dict[str, Any]) -> bool:
        """One delivery, as the process it goes to would take it; False when it came to nothing."""
        self.job = (job, args)
        try:
            if job == "message":
                self._hear(Errand(**args))
            elif job in ("click", "command"):
                self._request(job, args)
            elif job == "keeper":
                self._keep(args["seconds"])
            elif job in self.handlers:
                self.handlers[job](**args)
        except Exception as error:  # noqa: BLE001 - as `bot.workers` does: the sweeper has it
            self.raised(type(error).__name__)
            return False
        finally:
            self.job = ("", {})
        return True

    def play(
        self,
        errand: Errand,
        tell: Tell,
        acked: Iterable[str],
        pressed: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Take this errand to its end, wherever it stands now.

        `tell` hears what a person or Slack was told ("acked": never said again), each press before
        it is delivered ("pressed"), and asks the counterpart, on behalf of a person, whether it
        happened. What was `pressed` and never acknowledged Slack delivers again. Raises `Hung`.
        """
        told = set(acked) | (set() if errand.begins else {"message"})
        self.turn_to(errand)

        def acknowledge(what: str) -> None:
            tell("acked", what)
            told.add(what)

        for press in pressed:
            if press["trigger_id"] not in told and self.deliver("click", press):
                acknowledge(press["trigger_id"])
        for _ in range(_ROUNDS):
            if "message" not in told and self.deliver("message", dict(errand.__dict__)):
                acknowledge("message")
            self._work()
            if (done := self._next_done(errand, told, tell)) is not None:
                self.clock.advance(_A_MOMENT)
                job, args, said = done
                if job == "click":
                    tell("pressed", json.dumps(args))
                if self.deliver(job, args):
                    acknowledge(said)
                continue
            over = self._over(errand)
            self._wait()
            if over and self._over(errand):
                return
        raise Hung(f"{errand.flow} did not come to its end")

    def end(self, errand: Errand) -> dict[str, Any]:
        """How it stands in SQL, plain values."""
        with self.db.read() as session:
            posts = session.exec(select(Post).where(Post.shown > 0)).all()
            return {
                "turns": [turn.status for turn in turns_of(session, errand)],
                "actions": [[a.tool, a.status] for a in actions_of(session, errand)],
                "posts": [[p.kind, p.id, p.sent_channel, p.ts, p.thread_ts] for p in posts],
                "open": session.exec(
                    select(func.count()).where(col(Outbox.done_at).is_(None))
                ).one(),
                "grants": session.exec(select(func.count(col(Grant.id)))).one(),
                "steps": sorted(session.exec(select(ModelResponse.step))),
                "log": check(session, self.floor.log).sentence,
                "back": compensations(session),
                "compared": found(session) if errand.flow == COMPARING else None,
            }

    def _ring(self, messages: Any) -> None:
        with contextlib.suppress(redis.RedisError):  # as the relay does: the sweeper has them
            self._publish(messages)

    def _hear(self, errand: Errand) -> None:
        heard = Heard(
            event_id=f"Ev{errand.ts}",
            user="U0ANA",
            channel="C0SUPPORT",
            ts=errand.ts,
            thread_ts=None,
            text=errand.text,
            direct=False,
            mentioned=True,
        )
        account = Account("U0ANA", self.floor.people.by_id("ana"), "")
        take_messages(self.deps, [Said(heard, account, "#support")])

    def _request(self, kind: str, said: dict[str, Any]) -> None:
        """Slack's request, to the bot's own HTTP server; raises what is not acknowledged."""
        status = asyncio.run(deliver(self.deps, kind, said))
        if status != HTTPStatus.OK:
            raise NotAcknowledged(status)

    def _work(self) -> None:
        """Everything that lies in the broker, as one worker of each kind would do it."""
        while (raw := self.redis.rpop("tools") or self.redis.rpop("graphs")) is not None:
            envelope = json.loads(raw)  # type: ignore[arg-type]
            _, args, _ = json.loads(b64decode(envelope["body"]))
            self.deliver(envelope["headers"]["task"], args)

    def _next_done(self, errand: Errand, told: set[str], tell: Tell) -> Done | None:
        floor, base = self.floor, self.deps.identity.url
        with self.db.read() as session:
            return next_done(session, floor.people, base, errand, told, tell, self.clock.now())

    def _over(self, errand: Errand) -> bool:
        with self.db.read() as session:
            left = session.exec(select(Outbox.id).where(col(Outbox.done_at).is_(None))).first()
            if left is not None or errand.flow == COMPARING:
                return left is None and through(session)
            turns = turns_of(session, errand)
            return bool(turns) and all(turn.status in TERMINAL for turn in turns)

    def _wait(self) -> None:
        """Let time pass until the next thing is due, and have the keeper look."""
        now = self.clock.now()
        with self.db.read() as session:
            open_row = col(Outbox.done_at).is_(None)
            due = session.exec(select(func.min(col(Outbox.next_at))).where(open_row)).one()
            if self._keeper is self._comparing and due is None and failing(session):
                self._keeper._loops = self._again._loops
        wait = (due.replace(tzinfo=UTC) - now) if due else timedelta()
        wait = max(wait, timedelta(seconds=1)) + timedelta(milliseconds=1)
        self.clock.advance(wait)
        self.deliver("keeper", {"seconds": wait.total_seconds()})

    def _keep(self, seconds: float) -> None:
        keeper = self._keeper
        keeper._ticks += max(seconds, 5.0)  # time is ours here: what `run` does, one round
        if keeper._hold():
            keeper._tick()


class NotAcknowledged(Exception):
    """Slack was not told that it arrived, and delivers it again."""


class Hung(Exception):
    """An errand that comes to no end."""
