"""What the keeper keeps: the loops of `bot.keeper`, wired."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from approvals import accounts, gap_news
from approvals.batches import offer_due
from approvals.keeping_time import nudge_due, stand_ins_due
from approvals.policy.judge import Policy
from approvals.policy.versions import current
from approvals.requests import expire_due
from approvals.running_out import end_due
from approvals.user_groups import ask_due
from audit.sequencer import Sequencer
from bot.bootstrap import Floor
from bot.keeper import Keeper, Loop
from bot.lateness import tell_late
from bot.schedules import load_automations, queue_due, sync_schedules
from core.errors import ConfigError
from core.outbox import InLine, Publish, enqueue
from tools.backlog import tell_old
from tools.due import queue_comparisons
from tools.executor import sweep_due
from tools.limits import limits_of
from tools.traffic import tell_unusual

#: Between one comparison of a tool with its connector's own record and the next; 0: never.
_RECONCILE_S = 300.0
#: Between looks at how often connectors were called.
_TRAFFIC_EVERY_S = 600.0
#: Between looks for what operators are told of.
_LOOK_EVERY_S = 60.0


def make_keeper(floor: Floor, publish: Publish, in_line: InLine) -> Keeper:
    """The keeper of this installation. Raises `ConfigError` for a broken automations file."""
    entries = load_automations(floor.settings.config / "automations.yaml").digests
    workspace_id = floor.people.workspace_id
    for entry in entries:
        if entry.owner is not None and floor.people.by_id(entry.owner) is None:
            raise ConfigError(
                f"config/automations.yaml: the owner {entry.owner!r} of {entry.name} is nobody in "
                "config/people.yaml. Name an id from there."
            )
    with floor.db.transaction() as session:
        sync_schedules(session, entries, workspace_id=workspace_id, now=floor.clock.now())

    def expire(session: Session, now: datetime) -> int:
        return expire_due(session, floor.log, now=now, limit=100)

    def nudge(session: Session, now: datetime) -> int:
        return nudge_due(session, floor.log, floor.people, now=now, limit=100)

    def stand_ins(session: Session, now: datetime) -> int:
        return stand_ins_due(session, floor.people, now=now)

    def rights(session: Session, now: datetime) -> int:
        return end_due(session, floor.log, floor.people, now=now)

    def approvers(session: Session, now: datetime) -> int:
        """Who is there to be asked: Slack is asked, and the owner told where nobody is."""
        asked = ask_due(session, floor.people, now=now)
        asked += accounts.ask_due(session, floor.people, now=now)

        def in_force() -> Policy:
            return current(session, workspace_id=workspace_id, file=floor.policy)

        return asked + gap_news.look(session, floor.log, in_force, floor.people, now=now)

    def batches(session: Session, now: datetime) -> int:
        return offer_due(session, floor.log, floor.people, now=now)

    sequencer = Sequencer()

    def order(session: Session, _now: datetime) -> int:
        return sequencer.order(session)

    def resume_actions(session: Session, now: datetime) -> int:
        due = sweep_due(session, now=now)
        for action in due:
            occasion = action.next_at or action.lease_until
            enqueue(
                session,
                workspace_id=action.workspace_id,
                job="execute",
                subject=action.id,
                # One occasion per claim: the token tells this expiry from the next.
                key=f"{action.id}:{action.token}:{occasion}",
                args={"action_id": action.id},
                now=now,
            )
        return len(due)

    def schedules(session: Session, now: datetime) -> int:
        return queue_due(session, now=now)

    every_s = floor.settings.limits.get("reconcile_every_s", _RECONCILE_S)

    def reconcile(session: Session, now: datetime) -> int:
        return queue_comparisons(session, floor.registry, workspace_id, now=now, every_s=every_s)

    limits = limits_of(floor.settings.limits)

    def behind(session: Session, now: datetime) -> int:
        older_than = timedelta(seconds=limits.reconcile_alert_s)
        return tell_old(session, floor.registry, floor.people, older_than=older_than, now=now)

    def traffic(session: Session, now: datetime) -> int:
        return tell_unusual(session, floor.people, now=now)

    within = {entry.name: entry.longest for entry in entries}

    def late(session: Session, now: datetime) -> int:
        return tell_late(session, floor.log, floor.people, within, now=now)

    comparing = [
        Loop("reconcile", min(every_s, 10.0), reconcile),
        Loop("backlog", _LOOK_EVERY_S, behind),
    ]
    loops = [
        Loop("expiries", 1.0, expire),
        Loop("reminders", 2.0, nudge),
        Loop("stand-ins", 5.0, stand_ins),
        Loop("batches", 2.0, batches),
        Loop("rights", 5.0, rights),
        Loop("approvers", 10.0, approvers),
        Loop("actions", 1.0, resume_actions),
        Loop("schedules", 2.0, schedules),
        Loop("order", 1.0, order),
        Loop("traffic", _TRAFFIC_EVERY_S, traffic),
        Loop("late digests", _LOOK_EVERY_S, late),
        *(comparing if every_s > 0 else []),
    ]
    return Keeper(floor.db, floor.clock, publish, loops, in_line)
