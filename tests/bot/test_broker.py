"""What is published is what Celery publishes; a Redis that hangs holds up nobody but the relay."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.broker import Doorbell, make_celery
from core.db import Database
from core.outbox import Message, enqueue
from core.relay import Relay
from tests.conftest import NOW
from tests.graphs.store import private_store

#: A worker with the settings of ours that tells, in a list of Redis, what it ran.
WORKER = """
import json, sys, redis
from bot.broker import make_celery
app, link = make_celery(sys.argv[1]), redis.Redis.from_url(sys.argv[2])
@app.task(name="run_turn", bind=True)
def run(self, **args):
    where = self.request.delivery_info["routing_key"]
    link.rpush("ran", json.dumps([args, self.request.id, where]))
app.worker_main(["worker", "--pool", "threads", "--concurrency", "1", "--queues", "graphs",
                 "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])
"""


@pytest.fixture
def store() -> Iterator[str]:
    with private_store() as address:
        yield address


def test_what_the_queue_holds_is_in_line_and_what_a_wiped_redis_lost_is_not(store: str) -> None:
    ring = Doorbell(store)
    ring([Message("run_turn", {"turn_id": "turn_1"}), Message("send_post", {"post_id": "post_1"})])

    assert ring.in_line({"run_turn": 1, "send_post": 1, "execute": 1}) == {"run_turn", "send_post"}
    assert ring.in_line({"run_turn": 2, "send_post": 1}) == set()

    with Redis.from_url(store) as link:
        link.flushall()
    assert ring.in_line({"run_turn": 1}) == set()
    ring.close()


def test_a_real_worker_runs_what_was_published_in_its_order(store: str) -> None:
    """R53."""
    ring = Doorbell(store)
    ring([Message("run_turn", {"turn_id": f"turn_{number}"}) for number in range(3)])
    ring([Message("run_turn", {"turn_id": "turn_3"})])

    with (
        subprocess.Popen([sys.executable, "-c", WORKER, _as_kombu_says(store), store]) as worker,
        Redis.from_url(store, socket_timeout=90) as link,
    ):
        try:
            ran = [_popped(link, "ran") for _ in range(4)]
        finally:
            worker.terminate()

    assert [(args, queue) for args, _, queue in ran] == [
        ({"turn_id": f"turn_{number}"}, "graphs") for number in range(4)
    ]
    assert len({task_id for _, task_id, _ in ran}) == 4
    ring.close()


def test_it_is_told_as_celery_itself_tells_it(store: str) -> None:
    args = {"turn_id": "turn_1", "words": 'ä "quoted"'}
    ring, app = Doorbell(store), make_celery(_as_kombu_says(store))
    with Redis.from_url(store, socket_timeout=10) as link:
        ring([Message("run_turn", args)])
        ours = _popped(link, "graphs")
        app.send_task("run_turn", kwargs=args, queue="graphs", ignore_result=True)
        theirs = _popped(link, "graphs")
    ring.close()
    app.close()

    # Who sent it and where a result would go: we ask for none.
    del theirs["headers"]["origin"], theirs["properties"]["reply_to"]
    assert _without_ids(ours) == _without_ids(theirs)


def test_each_queue_gets_its_own(store: str) -> None:
    ring = Doorbell(store)
    ring([Message("run_turn", {"turn_id": "t"}), Message("prepare", {"action_id": "a"})])
    ring.close()

    with Redis.from_url(store) as link:
        assert {queue: link.llen(queue) for queue in ("graphs", "tools")} == {
            "graphs": 1,
            "tools": 1,
        }


def test_a_job_of_a_newer_version_holds_up_no_other(store: str) -> None:
    """Left in SQL by the version that was rolled back: its row waits, what is due with it goes."""
    ring = Doorbell(store)
    ring([Message("foresee", {"id": "f"}), Message("run_turn", {"turn_id": "t"})])

    with Redis.from_url(store) as link:
        assert link.llen("graphs") == 1
    assert ring.in_line({"foresee": 1, "run_turn": 1}) == {"run_turn"}
    ring.close()


def test_a_redis_that_does_not_answer_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        ring = Doorbell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")

        with pytest.raises(RedisTimeoutError):
            ring([Message("run_turn", {"turn_id": "t"})])
        ring.close()


def test_commits_go_on_while_publishing_hangs(db: Database) -> None:
    hangs, go = threading.Event(), threading.Event()
    published: list[Message] = []

    def publish(messages: Sequence[Message]) -> None:
        hangs.set()
        assert go.wait(60)
        published.extend(messages)

    relay = Relay(publish)
    relay.start()
    db.wake = relay.wake
    for number in range(20):
        with db.transaction() as session:
            _queue(session, f"turn_{number}")
        assert hangs.wait(60)
    before = list(published)
    go.set()
    relay.stop()

    assert before == []
    assert published == [Message("run_turn", {"turn_id": f"turn_{n}"}) for n in range(20)]


def _queue(session: Any, turn_id: str) -> None:
    args = {"turn_id": turn_id}
    assert enqueue(
        session, workspace_id="T", job="run_turn", subject=turn_id, key=turn_id, args=args, now=NOW
    )


def _as_kombu_says(address: str) -> str:
    """`unix://PATH?db=0` in kombu's spelling."""
    return address.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")


def _popped(link: Any, name: str) -> Any:
    found = link.brpop([name], timeout=60) if name != "ran" else link.blpop([name], timeout=60)
    return json.loads(found[1])


def _without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """The message with its ids replaced by what they are, and its body read."""
    task_id, tag = message["headers"]["id"], message["properties"]["delivery_tag"]
    assert len({task_id, tag}) == 2
    told = json.dumps(message).replace(task_id, "<task>").replace(tag, "<tag>")
    return {**json.loads(told), "body": json.loads(base64.b64decode(message["body"]))}
