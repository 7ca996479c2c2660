"""Starts processes, tells when each is ready, brings back what dies, ends all of it."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bot.runner.leftovers import end_leftovers, kill_group
from bot.runner.nursery import Forked, Nursery
from core.errors import ConfigError

#: A process that keeps dying is brought back after this many seconds, by how often it died lately.
_AGAIN_AFTER_S = (0.0, 0.5, 1.0, 5.0, 10.0)
#: The longest wait for one that had come up: it was killed, its start is not at fault.
_AGAIN_AT_MOST_S = 1.0
_STOP_S = 12.0
_LOG_BYTES = 5_000_000
#: What every command ends with when the configuration cannot be used, and how it says so.
_REFUSED = 2
_SAYS = "signoff: "


@dataclass(frozen=True)
class Process:
    """What to run, and how to tell that it serves. Those of one `wave` start together."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool]
    about: str
    wave: int
    env: Mapping[str, str] = field(default_factory=dict)
    #: Must end by itself (a migration), and with 0.
    once: bool = False
    #: `argv` is a command of `signoff`, forked with its imports done instead of started anew.
    forked: bool = False


@dataclass
class _Running:
    spec: Process
    child: subprocess.Popen[bytes] | Forked
    #: Where in its log this start begins.
    log_from: int = 0
    deaths: list[float] = field(default_factory=list)
    died_at: float = 0.0
    announced: bool = False
    #: When to start it again, once dead.
    again_at: float | None = None


class Supervisor:
    """Runs processes under a folder: `run/` holds a pid file each, `logs/` what they print."""

    def __init__(self, data: Path, say: Callable[[str], None]) -> None:
        """Take the folder. Raises `ConfigError` when another runner has it; ends what a killed
        one left behind."""
        self._data, self._say = data, say
        self._env: Mapping[str, str] = {}
        self._nursery: Nursery | None = None
        self._running: dict[str, _Running] = {}
        self._ending = threading.Event()
        (data / "run").mkdir(parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
        self._lock = self._take_folder()

    def start(
        self, specs: Sequence[Process], env: Mapping[str, str], *, timeout_s: float = 90.0
    ) -> None:
        """Start wave after wave with this environment, each when the one before it is ready.

        Raises `ConfigError` with the log's last lines when one does not come up.
        """
        self._env = env
        self._nursery = Nursery(env)
        for wave in sorted({spec.wave for spec in specs}):
            if self.ending:
                return
            batch = [spec for spec in specs if spec.wave == wave]
            for spec in batch:
                log_from = self._log_size(spec)
                self._running[spec.name] = _Running(spec, self._spawn(spec), log_from)
            self._await(batch, time.monotonic() + timeout_s)

    def watch(self) -> None:
        """Keep everything alive until `end` is called."""
        while not self._ending.wait(0.1):
            for running in self._running.values():
                self._look_after(running)

    def end(self) -> None:
        """Ask `watch` to return; safe in a signal handler."""
        self._ending.set()

    @property
    def ending(self) -> bool:
        return self._ending.is_set()

    def stop(self) -> None:
        """End every process, last wave first, so that workers can still reach their stores:
        politely, then after 12 s for certain."""
        for wave in sorted({r.spec.wave for r in self._running.values()}, reverse=True):
            self._stop_wave([r for r in self._running.values() if r.spec.wave == wave])
        if self._nursery is not None:
            self._nursery.close()
        self._lock.close()

    def _stop_wave(self, batch: Sequence[_Running]) -> None:
        for running in batch:
            running.child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        for running in batch:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.child.wait(max(0.0, deadline - time.monotonic()))
            # The group may outlive its leader: pool children of a worker, for instance.
            kill_group(running.child.pid)
            running.child.wait()
            self._pid_file(running.spec).unlink(missing_ok=True)

    def _await(self, batch: Sequence[Process], deadline: float) -> None:
        waiting = [self._running[spec.name] for spec in batch]
        while waiting and not self._ending.is_set():
            for running in list(waiting):
                if self._came_up(running):
                    waiting.remove(running)
                    running.announced = True
                    self._say(f"  {running.spec.name:<14} ready   {running.spec.about}")
            if waiting and time.monotonic() > deadline:
                raise ConfigError(self._why_not(waiting[0]))
            time.sleep(0.05)

    def _came_up(self, running: _Running) -> bool:
        code = running.child.poll()
        if running.spec.once:
            if code:
                raise ConfigError(self._why_not(running))
            return code == 0
        if code is not None:
            raise ConfigError(self._why_not(running))
        return running.spec.ready()

    def _why_not(self, running: _Running) -> str:
        code = running.child.poll()
        sentence = self._sentence(running)
        if sentence is not None:
            return f"{running.spec.name} cannot start: {sentence}"
        path = self._log_path(running.spec)
        tail = self._log_lines(running)[-12:]
        state = "is not ready yet" if code is None else f"ended with status {code}"
        return "\n".join([f"{running.spec.name} {state}. The end of {path}:", *tail])

    def _sentence(self, running: _Running) -> str | None:
        """What the process itself said was wrong with its configuration."""
        if running.child.poll() != _REFUSED:
            return None
        said = [line for line in self._log_lines(running) if line.startswith(_SAYS)]
        return said[-1].removeprefix(_SAYS) if said else None

    def _log_lines(self, running: _Running) -> list[str]:
        with self._log_path(running.spec).open("rb") as log:
            log.seek(running.log_from)
            return log.read().decode(errors="replace").strip().splitlines()

    def _log_size(self, spec: Process) -> int:
        path = self._log_path(spec)
        size = path.stat().st_size if path.exists() else 0
        return 0 if size > _LOG_BYTES else size

    def _look_after(self, running: _Running) -> None:
        if running.spec.once or running.child.poll() is None:
            if not running.announced and running.child.poll() is None and running.spec.ready():
                running.announced = True
                took = time.monotonic() - running.died_at
                self._tell(running, f"back    {time.strftime('%H:%M:%S')}, {took:.1f} s later")
            return
        now = time.monotonic()
        if running.again_at is None:
            delay = self._delay(running, now)
            running.again_at = now + delay
            running.died_at = now if running.announced else running.died_at
            kill_group(running.child.pid)
            self._tell(running, self._death(running, delay))
        if now >= running.again_at:
            running.again_at, running.announced = None, False
            running.log_from = self._log_size(running.spec)
            running.child = self._spawn(running.spec)

    def _death(self, running: _Running, delay: float) -> str:
        how = _how_it_ended(running.child.returncode)
        again = f"starting again in {delay:g} s" if delay else "starting again"
        why = self._sentence(running)
        return f"{how} {time.strftime('%H:%M:%S')}, {again}" + (f": {why}" if why else "")

    def _tell(self, running: _Running, what: str) -> None:
        self._say(f"  {running.spec.name:<14} {what}")

    def _delay(self, running: _Running, now: float) -> float:
        recent = [at for at in running.deaths if now - at < 30.0]
        running.deaths = [*recent, now]
        delay = _AGAIN_AFTER_S[min(len(recent), len(_AGAIN_AFTER_S) - 1)]
        return min(delay, _AGAIN_AT_MOST_S) if running.announced else delay

    def _spawn(self, spec: Process) -> subprocess.Popen[bytes] | Forked:
        (self._data / "run" / f"{spec.name}.ready").unlink(missing_ok=True)
        self._turn_log(spec)
        child = self._fork(spec) if spec.forked else self._start_anew(spec)
        self._note_pid(spec, child.pid)
        return child

    def _fork(self, spec: Process) -> Forked:
        assert self._nursery is not None  # made by `start`
        env = {**self._env, **spec.env}
        return self._nursery.fork(spec.name, spec.argv, env, self._log_path(spec))

    def _start_anew(self, spec: Process) -> subprocess.Popen[bytes]:
        with self._log_path(spec).open("ab") as output:
            return subprocess.Popen(
                list(spec.argv),
                env={**self._env, **spec.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _note_pid(self, spec: Process, pid: int) -> None:
        # Others read it at any moment: it is never there half.
        path = self._pid_file(spec)
        fresh = path.with_suffix(".new")
        fresh.write_text(str(pid))
        fresh.replace(path)

    def _turn_log(self, spec: Process) -> None:
        path = self._log_path(spec)
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))

    def _log_path(self, spec: Process) -> Path:
        return self._data / "logs" / f"{spec.name}.log"

    def _pid_file(self, spec: Process) -> Path:
        return self._data / "run" / f"{spec.name}.pid"

    def _take_folder(self) -> IO[str]:
        lock = (self._data / "run" / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise ConfigError(
                f"Signoff is already running on {self._data}. Stop it there, or choose another "
                "folder with --data."
            ) from error
        end_leftovers(self._data)
        return lock


def _how_it_ended(code: int | None) -> str:
    if code == -signal.SIGKILL:
        return "was killed"
    return "ended" if code == 0 else f"died ({code})"
