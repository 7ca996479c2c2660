"""Lanes: processes forked from this one, each with counterparts of its own, fed one by one."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path

import structlog

from tests.faults.books import Kind
from tests.faults.experiment import perform
from tests.faults.lane import open_lane
from tests.faults.results import Experiment, Result

#: In memory where the machine has it: nothing here survives a power cut anyway.
_MEMORY = Path("/dev/shm")
_fork = multiprocessing.get_context("fork")


class Lanes:
    """Performs experiments on all lanes at once."""

    def __init__(self, links: list[Connection]) -> None:
        self._links = links

    def perform(self, experiments: Iterable[Experiment]) -> Iterator[Result]:
        """The results as they come, in any order. Raises `LaneBroke`."""
        waiting, busy = iter(experiments), set[Connection]()
        for link in self._links:
            self._give(link, waiting, busy)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                busy.remove(ready)
                found = ready.recv()
                if not isinstance(found, Result):
                    raise LaneBroke(found)
                self._give(ready, waiting, busy)
                yield found

    def _give(self, link: Connection, waiting: Iterator[Experiment], busy: set[Connection]) -> None:
        experiment = next(waiting, None)
        if experiment is not None:
            link.send(experiment)
            busy.add(link)


class LaneBroke(Exception):
    """A lane's own servers failed: that says nothing about the product."""


@contextmanager
def open_lanes(number: int, database: Kind = "sqlite") -> Iterator[Lanes]:
    """This many, over this database; what they started is gone afterwards."""
    gc.collect()
    gc.freeze()  # what was imported stays shared with every process that is forked
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="signoff-faults-", dir=place) as folder:
        opened = [_open(Path(folder) / str(lane), database) for lane in range(number)]
        try:
            yield Lanes([link for link, _ in opened])
        finally:
            _end(opened)


def _end(opened: list[tuple[Connection, multiprocessing.process.BaseProcess]]) -> None:
    # A lane holds our ends of those forked before it: none hears its end until all are closed.
    for link, _ in opened:
        link.close()
    for _, process in opened:
        process.join(30)
    stuck = [process for _, process in opened if process.is_alive()]
    for process in stuck:
        process.kill()
    if stuck:
        raise LaneBroke(f"{len(stuck)} lanes did not end: servers of theirs are left running")


def _open(folder: Path, database: Kind) -> tuple[Connection, multiprocessing.process.BaseProcess]:
    folder.mkdir()
    ours, theirs = _fork.Pipe()
    process = _fork.Process(target=_serve, args=(folder, database, theirs, ours))
    process.start()
    theirs.close()
    return ours, process


def _serve(folder: Path, database: Kind, link: Connection, other_end: Connection) -> None:
    other_end.close()
    log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        with open_lane(folder, database) as lane:
            while True:
                link.send(perform(lane, link.recv()))
    except EOFError:
        pass  # the campaign is over
    except Exception as error:  # noqa: BLE001 - told to the campaign, with what was logged
        said = (folder / "log").read_text(errors="replace")[-2000:]
        link.send(f"{type(error).__name__}: {error}\n{said}")
