"""`make faults`: kill it everywhere, and count what happened outside. See docs/faults.md."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.faults.books import Kind
from tests.faults.campaign import OTHER_DATABASE, SHORT, Campaign, Counts, Plan, seen_to_fail
from tests.faults.errands import FLOWS, GOING_BACK, UNDONE
from tests.faults.lanes import open_lanes
from tests.faults.results import Result

_BACK = (UNDONE, GOING_BACK)


def main(argv: Sequence[str]) -> int:
    """0 when every promise was kept and every wrong engine was seen to fail."""
    options = _options(argv)
    plan = replace(
        SHORT if options.short else Plan(),
        flows=options.flow or FLOWS,
        seed=options.seed,
        part=options.part,
    )
    if options.pairs is not None:
        plan = replace(plan, pairs=options.pairs, least_pairs=min(plan.least_pairs, options.pairs))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then, too
    began, failures = time.monotonic(), 0
    parts: list[tuple[Kind, Plan]] = [("sqlite", plan)]
    if options.flow is None and not options.short:
        parts.append(("postgres", replace(OTHER_DATABASE, seed=plan.seed, part=plan.part)))
    for database, part in parts:
        with open_lanes(options.lanes, database) as lanes:
            counts = Campaign(lanes, part, lambda line: print(line, flush=True)).run()
        for line in report(counts, part, database, time.monotonic() - began):
            print(line)
        failures += len(counts.failures)
    return 1 if failures else 0


def report(counts: Counts, plan: Plan, database: Kind, seconds: float) -> Iterator[str]:
    """What was tried and what it came to, line by line; the last line says it in one."""
    tried = [*counts.singles, *counts.pairs, *counts.missed]
    for flow, kinds in sorted(counts.points.items()):
        told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        yield f"{flow}: {kinds.total()} crossings in the list ({told})"
    for what, number in sorted(Counter(f.what for r in counts.singles for f in r.met).items()):
        yield f"single faults, {what}: {number}"
    yield (
        f"second faults during recovery: {len(counts.pairs)} (seed {plan.seed}), "
        f"and {len(counts.missed)} that found nothing to ruin"
    )
    for flow in plan.flows:
        mine = [result for result in tried if result.experiment.flow == flow]
        counted = {
            "taken back": sum(r.taken_back for r in mine) if flow.endswith(_BACK) else 0,
            "found": sum(r.found for r in mine),
        }
        told = "".join(f", {what} {number} times" for what, number in counted.items() if number)
        asked = sum(r.questions for r in mine)
        yield f"{flow}: effects {_spread(mine)}{told}, {asked} questions asked"
    raised: Counter[str] = sum((result.raised for result in tried), Counter())
    told = ", ".join(f"{name} x {number}" for name, number in raised.most_common())
    yield f"deliveries that came to nothing and were made again: {told or 'none'}"
    for engine in dict.fromkeys(result.experiment.engine for result in counts.controls):
        mine = [result for result in counts.controls if result.experiment.engine == engine]
        failed = [result for result in mine if seen_to_fail(result)]
        yield f"{engine}, wrong on purpose: {len(failed)} of {len(mine)} failed"
        for one in failed[:1]:
            yield f"  like {one.experiment}: {one.broken[0]}"
    deaths = sum(result.deaths for result in [*tried, *counts.controls])
    seen = sum(map(seen_to_fail, counts.controls))
    yield (
        f"faults over {database}: {len(counts.singles)} single and {len(counts.pairs)} in pairs, "
        f"{deaths} kills, {len(counts.failures)} failures, "
        f"wrong engines seen to fail {seen} times; {seconds:.0f} s"
    )


def _spread(results: Sequence[Result]) -> str:
    """How often which number of effects: `1 x 290, 0 x 4`."""
    found = Counter(result.effects for result in results)
    return ", ".join(f"{effects} x {times}" for effects, times in sorted(found.items())) or "none"


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the sample that `make test` takes")
    parser.add_argument("--flow", action="append", choices=FLOWS, help="only this one")
    parser.add_argument("--pairs", type=int, help="second faults during recovery (300)")
    parser.add_argument("--seed", type=int, default=Plan.seed, help="what the pairs are drawn by")
    parser.add_argument("--lanes", type=int, default=2, help="at once, about one per core")
    parser.add_argument("--part", default="", help="only experiments described with this text")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
