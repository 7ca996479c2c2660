"""Previews at a desk: turns that run, and the messages that show them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from approvals.tables import Action
from bot.posts.channel import SlackChannel
from bot.posts.preview_rows import PreviewRows
from bot.posts.preview_slack import PreviewSlack
from bot.posts.previews import Pace, Previews
from bot.web import make_web
from core.posts import ask_post
from graphs.runtime.preview import Task
from graphs.runtime.receiving import Received, receive_all
from graphs.runtime.states import RUNNING
from graphs.runtime.tables import Turn
from graphs.runtime.turns import move_turn, stop
from tests.bot.desk import ANA, SUPPORT, TOKEN, Desk, until

AT_ONCE = Pace(patience=0.0, begin=0.0, append=0.0, draw=0.0, trouble=0.05)
LEASE = timedelta(seconds=15)


@dataclass
class Showing:
    """A desk whose worker shows its turns while they run."""

    desk: Desk
    previews: Previews
    woken: list[Any]

    def turn(self, channel: str = SUPPORT, root: str | None = None, tries: int = 1) -> Turn:
        """A turn of Ana's that runs; in a thread unless `root` is None."""
        deps = self.desk.deps
        with deps.db.transaction() as session:
            message = Received(
                workspace_id=deps.identity.team_id,
                kind="dm" if channel.startswith("D") else "channel",
                place="#support",
                principal_id="ana",
                asker="Ana",
                channel=channel,
                thread_ts=root,
                message_ts=f"1763640000.{len(self.desk.turns()):06}",
                text="hello",
            )
            [turn_id] = receive_all(session, deps.log, [message], now=deps.clock.now())
            turn = session.get_one(Turn, turn_id)
            self._move(session, turn, RUNNING, tries=tries)
        return turn

    def answer(self, turn: Turn, text: str) -> str:
        """The turn is answered: what the runtime's ending commits. Returns the post's id."""
        with self.desk.deps.db.transaction() as session:
            fresh = session.get_one(Turn, turn.id)
            self._move(session, fresh, "answered", answer=text)
            return ask_post(
                session,
                workspace_id=turn.workspace_id,
                subject=turn.id,
                kind="answer",
                channel=turn.channel,
                thread_ts=turn.thread_ts,
                body={"text": text, "sources": ["shop order 4711"], "cost_micros": 0},
                now=self.desk.clock.now(),
            )

    def wait(self, turn: Turn) -> None:
        """The turn waits for its actions."""
        with self.desk.deps.db.transaction() as session:
            self._move(session, session.get_one(Turn, turn.id), "waiting")

    def stop(self, turn: Turn) -> None:
        deps = self.desk.deps
        with deps.db.transaction() as session:
            assert stop(
                session, deps.log, turn_id=turn.id, by="ana", name="Ana", now=deps.clock.now()
            )

    def act(self, turn: Turn, status: str, title: str = "Find an order") -> str:
        """An action of this turn that stands so."""
        action = Action(
            id=f"act_{turn.id}_{title}",
            workspace_id=turn.workspace_id,
            turn_id=turn.id,
            principal_id="ana",
            channel=turn.channel,
            thread_ts=turn.thread_ts,
            tool="shop.find_order",
            tool_version="1.0.0",
            args={},
            digest="sha256:1",
            status=status,
            preview={"title": title},
            created_at=self.desk.clock.now(),
        )
        with self.desk.deps.db.transaction() as session:
            session.add(action)
        return action.id

    async def message(
        self, fits: Callable[[dict[str, Any]], bool], channel: str = SUPPORT
    ) -> dict[str, Any]:
        """The one message of the app, once there is one and it fits."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = await self.desk.messages(channel)
            return len(found) == 1 and fits(found[0])

        await until(there, f"such a message in {channel}")
        return found[0]

    async def until(self, holds: Callable[[], bool]) -> None:
        async def held() -> bool:
            return holds()

        await until(held, "it to come to that")

    def _move(self, session: Session, turn: Turn, to: str, **changes: Any) -> None:
        deps = self.desk.deps
        now = deps.clock.now()
        move_turn(session, deps.log, turn, to, now=now, actor="system:worker", reason=to, **changes)


@asynccontextmanager
async def showing(
    desk: Desk, pace: Pace = AT_ONCE, timeout_s: int = 5, *, slack_stops: bool = False
) -> AsyncIterator[Showing]:
    """A worker that shows its turns at this desk."""
    woken: list[Any] = []
    desk.deps.db.wake = woken.extend
    previews = worker(desk, pace, timeout_s, slack_stops=slack_stops)
    previews.start()
    try:
        yield Showing(desk, previews, woken)
    finally:
        await asyncio.to_thread(previews.stop, 10.0)


def worker(
    desk: Desk, pace: Pace = AT_ONCE, timeout_s: int = 5, *, slack_stops: bool = False
) -> Previews:
    """Another worker's previews, not started."""
    deps = desk.deps
    hasty = make_web(TOKEN, f"{desk.base}/api/", timeout_s=timeout_s, patience=0)
    slack = PreviewSlack(
        SlackChannel(hasty, deps.identity),
        SlackChannel(desk.web, deps.identity),
        PreviewRows(deps.db, deps.clock, LEASE),
        deps.people,
        lambda: slack_stops,
    )
    return Previews(slack, pace)


async def thread(desk: Desk) -> str:
    """A message of Ana's that is answered in a thread."""
    posted = await desk.post("messages", user=ANA, channel=SUPPORT, text="Something of mine")
    return str(posted["ts"])


def task(title: str, progress: Any = "in_progress", task_id: str = "act_1") -> Task:
    return Task(task_id, title, progress)


def texts(message: dict[str, Any]) -> str:
    """The streamed or drawn words of a message."""
    return "".join(b["text"] for b in message["blocks"] if b["type"] == "markdown")


def plan(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Title and status of each task of a message's plan."""
    tasks = [t for b in message["blocks"] if b["type"] == "plan" for t in b["tasks"]]
    return [(each["title"], each["status"]) for each in tasks]


def state(message: dict[str, Any]) -> str:
    """Of its stream; empty for a message that never was one."""
    return str((message.get("stream") or {}).get("state", ""))


async def streaming(show: Showing, text: str = "One two") -> tuple[Turn, dict[str, Any]]:
    """A turn in a thread whose first words stand in Slack."""
    turn = show.turn(root=await thread(show.desk))
    show.previews.words(turn, 0, text)
    await show.message(lambda m: texts(m) == text)
    await show.until(lambda: [p.ts is None for p in show.desk.posts()] == [False])
    return turn, (await show.desk.messages())[0]
