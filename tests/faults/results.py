"""What is tried, and what it came to: plain values that travel between processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from tests.faults.crossings import Moment

What = Literal["kill", "wipe", "double", "lost"]


@dataclass(frozen=True)
class Fault:
    """`what` happens in the run with this number, at this crossing."""

    run: int
    crossing: str
    moment: Moment
    what: What

    def __str__(self) -> str:
        return f"{self.what} {self.moment} {self.crossing} of run {self.run}"


@dataclass(frozen=True)
class Experiment:
    flow: str
    faults: tuple[Fault, ...] = ()
    #: `ours`, or one that is wrong on purpose.
    engine: str = "ours"

    def __str__(self) -> str:
        engine = "" if self.engine == "ours" else f"{self.engine}: "
        return f"{engine}{self.flow}, " + (", then ".join(map(str, self.faults)) or "undisturbed")


@dataclass(frozen=True)
class Crossed:
    run: int
    job: str
    name: str

    @property
    def kind(self) -> str:
        return self.name.split()[0]

    @property
    def place(self) -> str:
        """Its name without how often it was passed."""
        return self.name.rpartition(" ")[0]


@dataclass
class Result:
    experiment: Experiment
    crossed: list[Crossed] = field(default_factory=list)
    #: The faults that came about, with how much had been crossed by then; and the jobs they hit.
    met: dict[Fault, int] = field(default_factory=dict)
    hit: list[str] = field(default_factory=list)
    deaths: int = 0
    #: The faults that did not: their crossing never came.
    missed: list[Fault] = field(default_factory=list)
    effects: int = 0
    questions: int = 0
    #: How often it was taken back.
    taken_back: int = 0
    #: What comparing found.
    found: int = 0
    #: Whether it was broken where it counts: by the counterparts' journals, or what was found.
    miscounted: bool = False
    #: What deliveries that came to nothing raised, by the name of the exception.
    raised: Counter[str] = field(default_factory=Counter)
    #: What was promised and not kept, in words.
    broken: list[str] = field(default_factory=list)

    def at(self, fault: Fault) -> int:
        """How much had been crossed when it came, itself included and what was crossed within it (a
        commit tells Redis); everything if it did not."""
        return self.met.get(fault, len(self.crossed))

    @property
    def after(self) -> list[Crossed]:
        """What was crossed after the last fault."""
        return self.crossed[self.at(self.experiment.faults[-1]) :]
