"""What the hops of a road cost bare, in this run: a commit, a Celery trip, a checkpoint trip.

Nothing else happens meanwhile: a transaction that inserts one row, a job that only notes the time,
`put`, `put_writes` and `get_tuple` of a small thread, all on the stores that the road uses.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import redis
from celery import Celery
from sqlmodel import SQLModel

from benchmarks.bare_worker import DONE, JOB, QUEUE
from benchmarks.checkpoint.turn import inputs
from benchmarks.figures import median
from benchmarks.office import Office
from bot.broker import make_celery
from core.db import insert_once, open_database
from core.ids import new_id
from core.outbox import Outbox
from graphs.checkpoint.connect import open_saver

_TIMES = 60


@dataclass(frozen=True)
class Hops:
    """Medians in milliseconds; `checkpoint` is the mean of put, put_writes and get_tuple."""

    commit: float
    trip: float
    checkpoint: float

    def bare(self, *, commits: float, trips: float, checkpoints: float) -> float:
        return commits * self.commit + trips * self.trip + checkpoints * self.checkpoint

    def __str__(self) -> str:
        return (
            f"commit {self.commit:.2f} ms, Celery trip {self.trip:.2f} ms, "
            f"checkpoint trip {self.checkpoint:.2f} ms"
        )


def measure(office: Office) -> Hops:
    return Hops(
        commit=_commit(office.data / "bare.db"),
        trip=_trip(f"{office.redis}/1"),
        checkpoint=_checkpoint(f"{office.redis}/2"),
    )


def _commit(path: Path) -> float:
    db = open_database(f"sqlite:///{path}")
    SQLModel.metadata.create_all(db.engine)
    taken = []
    for number in range(_TIMES):
        now = datetime.now(UTC)
        row = Outbox(
            id=new_id("out"),
            workspace_id="T0PRACTICE",
            job="bench",
            subject=str(number),
            key=str(number),
            args={"number": number},
            created_at=now,
            next_at=now,
        )
        started = time.perf_counter()
        with db.transaction() as session:
            insert_once(session, row)
        taken.append((time.perf_counter() - started) * 1000)
    db.engine.dispose()
    return median(taken)


def _trip(url: str) -> float:
    argv = [sys.executable, "-m", "benchmarks.bare_worker", url]
    worker = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    app = make_celery(url)
    try:
        with redis.Redis.from_url(url, socket_timeout=90) as link:
            _one_trip(app, link, patience_s=60)
            return median([_one_trip(app, link) for _ in range(_TIMES)])
    finally:
        app.close()
        worker.terminate()
        worker.wait(20)


def _one_trip(app: Celery, link: redis.Redis, *, patience_s: int = 10) -> float:
    started = time.time()
    app.send_task(JOB, queue=QUEUE, retry=False, ignore_result=True)
    done = link.blpop([DONE], timeout=patience_s)
    assert done is not None, "the bare worker does not answer"
    return (float(done[1]) - started) * 1000


def _checkpoint(url: str) -> float:
    saver = open_saver(url)
    put, writes, get = [], [], []
    for number in range(_TIMES):
        config, checkpoint, versions = inputs(f"bare-{number // 8}", number % 8)
        started = time.perf_counter()
        stored = saver.put(config, checkpoint, {"source": "loop", "step": number % 8}, versions)
        put.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        saver.put_writes(stored, [("messages", "m"), ("branch:to:wait", None)], "task")
        writes.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        saver.get_tuple(stored)
        get.append((time.perf_counter() - started) * 1000)
    return (median(put) + median(writes) + median(get)) / 3
