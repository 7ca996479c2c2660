"""One errand, one or two faults, and whether what is promised was kept.

A run is a process forked from the lane's, which has everything imported and nothing connected. A
fault may kill it; then another one goes on, as the next process of an installation would, knowing
only SQL, Redis and what Slack and people were told.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.faults.controls import ENGINES
from tests.faults.crossings import Moment, Watch
from tests.faults.errands import Errand
from tests.faults.judge import judge
from tests.faults.lane import Lane
from tests.faults.results import Crossed, Experiment, Fault, Result

#: A run that takes longer hangs; seconds.
_LONGEST_S = 120


@dataclass
class _Run:
    """What is known from outside of the run that goes on."""

    at: datetime
    acked: set[str] = field(default_factory=set)
    #: Presses that people made, in their order.
    pressed: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None
    trouble: str = ""


def perform(lane: Lane, experiment: Experiment) -> Result:
    """Play it to its end in a fresh world, and judge it."""
    result, errand = Result(experiment), lane.fresh(experiment.flow)
    known = _Run(datetime.now(UTC))
    most = len(experiment.faults) + 1
    for number in range(most):
        faults = [fault for fault in experiment.faults if fault.run == number]
        if _one_run(lane, errand, experiment.engine, number, faults, known, result) == 0:
            break
        result.deaths += 1
    if known.trouble:
        result.broken.append(known.trouble)
    judge(lane, errand, known.end, result)
    return result


def _one_run(
    lane: Lane,
    errand: Errand,
    engine: str,
    number: int,
    faults: Sequence[Fault],
    known: _Run,
    result: Result,
) -> int:
    """Fork a run and listen to it; its exit code, -9 when it was killed."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _in_a_process_of_its_own(
            lambda: _Inside(lane, theirs, faults).play(errand, engine, known), theirs
        )
    theirs.close()
    with ours:
        for line in lines(ours):
            _heard(lane, errand, engine, number, json.loads(line), known, result, ours)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, -signal.SIGKILL):
        known.trouble = known.trouble or f"a run ended with {code}"
    return code


def lines(link: socket.socket) -> Iterator[str]:
    """What a run says, to its end. One that is killed by one thread before another has read our
    answer ends with a reset, after everything it said."""
    with link.makefile("r") as told, suppress(ConnectionResetError):
        yield from told


def _heard(
    lane: Lane,
    errand: Errand,
    engine: str,
    number: int,
    said: dict[str, Any],
    known: _Run,
    result: Result,
    link: socket.socket,
) -> None:
    known.at = datetime.fromisoformat(said["now"])
    match said["say"]:
        case "crossing":
            result.crossed.append(Crossed(number, said["job"], said["name"]))
        case "fault":
            fault = Fault(number, said["name"], said["moment"], said["what"])
            result.met[fault] = len(result.crossed)
            result.hit.append(said["job"])
        case "acked":
            known.acked.add(said["what"])
        case "pressed":
            known.pressed.append(json.loads(said["what"]))
        case "raised":
            result.raised[said["what"]] += 1
        case "end":
            known.end = said["end"]
        case "trouble":
            known.trouble = said["trouble"]
        case "effects":
            _answer(link, lane.effects(errand.about, errand.mark))
        case "wipe":
            lane.store.flushall()
            _answer(link, 0)
        case "double":
            _answer(link, _twin(lane, errand, engine, said, known))


def _answer(link: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # killed meanwhile: what it said before is still to be read
        link.sendall(f"{number}\n".encode())


def _twin(lane: Lane, errand: Errand, engine: str, said: dict[str, Any], known: _Run) -> int:
    """The same delivery by another worker, from its beginning to its end."""
    pid = os.fork()
    if pid == 0:

        def deliver() -> None:
            _moved(lane, known.at, engine)
            lane.house.turn_to(errand)
            lane.house.deliver(said["job"], said["args"])

        _in_a_process_of_its_own(deliver, None)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        known.trouble = f"the second delivery ended with {code}"
    return code


def _in_a_process_of_its_own(work: Callable[[], None], told: socket.socket | None) -> None:
    code = 1
    try:
        signal.alarm(_LONGEST_S)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - told to whoever listens
        if told is not None:
            line = {"say": "trouble", "trouble": traceback.format_exc()[-1500:]}
            line["now"] = datetime.now(UTC).isoformat()
            told.sendall(json.dumps(line).encode() + b"\n")
        else:
            traceback.print_exc()
    finally:
        os._exit(code)


def _moved(lane: Lane, at: datetime, engine: str) -> None:
    house = lane.house
    house.clock.advance(at - house.clock.now())
    if engine != "ours":
        wrong = ENGINES[engine](house)
        house.handlers[wrong.job] = wrong.run


class _Inside:
    """The run's own side: says what it crosses, and ruins what it is told to."""

    def __init__(self, lane: Lane, link: socket.socket, faults: Sequence[Fault]) -> None:
        self._lane, self._link = lane, link
        self._faults = {(fault.crossing, fault.moment): fault.what for fault in faults}
        self._file = link.makefile("r")

    def play(self, errand: Errand, engine: str, known: _Run) -> None:
        _moved(self._lane, known.at, engine)
        Watch(self._seen).install()
        house = self._lane.house
        house.raised = lambda name: self._say("raised", what=name)
        house.play(errand, self._tell, known.acked, known.pressed)
        self._say("end", end=house.end(errand))

    def _tell(self, say: str, what: str) -> int:
        self._say(say, what=what)
        return int(self._file.readline()) if say == "effects" else 0

    def _seen(self, name: str, moment: Moment) -> bool:
        job, args = self._lane.house.job
        if moment == "before":
            self._say("crossing", name=name, job=job)
        what = self._faults.pop((name, moment), None)
        if what is None:
            return False
        self._say("fault", name=name, moment=moment, what=what, job=job)
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what in ("wipe", "double"):
            self._say(what, job=job, args=args)
            self._file.readline()
        return what == "lost"

    def _say(self, say: str, **more: Any) -> None:
        line = {"say": say, "now": self._lane.house.clock.now().isoformat(), **more}
        self._link.sendall(json.dumps(line).encode() + b"\n")
