"""The counterparts of one lane, started once, and what they say happened: each keeps a journal.

The shop and the mail server write theirs into one SQLite file, the calendar's is written by
Radicale after each change, and Slack is asked what stands in the thread.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import redis

from sandbox.office.testing import Office
from sandbox.office.testing import start as start_office
from sandbox.slack.testing import start as start_slack
from tests.faults import comparing, going_back
from tests.faults.books import Books, Kind, open_books
from tests.faults.errands import COMPARING, FLOWS, GOING_BACK, UNDONE, Errand
from tests.faults.house import House
from tests.faults.wiring import Servers
from tests.graphs.store import private_store

_FINN = "finn@lindqvist.example"
#: Orders of our own, which no errand shares with another.
_FIRST_ORDER = 20_001


@dataclass
class Lane:
    """A house with its counterparts; one experiment at a time."""

    folder: Path
    office: Office
    slack: str
    store: redis.Redis
    house: House
    books: Books
    _numbers: Iterator[int] = field(default_factory=count)
    #: How long the shop's journal was before the errand.
    _before: int = 0

    @property
    def _calendars(self) -> Path:
        return self.office.data / "office" / "calendar" / "collections" / "collection-root"

    @property
    def _journal(self) -> Path:
        return self.office.data / "office" / "calendar" / "journal"

    def _shop(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.office.data / "office" / "shop.db", timeout=10))

    def fresh(self, flow: str) -> Errand:
        """An errand nobody had before, over an empty database and an empty Redis."""
        self.store.flushall()
        self.books.renew()
        self._clear_calendars()
        clock = self.house.clock
        clock.advance(datetime.now(UTC) - clock.now())  # whatever was played here before
        number = next(self._numbers)
        mark, text = self._asked(flow.removesuffix(UNDONE), number)
        body = {"user": "U0ANA", "channel": "C0SUPPORT", "text": text}
        said = httpx.post(f"{self.slack}/control/messages", json=body, trust_env=False)
        errand = Errand(flow, mark, text, str(said.raise_for_status().json()["ts"]))
        if not errand.begins:
            self._lay(errand)
        return errand

    def effects(self, about: str, mark: str) -> int:
        """How often it happened, by the journal of whoever it happened to."""
        if about == "calendar":
            return self._meetings(mark)
        if about == GOING_BACK:
            return sum(quantity > 0 for quantity in self.moved(mark))
        if about == COMPARING:
            return self._anything()
        wanted = ("/refunds", "order") if about == "refund" else ("DATA", "subject")
        with self._shop() as link:
            rows = link.execute(
                "SELECT count(*) FROM journal WHERE effect = 1 AND path = ? "
                "AND json_extract(body, '$.' || ?) = ?",
                (*wanted, mark),
            )
            return int(rows.fetchone()[0])

    def taken_back(self, mark: str) -> int:
        """How often a refund of this order was cancelled, by the shop's journal."""
        with self._shop() as link:
            rows = link.execute(
                "SELECT count(*) FROM journal JOIN refunds ON path = '/refunds/' || id || '/cancel'"
                " WHERE effect = 1 AND order_number = ?",
                (mark,),
            )
            return int(rows.fetchone()[0])

    def moved(self, sku: str) -> tuple[int, ...]:
        """What was put on the shelf and taken off it, in its order."""
        with self._shop() as link:
            return going_back.moved(link, sku)

    def _lay(self, errand: Errand) -> None:
        """What was done before, in the ledger and at the counterparts."""
        with self._shop() as shop:
            if errand.flow == GOING_BACK:
                going_back.lay(self.house.floor, shop, errand)
            else:
                comparing.lay(self.house.floor, shop, self._calendars, errand)
            shop.commit()
            last = shop.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()
        self._before = int(last[0])
        self.house.db.engine.dispose()  # who is forked connects anew

    def _anything(self) -> int:
        """How often anything happened at any of them since this errand was laid."""
        with self._shop() as link:
            rows = link.execute(
                "SELECT count(*) FROM journal WHERE effect = 1 AND n > ?", (self._before,)
            )
            return int(rows.fetchone()[0]) + len(self._journal.read_text().splitlines())

    def standing(self, errand: Errand, posts: Sequence[Sequence[Any]]) -> dict[str, int]:
        """Post id -> how many live messages in Slack, newer than the errand, carry it."""
        found: dict[str, int] = {}
        for thread in {(channel, root) for _, _, channel, _, root in posts}:
            for message in self._messages(*thread, oldest=errand.ts):
                named = (message.get("metadata") or {}).get("event_payload") or {}
                if "post_id" in named:
                    found[named["post_id"]] = found.get(named["post_id"], 0) + 1
        return found

    def _messages(self, channel: str, root: str | None, *, oldest: str) -> list[dict[str, Any]]:
        method = "conversations.replies" if root else "conversations.history"
        params = {"channel": channel, "oldest": oldest, "limit": "200"}
        params["include_all_metadata"] = "true"
        answer = httpx.post(
            f"{self.slack}/api/{method}",
            data={**params, **({"ts": root} if root else {})},
            headers={"Authorization": "Bearer xoxb-practice"},
            trust_env=False,
        )
        return list(answer.raise_for_status().json()["messages"])

    def _clear_calendars(self) -> None:
        """Without the meetings of other errands, so that looking takes no longer each time."""
        self._journal.write_text("")
        for kept in self._calendars.glob("*/*/signoff-*.ics"):
            kept.unlink()

    def _asked(self, about: str, number: int) -> tuple[str, str]:
        if about == "refund":
            order = str(_FIRST_ORDER + number)
            self._sell(order)
            return order, f"Refund order {order}, EUR 120"
        if about == "mail":
            subject = f"Notice {number}"
            said = f'with subject "{subject}" saying "Number {number} is due."'
            return subject, f"Send an email to {_FINN} {said}"
        if about == GOING_BACK:
            return going_back.asked(number)
        if about == COMPARING:
            return f"n{number}", "Good morning"
        title = f"Meeting number {number}"
        when = f"{_date(40)} at 10:00"
        return title, f'Book 30 minutes with {_FINN} on {when} titled "{title}"'

    def _sell(self, order: str) -> None:
        with self._shop() as link:
            for table, name in (("orders", "number"), ("payments", "order_number")):
                link.row_factory = sqlite3.Row
                row = dict(link.execute(f"SELECT * FROM {table} WHERE {name} = '4711'").fetchone())
                row[name] = order
                # Enough for several refunds: a second one is not refused, it counts.
                row |= {key: 10 * row[key] for key in ("total", "amount") if key in row}
                if table == "payments":
                    row["id"] = f"pay_{order}"
                marks = ", ".join("?" * len(row))
                link.execute(f"INSERT INTO {table} VALUES ({marks})", tuple(row.values()))
            link.commit()

    def _meetings(self, title: str) -> int:
        """Each version of a file that bears this title counts: the journal names their inodes."""
        lines = self._journal.read_text().splitlines()
        written = {tuple(line.split(maxsplit=1)) for line in lines}
        total = 0
        for _inode, name in written:
            path = Path(name)
            if path.suffix == ".ics" and path.exists() and f"SUMMARY:{title}\n" in path.read_text():
                total += 1
        return total


@contextmanager
def open_lane(folder: Path, database: Kind = "sqlite") -> Iterator[Lane]:
    """A lane in this folder; its servers end with it."""
    with ExitStack() as held:
        office = start_office(folder / "office", hook=_HOOK)
        held.callback(office.stop)
        slack = held.enter_context(start_slack(folder / "slack", "--retry-delays", "0.01"))
        model = held.enter_context(_model(folder))
        redis_url = held.enter_context(private_store())
        books = held.enter_context(open_books(database, folder))
        servers = Servers(redis_url, slack.api_url, model, office.secrets, books.url)
        house = House(folder / "house", servers)
        house.db.engine.dispose()
        books.keep()
        store = redis.Redis.from_url(redis_url)
        held.callback(store.close)
        lane = Lane(folder, office, slack.base_url, store, house, books)
        for flow in FLOWS:
            house.play(lane.fresh(flow), lambda _say, _what: 0, ())
            house.part()
        yield lane


#: Radicale runs this after each change: which version of which file stands now.
_HOOK = "ls -di %(path)s >> ../journal"


@contextmanager
def _model(folder: Path) -> Iterator[str]:
    with (folder / "model.log").open("w+") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.model", "--port", "0"], stdout=told
        )
        try:
            deadline = time.monotonic() + 60
            while "http://" not in (folder / "model.log").read_text():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            line = (folder / "model.log").read_text()
            yield "http://" + line.split("http://")[1].split()[0].rstrip("/") + "/v1"
        finally:
            process.terminate()
            process.wait(10)


def _date(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%d")
