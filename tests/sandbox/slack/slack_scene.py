"""A scene in which every method can be called: a thread, and rights and views as needed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.clock import HeldClock
from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, Bench, modal


@dataclass
class Scene:
    """Ana asked in #support, and the app answered in the thread."""

    bench: Bench
    clock: HeldClock
    asked: str
    answered: str

    @classmethod
    async def set(cls, bench: Bench, clock: HeldClock) -> "Scene":
        asked = await bench.types("Where is order 4711?")
        args = {"channel": SUPPORT, "text": "Shipped", "thread_ts": asked}
        answered = (await bench.call("chat.postMessage", args))["ts"]
        return cls(bench, clock, asked, answered)

    @property
    def trigger(self) -> str:
        return self.bench.workspace.triggers.issue(ANA)

    async def view(self, **more: Any) -> Json:
        args = {"trigger_id": self.trigger, "view": modal(**more)}
        return dict((await self.bench.call("views.open", args))["view"])

    async def stream(self) -> str:
        return await self.started(markdown_text="Let me look. ")

    async def chunked_stream(self) -> str:
        return await self.started(chunks=[{"type": "markdown_text", "text": "Let me look. "}])

    async def empty_stream(self) -> str:
        return await self.started()

    async def stopped_stream(self) -> str:
        ts = await self.stream()
        await self.bench.do("stop", user=ANA, channel=SUPPORT, thread_ts=self.asked)
        return ts

    async def worked_on(self) -> str:
        """The thread, with a session."""
        args = {"channel_id": SUPPORT, "thread_ts": self.asked, "status": "processing"}
        await self.bench.call("agents.sessions.setStatus", args)
        return self.asked

    async def uploaded(self) -> list[Json]:
        """What `files.completeUploadExternal` takes: a file whose bytes have arrived."""
        args = {"filename": "notes.txt", "length": 5}
        ticket = await self.bench.call("files.getUploadURLExternal", args)
        async with self.bench.http.post(ticket["upload_url"], data=b"hello") as answer:
            assert await answer.text() == "OK - 5"
        return [{"id": ticket["file_id"], "title": "Notes"}]

    async def attached(self) -> str:
        """The id of a file that Ana shared in #support."""
        files = [{"name": "order.csv", "text": "4711;180"}]
        await self.bench.do("messages", user=ANA, channel=SUPPORT, text="Look", files=files)
        shown = await self.bench.see(f"messages?channel={SUPPORT}")
        return str(shown["messages"][-1]["files"][0]["id"])

    async def out_of_sight(self) -> str:
        file_id = await self.attached()
        await self.without_app()
        return file_id

    async def started(self, **more: Any) -> str:
        """The ts of a stream that was begun with these arguments."""
        args = {
            "channel": SUPPORT,
            "thread_ts": self.asked,
            "recipient_user_id": ANA,
            "recipient_team_id": "T0PRACTICE",
            **more,
        }
        return str((await self.bench.call("chat.startStream", args))["ts"])

    async def old_stream(self) -> str:
        ts = await self.stream()
        self.clock.advance(timedelta(minutes=6))
        return ts

    async def old_trigger(self) -> str:
        trigger = self.trigger
        self.clock.advance(timedelta(seconds=4))
        return trigger

    async def used_trigger(self) -> str:
        trigger = self.trigger
        await self.bench.call("views.open", {"trigger_id": trigger, "view": modal()})
        return trigger

    async def three_modals(self) -> str:
        await self.view()
        for _ in range(2):
            await self.bench.call("views.push", {"trigger_id": self.trigger, "view": modal()})
        return self.trigger

    async def reacted(self, *names: str) -> str:
        for name in names or ("eyes",):
            args = {"channel": SUPPORT, "timestamp": self.asked, "name": name}
            await self.bench.call("reactions.add", args)
        return self.asked

    async def without_app(self) -> str:
        await self.bench.do("members", user="U0SIGNOFF", channel=SUPPORT, joins=False)
        return SUPPORT
