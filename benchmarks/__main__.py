"""`python -m benchmarks [NAME ...]`: all of NAMES unless some are named.

Prints a Markdown table. The four roads run in a practice office started here, in a folder of its
own and on free ports, and ended afterwards; nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    acknowledge,
    answer,
    checkpoint,
    click,
    conversations,
    executor,
    hops,
    policy_try,
    stop,
    verdicts,
)
from benchmarks.figures import Figure, table
from benchmarks.office import Office

ROADS = ("acknowledge", "answer", "click", "conversations", "stop")
NAMES = (*ROADS, "checkpoint", "verdicts", "policy_try", "executor")


def main() -> None:
    options = _options()
    names = options.names or list(NAMES)
    before, started = os.getloadavg()[0], time.monotonic()
    figures: list[Figure] = []
    if "checkpoint" in names:
        figures += asyncio.run(checkpoint.measure(options.cycles))
    if "verdicts" in names:
        figures += verdicts.measure(options.verdicts)
    if "policy_try" in names:
        figures += policy_try.measure(options.past)
    if "executor" in names:
        figures += executor.measure(options.actions)
    roads = [name for name in names if name in ROADS]
    if roads:
        figures += _in_the_office(roads, options)
    print(table(figures))
    print(
        f"\n{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"SQLite WAL with synchronous NORMAL; took {time.monotonic() - started:.0f} s; "
        f"load average before {before:.1f}, after {os.getloadavg()[0]:.1f} (ours included)."
    )


def _in_the_office(roads: Sequence[str], options: argparse.Namespace) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder:
        office = Office(Path(folder) / "data")
        figures: list[Figure] = []
        try:
            office.open()
            if options.first:
                office.go_first()
            if "answer" in roads:
                figures += answer.measure(office, hops.measure(office), options.messages)
            if "click" in roads:
                figures += click.measure(office, options.clicks)
            if "stop" in roads:
                figures += stop.measure(office, options.stops)
                figures += stop.measure_queue(office)
            if "conversations" in roads:
                figures += conversations.measure(office, options.talk_seconds)
            if "acknowledge" in roads:  # last: it leaves a queue behind
                figures += acknowledge.measure(office, options.seconds)
        finally:
            office.stop()
    return figures


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="name", help=f"which: {', '.join(NAMES)}")
    add("--messages", type=int, default=30, help="of each kind, for `answer`")
    add("--clicks", type=int, default=20)
    add("--stops", type=int, default=20)
    add("--seconds", type=float, default=10.0, help="of each load, for `acknowledge`")
    add("--talk-seconds", type=float, default=30.0, help="of each rate, for `conversations`")
    add("--cycles", type=int, default=200, help="of each saver, for `checkpoint`")
    add("--actions", type=int, default=300, help="for `executor`")
    add("--verdicts", type=int, default=2000, help="of each file")
    add("--past", type=int, default=1_000_000, help="actions, for `policy_try`")
    add("--first", action="store_true", help="before other work on this machine (root on Linux)")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return options


if __name__ == "__main__":
    main()
