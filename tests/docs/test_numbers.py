"""The numbers that the how-tos name are those of the code."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

from pages import ROOT

from bot.broker import Doorbell
from bot.keeping import _RECONCILE_S
from bot.metrics import Gauge, _jobs, _people, _queues, _systems
from bot.workers import _HARD_LIMIT_S, _POOLS
from core.dead import Patience
from core.outbox import BACKOFF_S
from tools.contract import Connector, Tool
from tools.deps import Deps
from tools.lanes import PATIENCE_S, Lanes
from tools.limits import Limits

PAGE = (ROOT / "docs" / "how-to" / "recover.md").read_text()
SECTION = PAGE.split("## How often and how long")[1].split("\n## ")[0]


def _named() -> dict[str, float]:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", SECTION, re.M)
    return {name: float(number) for name, number in rows}


def _standing(beginning: str) -> list[float]:
    """The numbers of the row that begins so."""
    (cells,) = re.findall(rf"^\| {beginning}.* \| ([^|]*) \|$", SECTION, re.M)
    return [float(number) for number in re.findall(r"[\d.]*\d", cells)]


def test_every_limit_is_named_with_its_default_and_no_other() -> None:
    limits = {f"tools_{field.name}": float(field.default) for field in fields(Limits)}  # type: ignore[arg-type]
    others = {
        "reconcile_every_s": _RECONCILE_S,
        "job_tries": float(Patience.tries),
        "turn_lease_s": 15.0,
    }

    assert _named() == limits | others
    # The one default that stands where it is read.
    assert 'limits.get("turn_lease_s", 15.0)' in _all_of("bot") + _all_of("graphs")


def test_what_stands_is_what_the_code_has(tmp_path: object) -> None:
    tool, connector = _default(Tool, "per_minute"), _default(Connector, "per_minute")
    processes = _POOLS["tools"][1]
    stuck = re.search(r"max_stuck=(\d+)", inspect.getsource(Deps))
    assert stuck is not None

    assert _standing("calls a minute") == [tool, connector]
    assert _standing("a tool worker's processes") == [processes]
    assert _standing("of them") == [Lanes.of_pool(tmp_path, processes)._most]  # type: ignore[arg-type]
    assert _standing("how long work waits") == [PATIENCE_S]
    assert _standing("a call that is stuck") == [_HARD_LIMIT_S, 2]
    assert _standing("hanging calls") == [int(stuck[1])]
    assert _standing("a job that is not done") == list(BACKOFF_S)
    assert _standing("a job that failed") == [Patience.first_s, Patience.longest_s]
    most = inspect.signature(Doorbell).parameters["most"].default
    assert _standing("jobs in one of the broker's") == [most]


def test_every_figure_for_a_monitor_is_explained_and_no_other() -> None:
    section = PAGE.split("## Figures for a monitor")[1].split("\n## ")[0]
    explained = set(re.findall(r"^\| `(signoff_\w+)` \|", section, re.M))
    code = "\n".join(inspect.getsource(part) for part in (_jobs, _people, _systems, _queues))

    assert Gauge.__doc__
    assert explained == set(re.findall(r'"(signoff_\w+)"', code))


def _default(declared: type, name: str) -> float:
    (field,) = (field for field in fields(declared) if field.name == name)
    return float(field.default)  # type: ignore[arg-type]


def _all_of(room: str) -> str:
    return "\n".join(path.read_text() for path in (ROOT / room).rglob("*.py"))
