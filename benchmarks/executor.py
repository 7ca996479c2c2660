"""What the executor adds to a bare Celery task: the same worker and process, in turns."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis
from celery import Celery
from sqlmodel import SQLModel

import audit.triggers
from approvals.actions import Proposed, propose
from benchmarks.executor_tool import ASKER, TEAM, TOOL, deps
from benchmarks.executor_worker import BARE, DONE, EXECUTE, QUEUE
from benchmarks.figures import Figure, median, spread
from bot.broker import make_celery
from tests.graphs.store import private_store
from tools.deps import Deps
from tools.prepare import Prepare

_MOST_TIMES_BARE = 4.0
_WARM = 20


def measure(count: int) -> list[Figure]:
    """`count` permitted actions and as many bare tasks, one after the other."""
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder, private_store() as store:
        url = f"sqlite:///{Path(folder) / 'signoff.db'}"
        ready = _permitted(deps(url), count + _WARM)
        broker = store.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
        argv = [sys.executable, "-m", "benchmarks.executor_worker", broker, store, url]
        worker = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        app = make_celery(broker)
        try:
            with redis.Redis.from_url(store, socket_timeout=90, decode_responses=True) as link:
                _trip(app, link, BARE, "warm", patience_s=60)
                bare, ours = [], []
                for action_id in ready:
                    bare.append(_trip(app, link, BARE, action_id))
                    ours.append(_trip(app, link, EXECUTE, action_id))
        finally:
            app.close()
            worker.terminate()
            worker.wait(20)
    return [_figure(bare[_WARM:], ours[_WARM:])]


def _permitted(made: Deps, count: int) -> list[str]:
    """Actions that are allowed and not begun."""
    SQLModel.metadata.create_all(made.db.engine)
    audit.triggers.install(made.db.engine)
    prepare, ids = Prepare(made, execute=lambda _id: None), []
    for number in range(count):
        with made.db.transaction() as session:
            (action,) = propose(
                session,
                made.log,
                turn_id=f"turn_{number}",
                step=0,
                calls=[Proposed(TOOL, "1.0.0", {"number": number})],
                principal_id=ASKER,
                workspace_id=TEAM,
                channel="C0SUPPORT",
                thread_ts=None,
                automation="assistant",
                now=made.clock.now(),
            )
            ids.append(action.id)
        status = prepare.run(ids[-1])
        assert status == "allowed", status
    made.db.engine.dispose()
    return ids


def _trip(
    app: Celery, link: redis.Redis, job: str, action_id: str, *, patience_s: int = 10
) -> float:
    started = time.time()
    app.send_task(
        job, kwargs={"action_id": action_id}, queue=QUEUE, retry=False, ignore_result=True
    )
    done = link.blpop([DONE], timeout=patience_s)
    assert done is not None, "the worker does not answer"
    status, at = str(done[1]).split()
    assert job == BARE or status == "succeeded", status
    return (float(at) - started) * 1000


def _figure(bare: list[float], ours: list[float]) -> Figure:
    times = median(ours) / median(bare)
    return Figure(
        "an action through the executor, against a bare Celery task",
        f"{times:.1f}x",
        f"<= {_MOST_TIMES_BARE:g}x",
        times <= _MOST_TIMES_BARE,
        f"published to outcome committed, {len(ours)} permitted actions of a tool whose call costs "
        f"nothing ({spread(ours, 0.5, 0.95)}), in turns with as many tasks that only note the time "
        f"({spread(bare, 0.5, 0.95)}), the same prefork worker; SQLite",
    )
