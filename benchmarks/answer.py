"""Message to answer: from Slack's delivery to our message in Slack, without the model's time."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import roads
from benchmarks.figures import Figure, median, spread
from benchmarks.hops import Hops
from benchmarks.office import Office

_MOST_TIMES_BARE = 3.0


@dataclass(frozen=True)
class _Road:
    name: str
    text: str
    target_ms: float


_ROADS = (
    _Road("no tool", "<@U0SIGNOFF> Hello, what can you do?", 60),
    _Road("one read", "<@U0SIGNOFF> Where is order 4711?", 150),
)


def measure(office: Office, hops: Hops, messages: int) -> list[Figure]:
    """`messages` of each road, in turns, one after the other, each in a thread of its own."""
    for road in _ROADS:
        for _ in range(3):
            roads.ask(office, road.text)
    asked: dict[_Road, list[roads.Asked]] = {road: [] for road in _ROADS}
    for _ in range(messages):
        for road in _ROADS:
            asked[road].append(roads.ask(office, road.text))
    return [figure for road in _ROADS for figure in _figures(office, hops, road, asked[road])]


def _figures(
    office: Office, hops: Hops, road: _Road, asked: list[roads.Asked]
) -> tuple[Figure, Figure]:
    found = roads.told(office, asked)
    own = [one.total_ms - one.model_ms for one in found]
    commits = median([one.commits for one in asked if one.commits is not None])
    checkpoints = median([one.checkpoints for one in asked])
    trips = median([one.trips for one in found])
    bare = hops.bare(commits=commits, trips=trips, checkpoints=checkpoints)
    beside = (
        f"Slack's delivery to `chat.postMessage`, {len(own)} messages one by one, minus the "
        f"model's own time (median {median([one.model_ms for one in found]):.1f} ms; as our "
        f"client saw it {median([one.client_ms for one in found]):.1f} ms)"
    )
    counted = (
        f"{commits:g} commits, {trips:g} Celery trips and {checkpoints:g} checkpoint trips a "
        f"message (counted in the WAL, the outbox and Redis), bare {bare:.1f} ms: {hops}"
    )
    times = median(own) / bare
    return (
        Figure(
            f"message to answer, {road.name}",
            spread(own, 0.5, 0.95),
            f"p50 < {road.target_ms:g} ms",
            median(own) < road.target_ms,
            beside,
        ),
        Figure(
            f"message to answer, {road.name}, against its bare hops",
            f"{times:.1f}x",
            f"< {_MOST_TIMES_BARE:g}x",
            times < _MOST_TIMES_BARE,
            counted,
        ),
    )
