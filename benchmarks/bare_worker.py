"""A worker with the settings of ours, one thread, and one job that only notes the time.

`python -m benchmarks.bare_worker REDIS_URL`, until SIGTERM.
"""

from __future__ import annotations

import sys
import time

import redis

from bot.broker import make_celery

QUEUE = JOB = "bench"
#: The list of Redis that takes the times, seconds since 1970.
DONE = "bench:done"


def work(url: str) -> None:
    app, link = make_celery(url), redis.Redis.from_url(url)

    @app.task(name=JOB)  # type: ignore[untyped-decorator]
    def note() -> None:
        link.rpush(DONE, str(time.time()))

    argv = ["worker", "--pool", "threads", "--concurrency", "1", "--queues", QUEUE]
    app.worker_main([*argv, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    work(sys.argv[1])
