"""A worker with the settings of ours, one process, and two jobs: one that only notes the time, and
the executor's, which notes it once its outcome is committed.

`python -m benchmarks.executor_worker BROKER_URL REDIS_URL DATABASE_URL`, until SIGTERM.
"""

from __future__ import annotations

import sys
import time

import redis

from benchmarks.executor_tool import deps
from bot.broker import make_celery
from tools.executor import Executor

QUEUE, BARE, EXECUTE = "bench", "bare", "execute"
#: The list of Redis that takes `status time`, seconds since 1970.
DONE = "bench:executed"


def work(broker: str, url: str, database: str) -> None:
    app, link, executor = make_celery(broker), redis.Redis.from_url(url), Executor(deps(database))

    @app.task(name=BARE)  # type: ignore[untyped-decorator]
    def bare(action_id: str) -> None:
        link.rpush(DONE, f"{action_id} {time.time()}")

    @app.task(name=EXECUTE)  # type: ignore[untyped-decorator]
    def execute(action_id: str) -> None:
        link.rpush(DONE, f"{executor.run(action_id)} {time.time()}")

    argv = ["worker", "--pool", "prefork", "--concurrency", "1", "--queues", QUEUE]
    app.worker_main([*argv, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    work(*sys.argv[1:])
