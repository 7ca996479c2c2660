"""What a test does with the app: act as a person, send what is owed, look at what is there."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk import WebClient
from sqlmodel import Session, col, select

from approvals.opening import open_request
from approvals.policy.judge import Stage, Verdict
from approvals.tables import Action
from bot.boundary import Later
from bot.deps import BotDeps
from bot.posts.posting import Poster
from bot.render import Renderer
from bot.tables import Inbound
from core.clock import HeldClock
from core.outbox import Outbox
from core.posts import Post
from graphs.runtime.tables import Turn
from sandbox.slack.testing import PATIENCE_S

TOKEN = "xoxb-practice"
SECRET = "practice-signing-secret"
ANA, FINN, OLGA, SAM, GITA = "U0ANA", "U0FINN", "U0OLGA", "U0SAM", "U0GITA"
SUPPORT, GENERAL = "C0SUPPORT", "C0GENERAL"
BOT = "U0SIGNOFF"
FINANCE = Stage("group:finance", 1, "refunds above EUR 100 need Finance")
ASKER = Stage("requester", 1, "it goes out in your name")


@dataclass
class Desk:
    """The practice workspace with the app in it. `http` talks to the control API at `base`."""

    deps: BotDeps
    base: str
    bot: str
    http: aiohttp.ClientSession
    web: WebClient
    transport: str
    later: Later

    @property
    def clock(self) -> HeldClock:
        assert isinstance(self.deps.clock, HeldClock)
        return self.deps.clock

    # A person acts

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        async with self.http.post(f"{self.base}/control/{path}", json=body) as response:
            found: dict[str, Any] = await response.json()
            assert response.status == 200, found
            return found

    async def get(self, path: str) -> dict[str, Any]:
        async with self.http.get(f"{self.base}/control/{path}") as response:
            found: dict[str, Any] = await response.json()
            return found

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message and wait until everything delivered for it came to rest."""
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        ts: str = (await self.post("messages", user=user, channel=channel, text=text, **thread))[
            "ts"
        ]
        await self.at_rest()
        return ts

    async def command(self, user: str, text: str, channel: str = SUPPORT) -> str:
        """The text that answers `/signoff text`."""
        said = await self.post(
            "commands", user=user, channel=channel, command="/signoff", text=text
        )
        assert said["acked"], said
        return str(said["response"]["text"])

    async def click(self, user: str, ts: str, action_id: str, channel: str = SUPPORT) -> bool:
        said = await self.post("actions", user=user, channel=channel, ts=ts, action_id=action_id)
        return bool(said["acked"])

    async def shortcut(self, user: str, ts: str, channel: str = SUPPORT) -> bool:
        """Choose *Stop this conversation* at this message."""
        said = await self.post(
            "shortcuts", user=user, channel=channel, ts=ts, callback_id="stop_conversation"
        )
        return bool(said["acked"])

    async def at_rest(self) -> None:
        """Wait until every delivery has been acknowledged or given up."""

        async def rests() -> bool:
            return all(_rests(each) for each in (await self.get("deliveries"))["deliveries"])

        await until(rests, "the deliveries to come to rest")

    # What is owed is sent

    def poster(self, **more: Any) -> Poster:
        deps = self.deps
        return Poster(
            db=deps.db,
            log=deps.log,
            clock=deps.clock,
            web=self.web,
            identity=deps.identity,
            renderer=Renderer(deps.people, deps.identity.url),
            **more,
        )

    async def send_owed(self) -> int:
        """Run every open send_post job that is due, as workers would; returns how many."""
        poster, count = self.poster(), 0
        while owed := self.owed():
            for post_id in owed:
                await asyncio.to_thread(poster.send, post_id)
                count += 1
        return count

    def owed(self) -> list[str]:
        now = self.deps.clock.now() + timedelta(seconds=5)
        query = select(Outbox.subject).where(
            Outbox.job == "send_post", col(Outbox.done_at).is_(None), Outbox.next_at <= now
        )
        with self.deps.db.read() as session:
            return list(dict.fromkeys(session.exec(query)))

    # What is there

    async def messages(
        self, channel: str = SUPPORT, user: str | None = BOT
    ) -> list[dict[str, Any]]:
        """Messages of this author (the app's own unless told), oldest first."""
        found = (await self.get(f"messages?channel={channel}"))["messages"]
        return [m for m in found if user is None or m.get("user") == user]

    async def whispers(self, user: str, channel: str = SUPPORT) -> list[str]:
        """What only this person was shown: the texts of chat.postEphemeral, after it settled."""
        await self.later.settle()
        calls = (await self.get("calls"))["calls"]
        mine = [c["args"] for c in calls if c["method"] == "chat.postEphemeral"]
        return [a["text"] for a in mine if a["user"] == user and a["channel"] == channel]

    async def called(self, method: str) -> list[dict[str, Any]]:
        calls = (await self.get("calls"))["calls"]
        return [c for c in calls if c["method"] == method]

    def turns(self) -> list[Turn]:
        with self.deps.db.read() as session:
            return list(session.exec(select(Turn).order_by(col(Turn.created_at))))

    def inbound(self) -> list[Inbound]:
        with self.deps.db.read() as session:
            return list(session.exec(select(Inbound).order_by(col(Inbound.id))))

    def posts(self) -> list[Post]:
        with self.deps.db.read() as session:
            return list(session.exec(select(Post).order_by(col(Post.created_at), col(Post.n))))

    def action(self, action_id: str = "act_1") -> Action:
        with self.deps.db.read() as session:
            return session.get_one(Action, action_id)

    # Something to decide

    async def card(self, thread_ts: str | None = None, **changes: Any) -> dict[str, Any]:
        """A refund Ana asked for, its card sent; returns the card's message."""
        with self.deps.db.transaction() as session:
            propose_refund(session, self.deps, thread_ts=thread_ts, **changes)
        await self.send_owed()
        return (await self.messages())[-1]


async def until(holds: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait until it holds; fail naming what was waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while not await holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what}")
        await asyncio.sleep(0.02)


def propose_refund(
    session: Session,
    deps: BotDeps,
    *,
    thread_ts: str | None = None,
    stages: tuple[Stage, ...] = (FINANCE,),
    action_id: str = "act_1",
    principal: str = "ana",
    args: dict[str, Any] | None = None,
    four_eyes: bool = True,
    channel: str = SUPPORT,
    editable: tuple[str, ...] = (),
    turn_id: str | None = None,
    cards: str = "thread",
    readers: Collection[str] | None = None,
) -> Action:
    """An awaiting refund with its request and its card."""
    action = Action(
        id=action_id,
        workspace_id=deps.identity.team_id,
        turn_id=turn_id,
        principal_id=principal,
        channel=channel,
        thread_ts=thread_ts,
        tool="shop.refund",
        tool_version="1.0.0",
        args=args or {"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}},
        digest="sha256:1",
        origins={
            "/order": "first_party",
            "/amount/minor": "requester",
            "/amount/currency": "requester",
        },
        preview={
            "title": "Refund EUR 180.00 to Mara Lind",
            "verb": "refund",
            "details": [["Order", "4711"], ["", "Visa ••42"]],
            "undo": "no",
            **({"editable": list(editable)} if editable else {}),
        },
        created_at=deps.clock.now(),
    )
    session.add(action)
    session.flush()
    verdict = Verdict(
        kind="ask",
        reason=stages[0].why,
        rules=("refunds",),
        stages=stages,
        expires_in_s=3 * 86_400,
        four_eyes=four_eyes,
        effect="irreversible",
        cards=cards,
        digests={"policy": "sha256:p", "people": "sha256:q"},
    )
    now = deps.clock.now()
    open_request(session, deps.log, action, verdict, deps.people, now=now, readers=readers)
    return action


def _rests(delivery: dict[str, Any]) -> bool:
    attempts = delivery["attempts"]
    acked = bool(attempts) and attempts[-1]["status"] == 200
    return acked or len(attempts) == 4 or (bool(attempts) and delivery["kind"] != "events_api")


def shown(message: dict[str, Any]) -> str:
    """Everything a message shows, as one text."""
    return "\n".join(_texts(message.get("blocks") or [])) or str(message["text"])


def buttons(message: dict[str, Any]) -> list[str]:
    return [
        element["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        found = [value["text"]] if isinstance(value.get("text"), str) else []
        return found + [text for item in value.values() for text in _texts(item)]
    return []
