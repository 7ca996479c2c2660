"""The reconciler: the ledger held against each connector's own record, tool by tool (R90 to R92).

It finds effects that no action of ours explains, effects that the ledger says did not happen,
effects made twice (a worker that was paused past its lease and then sent), and actions whose effect
the record does not show. What it finds is a row, an event and a message to the operators, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, func, select

from approvals.tables import Action, Grant
from core.db import insert_once
from core.leases import Held, guard, release, take
from core.outbox import finish, open_rows
from tools import breakers, findings
from tools.backlog import tell_failing
from tools.calling import key_of
from tools.contract import Recorded, Refused, Tool, Unavailable
from tools.deps import Deps
from tools.findings import Found
from tools.gates import take_look
from tools.holding import waits_until
from tools.missing import missing
from tools.proof import KEY_DIGITS, read_record, settle_recorded
from tools.tables import Breaker, Compared

log = structlog.get_logger()
JOB = "reconcile"
_LEASE_SLACK_S = 30.0
#: Done actions that one comparison looks for in a record, and one by one: within a job's time.
_IN_RECORD, _ONE_BY_ONE = 1_000, 50


@dataclass(frozen=True)
class _Ledger:
    """What one comparison rests on: read before the record, so that nothing is called missing that
    was only newer than what was read."""

    compared: datetime
    #: Succeeded since then and long enough ago to be shown.
    done: Sequence[Action]
    #: Was missing at an earlier comparison, and may be there by now.
    missed: Sequence[Action]
    since: datetime
    #: What was settled until then is compared when this comparison is through.
    until: datetime


@dataclass(frozen=True)
class _Shown:
    """What the other system shows: by action, of no action, and what it does not show."""

    by_action: Mapping[str, Sequence[Recorded]]
    strange: Sequence[Recorded]
    missing: Sequence[Action]


class Reconciler:
    """The job `reconcile`: one tool at a time, by one worker at a time."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, tool_name: str) -> str:
        """Compare this tool. `compared`, `behind` (the record cannot be read now), `held`
        (somebody else does it) or `gone` (there is nothing to compare)."""
        deps, tool = self._deps, self._deps.registry.tool(tool_name)
        workspace_id, now = deps.people.workspace_id, deps.clock.now()
        with deps.db.read() as session:
            queued = open_rows(session, job=JOB, subject=tool_name)
            seen = breakers.look(session, workspace_id=workspace_id, tool_name=tool_name)
        if tool is None or tool.record is None:
            with deps.db.transaction() as session:
                finish(session, queued, now=now)
            return "gone"
        with deps.lanes.enter(tool_name) as free:
            return self._run(tool, seen, queued) if free else "held"

    def _run(self, tool: Tool, seen: Breaker | None, queued: list[str]) -> str:
        deps, workspace_id = self._deps, self._deps.people.workspace_id
        with deps.db.transaction() as session:
            held = self._take(session, tool, deps.clock.now())
        if held is None:
            return "held"
        try:
            outcome = self._compare(tool, held, seen, workspace_id)
        except (Refused, Unavailable) as error:
            outcome = self._behind(tool, workspace_id, error.sentence)
        with deps.db.transaction() as session:
            finish(session, queued, now=deps.clock.now())
            release(session, held, now=deps.clock.now())
        return outcome

    def _take(self, session: Session, tool: Tool, now: datetime) -> Held | None:
        ttl = timedelta(seconds=self._deps.limits.deadline_s(tool.timeout_s) + _LEASE_SLACK_S)
        name = f"reconcile:{self._deps.people.workspace_id}:{tool.name}"
        return take(session, name=name, holder="tools", ttl=ttl, now=now)

    def _compare(self, tool: Tool, held: Held, seen: Breaker | None, workspace_id: str) -> str:
        deps, now = self._deps, self._deps.clock.now()
        if waits_until(deps, seen, tool) is not None:
            raise Unavailable(seen.why if seen else "", reached=False)
        with deps.db.transaction() as session:
            if take_look(deps, session, tool, workspace_id=workspace_id, now=now) is not None:
                raise Unavailable("Too many calls just now.", reached=False)
        with deps.db.read() as session:
            ledger = self._ledger(session, tool, workspace_id, now)
        recorded: Sequence[Recorded] = ()
        if tool.record is not None and tool.record.read is not None:
            recorded = read_record(deps, tool, ledger.since, workspace_id=workspace_id, seen=seen)
        with deps.db.read() as session:
            by_action, strange = _matched(session, tool, workspace_id, recorded, ledger.since)
        lacking = missing(deps, tool, [*ledger.missed, *ledger.done], by_action, seen)
        with deps.db.transaction() as session:
            guard(session, held)
            self._note(session, tool, _Shown(by_action, strange, lacking), ledger, workspace_id)
            row = session.get_one(Compared, (workspace_id, tool.name))
            row.until = max(row.until, ledger.until)
            row.failing_since, row.why = None, ""
            session.add(row)
        log.info("reconciled", tool=tool.name, shown=len(recorded), done=len(ledger.done))
        return "compared"

    def _ledger(self, session: Session, tool: Tool, workspace_id: str, now: datetime) -> _Ledger:
        limits = self._deps.limits
        most = _ONE_BY_ONE if tool.record and tool.record.lacks else _IN_RECORD
        row = session.get(Compared, (workspace_id, tool.name))
        compared = row.until if row else _begun(session, tool, workspace_id) or now
        settled = now - timedelta(seconds=limits.reconcile_grace_s)
        query = (
            select(Action, Grant.consumed_at)
            .join(Grant, col(Grant.action_id) == col(Action.id))
            .where(
                Action.workspace_id == workspace_id,
                Action.tool == tool.name,
                Action.status == "succeeded",
                col(Action.settled_at) > compared,
                col(Action.settled_at) <= settled,
            )
            .order_by(col(Action.settled_at))
            .limit(most)
        )
        rows = session.exec(query).all()
        starts = [began for _action, began in rows if began is not None]
        overlap = timedelta(seconds=limits.reconcile_overlap_s)
        done = [action for action, _ in rows]
        until = settled
        if len(done) == most and done[-1].settled_at is not None:
            # The rest comes next time, and whatever else was settled at that very moment.
            until = done[-1].settled_at - timedelta(microseconds=1)
        missed = findings.missed(session, tool.name, workspace_id=workspace_id)
        return _Ledger(compared, done, missed, min([compared, *starts]) - overlap, until)

    def _note(
        self, session: Session, tool: Tool, shown: _Shown, ledger: _Ledger, workspace_id: str
    ) -> None:
        deps, now = self._deps, self._deps.clock.now()
        insert_once(
            session, Compared(workspace_id=workspace_id, tool=tool.name, until=ledger.compared)
        )
        found = [Found("unasked", tool, shown=one) for one in shown.strange]
        for action_id, record in shown.by_action.items():
            action = session.get_one(Action, action_id, populate_existing=True)
            if action.status == "unknown":
                settle_recorded(session, deps, action, tool, record[0], now=now)
            elif action.status not in ("executing", "succeeded"):
                found.append(Found("contrary", tool, action, record[0]))
            if len(record) > 1:
                found.append(Found("twice", tool, action, record[-1], len(record)))
        found += [Found("missing", tool, action) for action in shown.missing]
        findings.keep(session, deps, found, workspace_id=workspace_id, now=now)
        still = {action.id for action in shown.missing}
        there = [action.id for action in ledger.missed if action.id not in still]
        findings.shown_after_all(session, deps, tool, there, workspace_id=workspace_id, now=now)

    def _behind(self, tool: Tool, workspace_id: str, why: str) -> str:
        deps, now = self._deps, self._deps.clock.now()
        with deps.db.transaction() as session:
            began = _begun(session, tool, workspace_id) or now
            insert_once(session, Compared(workspace_id=workspace_id, tool=tool.name, until=began))
            row = session.get_one(Compared, (workspace_id, tool.name), with_for_update=True)
            row.failing_since, row.why = row.failing_since or now, why
            session.add(row)
            session.flush()
            if now - row.failing_since >= timedelta(seconds=deps.limits.reconcile_alert_s):
                tell_failing(session, deps.people, row, now=now)
        log.warning("not_reconciled", tool=tool.name, why=why)
        return "behind"


def _begun(session: Session, tool: Tool, workspace_id: str) -> datetime | None:
    """Just before the first action of this tool was proposed: older things there are not ours."""
    query = select(func.min(Action.created_at)).where(
        Action.workspace_id == workspace_id, Action.tool == tool.name
    )
    first = session.exec(query).first()
    return None if first is None else first - timedelta(seconds=1)


def _matched(
    session: Session,
    tool: Tool,
    workspace_id: str,
    recorded: Sequence[Recorded],
    since: datetime,
) -> tuple[dict[str, list[Recorded]], list[Recorded]]:
    """What the record shows by the action it belongs to, and what belongs to none."""
    query = select(Action.id).where(Action.workspace_id == workspace_id, Action.tool == tool.name)
    lately = query.where(col(Action.sent_by) >= since)
    by_key = {key_of(one)[:KEY_DIGITS]: one for one in session.exec(lately)}
    if any(_key(one) not in by_key for one in recorded):
        # Sent long after its claim (a paused worker), or truly a stranger: all of them are tried.
        by_key = {key_of(one)[:KEY_DIGITS]: one for one in session.exec(query)}
    found: dict[str, list[Recorded]] = defaultdict(list)
    for one in recorded:
        if (action_id := by_key.get(_key(one))) is not None:
            found[action_id].append(one)
    return dict(found), [one for one in recorded if _key(one) not in by_key]


def _key(recorded: Recorded) -> str:
    return (recorded.key or "").lower()[:KEY_DIGITS]
