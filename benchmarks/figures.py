"""A measured figure, and the table of them that is printed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`met` is None where there is no target, or it cannot be told here."""

    what: str
    measured: str
    target: str
    met: bool | None
    method: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float], *shares: float) -> str:
    """`p50 12.3 ms, p95 20.1 ms` of milliseconds."""
    return ", ".join(f"p{share * 100:g} {percentile(values, share):.1f} ms" for share in shares)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(figures: Sequence[Figure]) -> str:
    """Markdown."""
    said = {True: "yes", False: "**no**", None: ""}
    rows = [
        f"| {f.what} | {f.measured} | {f.target} | {said[f.met]} | {f.method} |" for f in figures
    ]
    head = ["| what | measured | target | met | method |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])
