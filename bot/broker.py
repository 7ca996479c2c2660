"""Celery, the doorbell: it carries a job's name and a row's id; SQL is the queue of record.

The settings are those measured for Celery 5.7 on Redis (docs/adr/0003): early publishing is cheap
to lose, because the sweeper publishes again whatever is not done.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from celery import Celery
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.outbox import Message

log = structlog.get_logger()

#: Called with a job's keyword arguments: plain values, idempotent on their row.
Handler = Callable[..., object]

#: job -> queue. Only the `tools` queue's workers hold connector credentials.
QUEUES = {
    "run_turn": "graphs",
    "send_post": "graphs",
    "run_digest": "graphs",
    "open_event": "graphs",
    "play_event": "graphs",
    "go_back": "graphs",
    "read_usergroup": "graphs",
    "read_accounts": "graphs",
    "prepare": "tools",
    "execute": "tools",
    "look": "tools",
    "reconcile": "tools",
    "index_note": "tools",
    "undo_changed": "tools",
    "offer_back": "tools",
    "keep_together": "tools",
}


def make_celery(redis_url: str, *, hard_limit_s: float | None = None) -> Celery:
    """A Celery application for workers. `hard_limit_s` ends a stuck job (prefork pools only)."""
    app = Celery("signoff", broker=redis_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 900,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "retry_on_timeout": True,
        },
        task_time_limit=hard_limit_s,
        task_routes={job: {"queue": queue} for job, queue in QUEUES.items()},
        enable_utc=True,
    )
    return app


class Doorbell:
    """Publishes jobs with short time-outs, so that a hung Redis holds up one thread only.

    They are put into Redis as `Celery.send_task` puts them, in one round trip for all and at a
    tenth of its cost: publishing took as long as all else the bot does with a message.
    """

    def __init__(self, redis_url: str, *, most: int = 2_000) -> None:
        """A queue is not made longer than about `most`: SQL holds the rest."""
        self._most = most
        self._lengths: dict[str, int] = {}
        self._redis = Redis.from_url(
            redis_url,
            socket_timeout=2,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),  # what is not published now the sweeper publishes
        )

    def __call__(self, messages: Sequence[Message]) -> None:
        """Publish these jobs, but those for queues that are long enough: they wait in SQL.

        Raises whatever the transport raises: the caller leaves them all to SQL, published or not.
        """
        queues: dict[str, list[str]] = defaultdict(list)
        for message in messages:
            queue = QUEUES.get(message.job)
            if queue is None:  # of a newer version: its row stays open, and nothing waits for it
                log.warning("unknown_job", job=message.job)
                continue
            queues[queue].append(enveloped(message.job, message.args, queue))
        for queue, bodies in queues.items():
            if self._has_room(queue):
                self._lengths[queue] = int(self._redis.lpush(queue, *bodies))
            else:
                log.warning("queue_full", queue=queue, left_in_sql=len(bodies))

    def in_line(self, due: Mapping[str, int]) -> set[str]:
        """Those of these jobs, so many due of each, whose queue is at least as long: they are not
        lost, they wait their turn. Raises whatever the transport raises."""
        wanted: dict[str, int] = defaultdict(int)
        known = {job: count for job, count in due.items() if job in QUEUES}
        for job, count in known.items():
            wanted[QUEUES[job]] += count
        held = {
            queue
            for queue, count in wanted.items()
            if self._redis.llen(queue) >= min(count, self._most)
        }
        return {job for job in known if QUEUES[job] in held}

    def lengths(self) -> dict[str, int]:
        """Messages in each queue's line. Raises whatever the transport raises."""
        return {queue: int(self._redis.llen(queue)) for queue in set(QUEUES.values())}

    def _has_room(self, queue: str) -> bool:
        # What the last push answered; asked anew only when that was too long: no trip more.
        if self._lengths.get(queue, 0) >= self._most:
            self._lengths[queue] = int(self._redis.llen(queue))
        return self._lengths.get(queue, 0) < self._most

    def close(self) -> None:
        self._redis.close()


def enveloped(job: str, args: Mapping[str, Any], queue: str) -> str:
    """A task of Celery's protocol 2, without a result, in the envelope that kombu keeps in Redis.

    https://docs.celeryq.dev/en/stable/internals/protocol.html; a test compares it with theirs.
    """
    task_id = str(uuid4())
    embedded = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    body = json.dumps([[], args, embedded]).encode()
    headers = {
        "lang": "py",
        "task": job,
        "id": task_id,
        "root_id": task_id,
        "argsrepr": "()",
        "kwargsrepr": repr(args),
        "ignore_result": True,
        **_PLAIN,
    }
    properties = {
        "correlation_id": task_id,
        "delivery_tag": str(uuid4()),
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_mode": 2,
        "priority": 0,
        "body_encoding": "base64",
    }
    message = {
        "body": b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(message)


#: Headers of a task that is nobody's child, waits for no time and was not tried before.
_PLAIN: Mapping[str, Any] = {
    "shadow": None,
    "eta": None,
    "expires": None,
    "group": None,
    "group_index": None,
    "retries": 0,
    "timelimit": [None, None],
    "parent_id": None,
    "replaced_task_nesting": 0,
    "stamped_headers": None,
    "stamps": {},
}
