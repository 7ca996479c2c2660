"""Whose CPU time it was: the bot's, the whole office's, everybody's (Linux).

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, proc_stat.5.html
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.office import Office

_TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU since the start of each, or, as a difference, between two looks."""

    bot: float
    office: float
    machine: float

    def since(self, before: Usage) -> Usage:
        return Usage(
            self.bot - before.bot, self.office - before.office, self.machine - before.machine
        )


def look(office: Office) -> Usage:
    """As it stands now. What ended between two looks is missing from the office's."""
    return Usage(
        bot=_process(office.pid("bot")),
        office=sum(_process(pid) for pid in office.processes()),
        machine=_machine(),
    )


def _process(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _machine() -> float:
    """All cores' time that was neither idle nor waiting for a disk."""
    user, nice, system, _idle, _waiting, *more = (
        int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + sum(more[:3])) / _TICKS
