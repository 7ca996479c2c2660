"""The campaign: what is tried, in which order, and what it came to.

1. Each flow is recorded undisturbed: the names of its crossings are the list.
2. Every fault at every crossing of the list, one per experiment.
3. Pairs: such a fault again, and a second one at a crossing of the recovery recorded in 2, drawn by
   a seed.
4. The engines that are wrong on purpose, through the same: each must be seen to fail.

Whatever is crossed before the fault must be in the list, and it must come about. Recoveries race
more: until a second fault every *place* must be one that was recorded (in 1 or 2, if that was tried
in full), and a second fault whose crossing does not come this time is counted apart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from tests.faults.controls import ENGINES
from tests.faults.crossings import Moment
from tests.faults.errands import BASIC, FLOWS, GOING_BACK, LATER, UNDONE
from tests.faults.going_back import DONE
from tests.faults.lanes import Lanes
from tests.faults.results import Crossed, Experiment, Fault, Result, What

#: What can go wrong at a crossing.
FAULTS: tuple[tuple[What, Moment], ...] = (
    ("kill", "before"),
    ("kill", "after"),
    ("wipe", "before"),
    ("double", "after"),
    ("lost", "after"),
)


@dataclass(frozen=True)
class Plan:
    """How much of it is tried. `part` is a text that an experiment's description must contain."""

    flows: Sequence[str] = FLOWS
    #: So many single faults of these flows, drawn by the seed; of the others all of them.
    singles: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(LATER, 30))
    #: Of the later flows besides that every kill in the jobs that are theirs.
    every_kill: bool = True
    pairs: int = 300
    #: How many of them must come about.
    least_pairs: int = 200
    #: Faults per engine and flow; None for all.
    controls: int | None = None
    control_flows: Sequence[str] = (*BASIC, *LATER)
    seed: int = 20261121
    part: str = ""


#: What stands in `make test`.
SHORT = Plan(
    singles={flow: 1 if flow in LATER else 4 for flow in FLOWS},
    every_kill=False,
    pairs=6,
    least_pairs=0,
    controls=2,
    control_flows=("refund",),
)
#: What is tried over PostgreSQL, too.
OTHER_DATABASE = Plan(flows=("refund",), pairs=0, least_pairs=0, control_flows=())


@dataclass
class Counts:
    """What it came to."""

    points: dict[str, Counter[str]] = field(default_factory=dict)
    singles: list[Result] = field(default_factory=list)
    pairs: list[Result] = field(default_factory=list)
    #: Pairs whose second fault did not come about.
    missed: list[Result] = field(default_factory=list)
    controls: list[Result] = field(default_factory=list)
    #: One line for each promise that was not kept, or control that was.
    failures: list[str] = field(default_factory=list)


class Campaign:
    """`tell` is given a line now and then."""

    def __init__(self, lanes: Lanes, plan: Plan, tell: Callable[[str], None]) -> None:
        self._lanes, self._plan, self._tell = lanes, plan, tell
        self._chance = random.Random(plan.seed)
        self._lists: dict[tuple[str, str], list[Crossed]] = {}
        self.counts = Counts()

    def run(self) -> Counts:
        ours = [("ours", flow) for flow in self._plan.flows]
        flows = [flow for flow in self._plan.flows if flow in self._plan.control_flows]
        wrong = [(name, flow) for name, flow in product(ENGINES, flows)
                 if flow in ENGINES[name].flows]  # fmt: skip
        self._record([*ours, *wrong])
        self._singles()
        self._pairs()
        self._controls(wrong)
        self._not_idle()
        return self.counts

    def _record(self, engines: Iterable[tuple[str, str]]) -> None:
        undisturbed = [Experiment(flow, engine=engine) for engine, flow in engines]
        self._tell(f"{len(undisturbed)} recorded twice")
        for result in self._lanes.perform(undisturbed * 2):
            key = result.experiment.engine, result.experiment.flow
            flow = result.experiment.flow
            back = len(DONE) if flow == GOING_BACK else int(flow.endswith(UNDONE))
            if result.taken_back != back:
                result.broken.append(f"undisturbed, taken back {result.taken_back} times")
            known = self._lists.setdefault(key, result.crossed)
            # LangGraph's threads may come in another order, never elsewhere.
            apart = {c.name for c in known} ^ {c.name for c in result.crossed}
            self._fail(result, [*result.broken, *(f"only in one of two: {n}" for n in apart)])
            if key[0] == "ours":
                self.counts.points[key[1]] = Counter(c.kind for c in result.crossed)

    def _singles(self) -> None:
        experiments = [one for flow in self._plan.flows for one in self._drawn(flow)]
        for result in self._each(experiments, "single faults"):
            self.counts.singles.append(result)
            self._check(result, None)

    def _drawn(self, flow: str) -> list[Experiment]:
        """The single faults of this flow, or so many of them, those where it acts among them.

        Of one that is taken back those that the flow itself does not have.
        """
        listed = self._lists["ours", flow]
        basic = self._lists.get(("ours", flow.removesuffix(UNDONE)), []) if UNDONE in flow else []
        points = sorted(set(listed) - set(basic), key=str)
        every = [Experiment(flow, (one,)) for one in _faults(points)]
        number = self._plan.singles.get(flow)
        if number is None:
            return every
        acting = [Experiment(flow, (one,)) for one in _faults(points) if _acts(flow, one, points)]
        few = self._chance.sample(acting, min(len(acting), (number + 1) // 2))
        if flow in LATER and self._plan.every_kill:
            few, number = acting, len(acting) + number
        return few + self._chance.sample([e for e in every if e not in few], number - len(few))

    def _pairs(self) -> None:
        firsts = sorted(
            (result for result in self.counts.singles if not result.broken and result.after),
            key=lambda result: str(result.experiment),
        )
        recorded = [*self._lists.values(), *(result.crossed for result in self.counts.singles)]
        places = {crossed.place for crossing in recorded for crossed in crossing}
        whole = self._plan.every_kill and not self._plan.part
        pairs: set[Experiment] = set()
        for _ in range(10 * self._plan.pairs if firsts else 0):
            if len(pairs) == self._plan.pairs:
                break
            first = self._chance.choice(firsts)
            place = self._chance.choice(sorted(first.after, key=str))
            second = self._chance.choice(list(_faults([place])))
            both = (*first.experiment.faults, second)
            pairs.add(Experiment(first.experiment.flow, both))
        for result in self._each(sorted(pairs, key=str), "second faults during recovery"):
            (self.counts.missed if result.missed else self.counts.pairs).append(result)
            self._check(result, places if whole else None)
        if whole and len(self.counts.pairs) < self._plan.least_pairs:
            self.counts.failures.append(f"only {len(self.counts.pairs)} second faults came about")

    def _controls(self, wrong: Iterable[tuple[str, str]]) -> None:
        experiments = []
        for engine, flow in wrong:
            points = [c for c in self._lists[engine, flow] if c.job == ENGINES[engine].job]
            shown = [c for c in points if ENGINES[engine].shows in c.name]
            faults = [f for f in _faults(shown) if f.what in ("kill", "double")]
            if self._plan.controls is not None:
                # Right after the effect: there a wrong engine shows.
                effect = [f for f in faults if "client:refund" in f.crossing]
                faults = [f for f in effect if f.moment == "after"][: self._plan.controls]
            experiments += [Experiment(flow, (fault,), engine) for fault in faults]
        self.counts.controls = list(self._each(experiments, "faults in wrong engines"))
        for engine, flow in wrong:
            mine = [r for r in self.counts.controls if _is(r, engine, flow)]
            if not self._plan.part and not any(seen_to_fail(result) for result in mine):
                self.counts.failures.append(f"{engine} was not seen to fail in {flow}")

    def _not_idle(self) -> None:
        """A campaign in which nothing was ruined proves nothing, and fails."""
        counts, plan = self.counts, self._plan
        if plan.part:
            return
        for flow in plan.flows:
            mine = [result for result in counts.singles if result.experiment.flow == flow]
            if not any(result.effects + result.taken_back + result.found for result in mine):
                counts.failures.append(f"{flow}: {len(mine)} single faults, and no effect")
        if not sum(result.deaths for result in counts.singles):
            counts.failures.append("nothing was killed")

    def _each(self, experiments: Sequence[Experiment], what: str) -> Iterator[Result]:
        chosen = [one for one in experiments if self._plan.part in str(one)]
        self._tell(f"{len(chosen)} {what}")
        for done, result in enumerate(self._lanes.perform(chosen), 1):
            if done % 100 == 0:
                self._tell(f"  {done} of {len(chosen)}")
            yield result

    def _check(self, result: Result, places: Collection[str] | None) -> None:
        listed = {c.name for c in self._lists["ours", result.experiment.flow]}
        names = [f"not in the list: {name}" for name in unlisted(result, listed, places)]
        first = result.experiment.faults[0]
        names += [f"not reached: {first}"] * (first in result.missed)
        self._fail(result, [*result.broken, *names])

    def _fail(self, result: Result, broken: Sequence[str]) -> None:
        for line in broken:
            self.counts.failures.append(f"{result.experiment}: {line}")
            self._tell(f"FAILED {result.experiment}: {line}")


def seen_to_fail(result: Result) -> bool:
    """Whether it was seen to break its promise where it counts."""
    return bool(result.broken) and result.miscounted


def unlisted(result: Result, listed: Collection[str], places: Collection[str] | None) -> list[str]:
    """What nobody knows of: names until the first fault, places from there to the second.

    Without `places` they were not recorded.
    """
    first, last = result.experiment.faults[0], result.experiment.faults[-1]
    begun, until = result.at(first), result.at(last)
    names = [c.name for c in result.crossed[:begun] if c.name not in listed]
    if places is None:
        return names
    return names + [c.name for c in result.crossed[begun:until] if c.place not in places]


def _faults(points: Iterable[Crossed]) -> Iterator[Fault]:
    """Every fault that can happen at these crossings: a commit has no reply to lose."""
    for crossed, (what, moment) in product(points, FAULTS):
        if what != "lost" or crossed.kind != "commit":
            yield Fault(crossed.run, crossed.name, moment, what)


def _acts(flow: str, fault: Fault, points: Iterable[Crossed]) -> bool:
    """Whether it hits a call to the counterpart, or what is written right after; in the later flows
    whether it kills in a job of theirs."""
    if flow in LATER:
        return fault.what == "kill" and any(
            c.name == fault.crossing and c.job in LATER[flow] for c in points
        )
    executing = [c for c in points if c.job == "execute"]
    return any(c.name == fault.crossing and c.kind in ("http", "smtp", "commit") for c in executing)


def _is(result: Result, engine: str, flow: str) -> bool:
    return (result.experiment.engine, result.experiment.flow) == (engine, flow)
