"""Celery, the doorbell: it carries a job's name and a row's id; SQL is the queue of record.

The settings are those measured for Celery 5.7 on Redis (docs/adr/0003): early publishing is cheap
to lose, because the sweeper publishes again whatever is not done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from celery import Celery

from core.outbox import Message

#: Called with a job's keyword arguments: plain values, idempotent on their row.
Handler = Callable[..., object]

#: job -> queue. Only the `tools` queue's workers hold connector credentials.
QUEUES = {
    "run_turn": "graphs",
    "send_post": "graphs",
    "run_digest": "graphs",
    "prepare": "tools",
    "execute": "tools",
    "index_note": "tools",
}


def make_celery(redis_url: str, *, hard_limit_s: float | None = None) -> Celery:
    """A Celery application for workers. `hard_limit_s` ends a stuck job (prefork pools only)."""
    # A warm stop asks the pool to finish; SIGQUIT is Celery's soft shutdown (5.5 and later).
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    app = Celery("signoff", broker=redis_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_soft_shutdown_timeout=8.0,
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

    Many at once take one round trip and half the work of one by one (kombu's batches).
    """

    def __init__(self, redis_url: str) -> None:
        self._app = make_celery(redis_url)
        self._app.conf.broker_transport_options = {"socket_timeout": 2, "socket_connect_timeout": 2}
        self._app.conf.broker_connection_timeout = 2
        self._app.conf.broker_pool_limit = 1

    def __call__(self, messages: Sequence[Message]) -> None:
        """Publish these jobs. Raises whatever the transport raises: the caller leaves them all to
        SQL, published or not."""
        with self._app.producer_or_acquire() as producer, producer.batch():
            for message in messages:
                self._app.send_task(
                    message.job,
                    kwargs=message.args,
                    queue=QUEUES[message.job],
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                )

    def close(self) -> None:
        self._app.close()
