"""How the installation stands, as figures for a monitor: Prometheus' text format at `/metrics`.

On a port of its own (`SIGNOFF_METRICS`): nobody is asked there who they are, and Slack's port
may be open to the world. Every figure is counted in SQL when it is asked for, but the queues'
lengths, which are the broker's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web
from sqlmodel import Session, col, func, select

from approvals.tables import Action, Request
from bot.deps import BotDeps
from core.dead import dead_letters
from core.errors import SignoffError
from core.outbox import LONGEST, Outbox
from tools.backlog import backlog
from tools.findings import open_findings
from tools.registry import Registry
from tools.tables import Breaker

log = structlog.get_logger()
#: https://prometheus.io/docs/instrumenting/exposition_formats/
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: How long each of the broker's queues is; raises when the broker does not answer.
Lengths = Callable[[], Mapping[str, int]]
Samples = Sequence[tuple[Mapping[str, str], float]]


@dataclass(frozen=True)
class Gauge:
    """One figure by its labels; `about` is what a person reads beside it."""

    name: str
    about: str
    samples: Samples


def make_metrics(deps: BotDeps, lengths: Lengths) -> web.Application:
    """GET /metrics; 503 while the database cannot be reached."""
    app = web.Application()
    app.router.add_get("/metrics", _metrics(deps, lengths))
    return app


def figures(
    session: Session, registry: Registry, *, workspace_id: str, now: datetime
) -> Iterator[Gauge]:
    """Every figure that SQL knows, those that are zero too."""
    yield from _jobs(session, workspace_id, now)
    yield from _people(session, workspace_id)
    yield from _systems(session, registry, workspace_id, now)


def exposition(gauges: Sequence[Gauge]) -> str:
    """The figures in Prometheus' text format."""
    return "".join(f"{line}\n" for gauge in gauges for line in _lines(gauge))


def _jobs(session: Session, workspace_id: str, now: datetime) -> Iterator[Gauge]:
    here = (Outbox.workspace_id == workspace_id, col(Outbox.done_at).is_(None))
    counted = select(Outbox.job, func.count()).where(*here).group_by(Outbox.job)
    by_job = [({"job": job}, float(count)) for job, count in session.exec(counted)]
    yield Gauge("signoff_jobs_open", "Jobs that are not done, held ones too", by_job)
    # What is to be done only later is not late: what is due is published at least once a minute.
    due = select(func.min(Outbox.created_at)).where(*here, Outbox.next_at <= now + LONGEST)
    oldest = _age(session.exec(due).one(), now)
    yield Gauge("signoff_job_oldest_seconds", "Age of the oldest job that is due", [({}, oldest)])
    given_up = float(len(dead_letters(session, workspace_id=workspace_id)))
    yield Gauge("signoff_dead_letters", "Jobs given up that wait for a person", [({}, given_up)])


def _people(session: Session, workspace_id: str) -> Iterator[Gauge]:
    asked = select(func.count()).where(
        Request.workspace_id == workspace_id, Request.status == "pending"
    )
    waiting = float(session.exec(asked).one())
    yield Gauge("signoff_requests_open", "Requests that wait for approvers", [({}, waiting)])
    unknown = select(func.count()).where(
        Action.workspace_id == workspace_id, Action.status == "unknown"
    )
    unclear = float(session.exec(unknown).one())
    yield Gauge("signoff_outcomes_unknown", "Actions nobody knows the outcome of", [({}, unclear)])


def _systems(
    session: Session, registry: Registry, workspace_id: str, now: datetime
) -> Iterator[Gauge]:
    query = select(Breaker.connector).where(
        Breaker.workspace_id == workspace_id, col(Breaker.opened_at).is_not(None)
    )
    left_alone = set(session.exec(query))
    names = [connector.name for connector in registry.connectors]
    yield Gauge(
        "signoff_breaker_open",
        "1 while a connector's system is left alone",
        [({"connector": name}, float(name in left_alone)) for name in names],
    )
    kinds = [row.kind for row in open_findings(session, workspace_id=workspace_id)]
    yield Gauge(
        "signoff_findings_open",
        "Disagreements with the systems' own records that nobody settled",
        [({"kind": kind}, float(kinds.count(kind))) for kind in _FINDINGS],
    )
    behind = backlog(session, registry, workspace_id=workspace_id)
    yield Gauge(
        "signoff_uncompared_effects",
        "Effects not yet compared with the system's own record",
        [({"tool": each.tool}, float(each.waiting)) for each in behind],
    )
    yield Gauge(
        "signoff_uncompared_oldest_seconds",
        "Age of the oldest effect not yet compared",
        [({"tool": each.tool}, _age(each.oldest, now)) for each in behind],
    )


_FINDINGS = ("unasked", "contrary", "twice", "missing")


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)


def _metrics(deps: BotDeps, lengths: Lengths) -> Any:
    def count() -> str:
        here, now = deps.identity.team_id, deps.clock.now()
        with deps.db.read() as session:
            found = list(figures(session, deps.registry, workspace_id=here, now=now))
        return exposition([*found, *_queues(lengths)])

    async def handle(_request: web.Request) -> web.Response:
        try:
            text = await asyncio.to_thread(count)
        except SignoffError:
            return web.Response(status=503, text="database unreachable\n")
        return web.Response(body=text.encode(), headers={"Content-Type": _CONTENT_TYPE})

    return handle


def _queues(lengths: Lengths) -> Iterator[Gauge]:
    try:
        found = lengths()
    except Exception as error:  # noqa: BLE001 - any broker fault: that it is down is the figure
        log.info("queues_not_known", error=type(error).__name__)
        yield Gauge("signoff_broker_up", "1 while the broker answers", [({}, 0.0)])
        return
    yield Gauge("signoff_broker_up", "1 while the broker answers", [({}, 1.0)])
    samples = [({"queue": queue}, float(length)) for queue, length in sorted(found.items())]
    yield Gauge("signoff_queue_length", "Jobs in the broker's queue", samples)


def _lines(gauge: Gauge) -> Iterator[str]:
    yield f"# HELP {gauge.name} {gauge.about}"
    yield f"# TYPE {gauge.name} gauge"
    for labels, value in gauge.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{gauge.name}{{{pairs}}} {value:g}" if pairs else f"{gauge.name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
