"""The reconciler: the ledger held against each connector's own record, tool by tool (R90 to R92).

It finds effects that no action of ours explains, effects that the ledger says did not happen,
effects made twice (a worker that was paused past its lease and then sent), and actions whose effect
the record does not show. What it finds is a row, an event and a message to the operators, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, func, select

from approvals.moves import move
from approvals.tables import Action, Grant
from core.db import insert_once
from core.leases import Held, guard, release, take
from core.outbox import finish, open_rows
from tools import breakers, findings, rounds
from tools.backlog import tell_failing
from tools.calling import key_of
from tools.claim import postpone
from tools.contract import Recorded, Refused, Tool, Unavailable
from tools.deps import ACTOR, Deps
from tools.findings import Found
from tools.gates import take_look
from tools.holding import waits_until
from tools.missing import missing
from tools.outcomes import failure
from tools.proof import KEY_DIGITS, ask_record, settle_recorded
from tools.rounds import Pace, Round
from tools.tables import Breaker, Compared

log = structlog.get_logger()
JOB = "reconcile"
_LEASE_SLACK_S = 30.0
#: Done actions that one round looks for in a record, and one by one.
_IN_RECORD, _ONE_BY_ONE = 1_000, 50
#: What has not begun, as this database has it. One restored from a copy may not know better.
_NOT_BEGUN = frozenset({"proposed", "awaiting", "allowed", "approved"})


@dataclass(frozen=True)
class _Shown:
    """What one part of a record shows: by action, and what belongs to none."""

    by_action: Mapping[str, Sequence[Recorded]]
    strange: Sequence[Recorded]


class Reconciler:
    """The job `reconcile`: one tool at a time, by one worker at a time."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, tool_name: str) -> str:
        """Compare this tool. `compared`, `partly` (the next job goes on), `behind` (the record
        cannot be read now), `held` (somebody else does it) or `gone` (nothing to compare)."""
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
        deps = self._deps
        with deps.db.transaction() as session:
            held = self._take(session, tool, deps.clock.now())
        if held is None:
            return "held"
        try:
            outcome = self._compare(tool, held, seen)
        except (Refused, Unavailable) as error:
            outcome = self._behind(tool, deps.people.workspace_id, error.sentence)
        with deps.db.transaction() as session:
            now = deps.clock.now()
            if outcome == "partly":
                postpone(session, queued, now)
            else:
                finish(session, queued, now=now)
            release(session, held, now=now)
        return outcome

    def _take(self, session: Session, tool: Tool, now: datetime) -> Held | None:
        ttl = timedelta(seconds=self._deps.limits.deadline_s(tool.timeout_s) + _LEASE_SLACK_S)
        name = f"reconcile:{self._deps.people.workspace_id}:{tool.name}"
        return take(session, name=name, holder="tools", ttl=ttl, now=now)

    def _compare(self, tool: Tool, held: Held, seen: Breaker | None) -> str:
        deps, workspace_id = self._deps, self._deps.people.workspace_id
        if waits_until(deps, seen, tool) is not None:
            raise Unavailable(seen.why if seen else "", reached=False)
        now = deps.clock.now()
        with deps.db.transaction() as session:
            if take_look(deps, session, tool, workspace_id=workspace_id, now=now) is not None:
                raise Unavailable("Too many calls just now.", reached=False)
        pace = Pace(deps.clock, deps.limits.reconcile_slice_s)
        going, shown = self._round(tool, seen, pace), set[str]()
        for part in going.left:
            if not pace.goes_on():
                return self._keep(tool, held, going)
            recorded = ask_record(
                deps, tool, rounds.question(tool, part, going.since),
                workspace_id=workspace_id, seen=seen,
            )  # fmt: skip
            with deps.db.read() as session:
                found = _matched(session, tool, workspace_id, recorded, going.since)
            with deps.db.transaction() as session:
                guard(session, held)
                self._note(session, tool, found)
                going = going.without(part)
                if rounds.can_pause(tool):
                    rounds.keep(session, workspace_id, tool, going)
            shown |= set(found.by_action)
        return self._look_for(tool, held, seen, going, shown, pace)

    def _round(self, tool: Tool, seen: Breaker | None, pace: Pace) -> Round:
        """The one that is under way, or else a new one. What was settled is read before the record:
        nothing is called missing that was only newer than what was read."""
        deps, workspace_id = self._deps, self._deps.people.workspace_id
        with deps.db.read() as session:
            row = session.get(Compared, (workspace_id, tool.name))
            going = rounds.under_way(row, tool)
            if going is not None:
                return going
            compared = row.until if row else _begun(session, tool, workspace_id)
            new = self._new(session, tool, compared or deps.clock.now())
        if tool.record is None or tool.record.parts is None:
            return new
        pace.goes_on()
        names = tool.record.parts.names
        return new.of(ask_record(deps, tool, names, workspace_id=workspace_id, seen=seen))

    def _new(self, session: Session, tool: Tool, compared: datetime) -> Round:
        limits, workspace_id = self._deps.limits, self._deps.people.workspace_id
        until = self._deps.clock.now() - timedelta(seconds=limits.reconcile_grace_s)
        rows = _succeeded(session, tool, workspace_id, compared, until)
        starts = [began for _action, began in rows if began is not None]
        since = min([compared, *starts]) - timedelta(seconds=limits.reconcile_overlap_s)
        if len(rows) == _most(tool):
            until = _just_before(rows[-1][0].settled_at) or until  # the rest comes next time
        return Round(compared, since, until, rounds.parts_at_once(tool))

    def _look_for(  # noqa: PLR0917 - all of one round
        self,
        tool: Tool,
        held: Held,
        seen: Breaker | None,
        going: Round,
        shown: Collection[str],
        pace: Pace,
    ) -> str:
        """The other way round: what was done, and is not there."""
        deps, workspace_id = self._deps, self._deps.people.workspace_id
        with deps.db.read() as session:
            rows = _succeeded(session, tool, workspace_id, going.compared, going.until)
            missed = findings.missed(session, tool.name, workspace_id=workspace_id)
        done = [action for action, _began in rows]
        looked, lacking = missing(deps, tool, [*done, *missed], shown, seen, pace)
        found = [Found("missing", tool, action) for action in lacking]
        there = [one.id for one in missed if one in looked and one not in lacking]
        with deps.db.transaction() as session:
            now = deps.clock.now()
            guard(session, held)
            findings.keep(session, deps, found, workspace_id=workspace_id, now=now)
            findings.shown_after_all(session, deps, tool, there, workspace_id=workspace_id, now=now)
        if len(looked) < len(done):
            until = _just_before(done[len(looked)].settled_at) or going.compared
            return self._keep(tool, held, going.up_to(until))
        log.info("reconciled", tool=tool.name, shown=len(shown), done=len(done))
        return self._keep(tool, held, going.through())

    def _keep(self, tool: Tool, held: Held, going: Round) -> str:
        with self._deps.db.transaction() as session:
            guard(session, held)
            rounds.keep(session, self._deps.people.workspace_id, tool, going)
        return "compared" if going.is_through else "partly"

    def _note(self, session: Session, tool: Tool, shown: _Shown) -> None:
        deps, now = self._deps, self._deps.clock.now()
        found = [Found("unasked", tool, shown=one) for one in shown.strange]
        for action_id, record in shown.by_action.items():
            action = session.get_one(Action, action_id, populate_existing=True)
            if action.status == "unknown":
                settle_recorded(session, deps, action, tool, record[0], now=now)
            elif action.status not in ("executing", "succeeded"):
                found.append(Found("contrary", tool, self._never(session, action), record[0]))
            if len(record) > 1:
                found.append(Found("twice", tool, action, record[-1], len(record)))
        findings.keep(session, deps, found, workspace_id=deps.people.workspace_id, now=now)

    def _never(self, session: Session, action: Action) -> Action:
        """The action, which does not begin any more if it has not yet: its effect is there."""
        if action.status not in _NOT_BEGUN:
            return action
        reason = "Not begun: the other system's own record shows it as done already"
        return move(
            session, self._deps.log, action, "cancelled", now=self._deps.clock.now(), actor=ACTOR,
            reason=reason, outcome=failure("cancelled", reason),
        )  # fmt: skip

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


def _succeeded(
    session: Session, tool: Tool, workspace_id: str, after: datetime, until: datetime
) -> list[tuple[Action, datetime | None]]:
    """What succeeded in this time, each with when it was begun; as many as one round looks for."""
    query = (
        select(Action, Grant.consumed_at)
        .join(Grant, col(Grant.action_id) == col(Action.id))
        .where(
            Action.workspace_id == workspace_id,
            Action.tool == tool.name,
            Action.status == "succeeded",
            col(Action.settled_at) > after,
            col(Action.settled_at) <= until,
        )
        .order_by(col(Action.settled_at))
        .limit(_most(tool))
    )
    return [(action, began) for action, began in session.exec(query)]


def _most(tool: Tool) -> int:
    return _ONE_BY_ONE if tool.record and tool.record.lacks else _IN_RECORD


def _just_before(moment: datetime | None) -> datetime | None:
    """Whatever else was settled at that very moment comes with it."""
    return None if moment is None else moment - timedelta(microseconds=1)


def _matched(
    session: Session,
    tool: Tool,
    workspace_id: str,
    recorded: Sequence[Recorded],
    since: datetime,
) -> _Shown:
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
    return _Shown(dict(found), [one for one in recorded if _key(one) not in by_key])


def _key(recorded: Recorded) -> str:
    return (recorded.key or "").lower()[:KEY_DIGITS]
