"""A practice office whose processes die on command, and errands whose effects are counted outside.

Whoever had an effect is asked how often: the shop's journal, the Maildir, Radicale's own files.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import redis

from core.faultpoints import arm
from tests.e2e.compared import compared
from tests.e2e.demo import SHORT_LIMITS, Demo

WORKERS = ("worker-graphs", "worker-tools", "keeper", "bot")
FINN = "finn@lindqvist.example"
KINDS = ("refund", "mail", "meeting")
#: The longest claim (mail: 15 s and some slack) and the time a look must wait are over by then.
PAST_ALL_LEASES_S = 25.0
#: `bot.posts.followups.TWIN_CHECK` and a little.
_TWINS_S = 31.0
#: What is still to be done; not the end of the time to undo, half an hour later.
_LEFT = "SELECT key FROM outbox WHERE done_at IS NULL AND job <> 'undo_changed'"


@dataclass(frozen=True)
class Errand:
    """One thing a person asks for, told apart from all others by its `mark`."""

    kind: str
    #: The order's number, or the subject or title.
    mark: str
    text: str
    channel: str = "C0SUPPORT"

    @property
    def button(self) -> str:
        return "approve" if self.kind == "refund" else "confirm"

    @property
    def approver(self) -> str:
        return "U0FINN" if self.kind == "refund" else "U0ANA"


@dataclass(frozen=True)
class End:
    """How an errand stands: effects at the counterpart, and our messages in its thread."""

    effects: int
    cards: int
    answers: int
    questions: int
    #: Of its one action.
    status: str


#: What is promised for everything that can be told: once, one card, one answer, nobody asked more.
ONCE = End(effects=1, cards=1, answers=1, questions=0, status="succeeded")


@contextmanager
def running(data: Path) -> Iterator[Chaos]:
    """A practice office of its own in this folder; nothing of it is left afterwards."""
    chaos = Chaos(data)
    with compared(chaos):
        yield chaos


class Chaos(Demo):
    """A `Demo` that can be armed, wiped and looked into. It is compared with the systems' records
    at the end alone: what nobody knows stays so until a test says it."""

    def __init__(self, data: Path) -> None:
        self._places = data / "faultpoints"
        limits = SHORT_LIMITS.replace('_every_s": 20', '_every_s": 0')
        super().__init__(
            data,
            env={
                "SIGNOFF_FAULTPOINTS": str(self._places),
                "SIGNOFF_LIMITS": limits,
                # A dead bot acknowledges nothing: Slack's own patience, then it is told again.
                "SIGNOFF_PRACTICE_PATIENCE": "3",
            },
        )
        self._numbers = count(1)
        self._orders = iter(())

    @property
    def redis(self) -> str:
        return f"redis://127.0.0.1:{self.port + 5}/0"

    def errand(self, kind: str) -> Errand:
        """A fresh one: its order, subject or title is used by no other."""
        number = next(self._numbers)
        if kind == "refund":
            order = self._order()
            return Errand(kind, order, f"<@U0SIGNOFF> Refund order {order}, EUR 120")
        if kind == "mail":
            say = f'with subject "Notice {number}" saying "Number {number} is due."'
            text = f"<@U0SIGNOFF> Send an email to {FINN} {say}"
            return Errand(kind, f"Notice {number}", text)
        hour, half = divmod(number % 24, 2)
        when = f"tomorrow at {8 + hour}:{'30' if half else '00'}"
        title = f"Meeting number {number}"
        text = f'<@U0SIGNOFF> Book 30 minutes with {FINN} {when} titled "{title}"'
        return Errand(kind, title, text)

    def ask(self, errand: Errand) -> str:
        """Ana asks for it; returns the thread."""
        self.until(self._is_ready, "the app to be connected")
        return self.say("U0ANA", errand.channel, errand.text)

    def ask_all(self, errands: Sequence[Errand]) -> list[str]:
        """Ana asks for all of them at once; returns their threads."""
        with ThreadPoolExecutor(len(errands)) as people:
            return list(people.map(self.ask, errands))

    def cards(self, errands: Sequence[Errand], threads: Sequence[str]) -> None:
        """Wait until every card is there."""
        for errand, thread in zip(errands, threads, strict=True):
            self.card(errand.channel, thread, button=errand.button)

    def approve(self, errand: Errand, thread: str) -> None:
        """Press the card's button as the one who may, as soon as the card is there.

        A bot that is just coming back misses the click, or asks to press again in a moment.
        """
        card = self.card(errand.channel, thread, button=errand.button)

        def decided() -> bool:
            if self.status(thread) != "awaiting":
                return True
            self.click(errand.approver, card, errand.button)
            return self.status(thread) != "awaiting"

        self.until(decided, "the click to count")

    def approve_all(self, errands: Sequence[Errand], threads: Sequence[str]) -> None:
        with ThreadPoolExecutor(len(errands)) as people:
            list(people.map(self.approve, errands, threads))

    def arm(self, place: str, *, group: bool = False, together: int = 1) -> Path:
        """The next at this place die there; the file that will say so."""
        return arm(self._places, place, group=group, together=together)

    def died(self, mark: Path) -> None:
        """Wait until somebody died there."""
        self.until(mark.exists, f"a death at {mark.stem}")

    def killed(self, *names: str) -> None:
        """SIGKILL these with all they started, and wait until they are back."""
        for name in names:
            self.kill(name)
        self.until(lambda: all(map(self._is_back, names)), f"{', '.join(names)} to be back")

    def wipe(self) -> None:
        """FLUSHALL on the office's own Redis."""
        with redis.Redis.from_url(self.redis) as link:
            link.flushall()

    def advance(self, seconds: float = PAST_ALL_LEASES_S) -> None:
        """Move every process's clock, as time passing would: leases of the dead run out."""
        self.post("clock", {"advance": seconds})

    def settled(self, errand: Errand, thread: str) -> End:
        """How it ends: once nothing is queued any more."""
        self.until(lambda: self.status(thread) in _ENDS, "the action's end")
        self.quiet()
        return self.end(errand, thread)

    def quiet(self) -> None:
        """Wait until no job is left open, late looks for twins included."""

        def nothing_left() -> bool:
            left = self.rows(_LEFT)
            if left and all(key.endswith(":twins") for (key,) in left):
                self.advance(_TWINS_S)
            return not left

        self.until(nothing_left, "all queued work to be done")

    def end(self, errand: Errand, thread: str) -> End:
        kinds = self._shown(errand.channel, thread)
        return End(
            effects=self.effects(errand),
            cards=kinds["card"],
            answers=kinds["answer"],
            questions=kinds["question"],
            status=self.status(thread),
        )

    def effects(self, errand: Errand) -> int:
        """How often it happened, by whoever it happened to."""
        if errand.kind == "refund":
            return self._refunds(errand.mark)
        if errand.kind == "mail":
            box = self.data / "office" / "mail" / FINN
            subject = f"Subject: {errand.mark}\n"
            return sum(subject in file.read_text() for file in box.glob("new/*"))
        kept = (self.data / "office" / "calendar" / "collections").glob("*/*/*/*.ics")
        return sum(f"SUMMARY:{errand.mark}\n" in file.read_text() for file in kept)

    def status(self, thread: str) -> str:
        """Of the one action that was asked for in this thread."""
        found = self.rows(
            "SELECT a.status FROM action a JOIN turn t ON t.id = a.turn_id WHERE t.message_ts = ?",
            thread,
        )
        assert len(found) <= 1, found
        return str(found[0][0]) if found else ""

    def model_calls(self) -> int:
        """Chats the model was asked for so far."""
        return int(self.outside(f"{self.model}/invoice")["totals"]["calls"])

    def jobs(self) -> Sequence[tuple[str, dict[str, Any]]]:
        """Name and arguments of the newest jobs, done or not."""
        found = self.rows("SELECT job, args FROM outbox ORDER BY created_at DESC LIMIT 40")
        return [(job, json.loads(args)) for job, args in found]

    def drained(self) -> bool:
        """Whether the broker holds no message any more, given out or not."""
        with redis.Redis.from_url(self.redis) as link:
            return not (link.llen("graphs") or link.llen("tools") or link.hlen("unacked"))

    def rows(self, query: str, *values: str) -> Sequence[tuple[Any, ...]]:
        """Look into the office's database."""
        with closing(sqlite3.connect(self.data / "signoff.db", timeout=10)) as link:
            return link.execute(query, values).fetchall()

    def _is_back(self, name: str) -> bool:
        return f"{name:<14} back" in self.printed.rpartition(f"{name:<14} was killed")[2]

    def _shown(self, channel: str, thread: str) -> Counter[str]:
        """Our messages that stand in this thread, by the kind of the post they carry the id of."""
        posts = dict(self.rows("SELECT id, kind FROM post"))
        return Counter(
            posts[message["metadata"]["event_payload"]["post_id"]]
            for message in self.messages(channel, thread)
            if message.get("bot_id") and not message.get("ephemeral_to")
        )

    def _refunds(self, order: str) -> int:
        entries = self.outside(f"{self.shop}/journal")["entries"]
        return sum(
            entry["effect"] and entry["path"] == "/refunds" and entry["body"]["order"] == order
            for entry in entries
        )

    def _order(self) -> str:
        if not (order := next(self._orders, None)):
            self._orders = iter(self._worth_more())
            order = next(self._orders)
        return order

    def _worth_more(self) -> Sequence[str]:
        """Numbers of orders of which EUR 120 can be paid back."""
        with closing(sqlite3.connect(self.data / "office" / "shop.db", timeout=10)) as link:
            return [
                number
                for (number,) in link.execute(
                    "SELECT number FROM orders WHERE total >= 12000 AND number NOT IN "
                    "(SELECT order_number FROM refunds) ORDER BY number"
                )
            ]


_ENDS = frozenset({"succeeded", "failed", "unknown", "denied", "rejected", "expired", "cancelled"})
