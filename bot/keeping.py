"""What the keeper keeps: the loops of `bot.keeper`, wired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from approvals import accounts, gap_news
from approvals.batches import offer_due
from approvals.keeping_time import nudge_due, stand_ins_due
from approvals.policy.judge import Policy
from approvals.policy.versions import current
from approvals.requests import expire_due
from approvals.running_out import end_due
from approvals.unanswered import remind_askers
from approvals.user_groups import ask_due
from audit.sequencer import Sequencer
from bot.bootstrap import Floor
from bot.keeper import Keeper, Loop
from bot.lateness import tell_late
from bot.people_changed import PeopleOnDisk
from bot.schedules import DigestEntry, load_automations, queue_due, sync_schedules
from core.errors import ConfigError
from core.outbox import InLine, Publish
from tools.backlog import tell_old
from tools.due import queue_actions, queue_comparisons
from tools.limits import limits_of
from tools.traffic import tell_unusual

#: Between one comparison of a tool with its connector's own record and the next; 0: never.
_RECONCILE_S = 300.0
#: Between looks at how often connectors were called.
_TRAFFIC_EVERY_S = 600.0
#: Between looks at whether people.yaml is still what runs.
_FILE_EVERY_S = 30.0
#: Between looks for what operators are told of.
_LOOK_EVERY_S = 60.0


def make_keeper(floor: Floor, publish: Publish, in_line: InLine) -> Keeper:
    """The keeper of this installation. Raises `ConfigError` for a broken automations file."""
    digests = _digests(floor)
    loops = [*_questions(floor), *_acting(), *_schedules(floor, digests), *_systems(floor)]
    return Keeper(floor.db, floor.clock, publish, loops, in_line)


def _digests(floor: Floor) -> Sequence[DigestEntry]:
    """What stands in the automations file, and in the rows from now on."""
    entries = load_automations(floor.settings.config / "automations.yaml").digests
    for entry in entries:
        if entry.owner is not None and floor.people.by_id(entry.owner) is None:
            raise ConfigError(
                f"config/automations.yaml: the owner {entry.owner!r} of {entry.name} is nobody in "
                "config/people.yaml. Name an id from there."
            )
    workspace_id = floor.people.workspace_id
    with floor.db.transaction() as session:
        sync_schedules(session, entries, workspace_id=workspace_id, now=floor.clock.now())
    return entries


def _questions(floor: Floor) -> Iterator[Loop]:
    """What waits for people: ended in time, brought to mind, and put to whoever is there."""
    log, people = floor.log, floor.people

    def approvers(session: Session, now: datetime) -> int:
        """Who is there to be asked: Slack is asked, and the owner told where nobody is."""
        asked = ask_due(session, people, now=now) + accounts.ask_due(session, people, now=now)

        def in_force() -> Policy:
            return current(session, workspace_id=people.workspace_id, file=floor.policy)

        return asked + gap_news.look(session, log, in_force, people, now=now)

    yield Loop("expiries", 1.0, lambda session, now: expire_due(session, log, now=now))
    yield Loop("reminders", 2.0, lambda session, now: nudge_due(session, log, people, now=now))
    yield Loop("askers", 5.0, lambda session, now: remind_askers(session, log, people, now=now))
    yield Loop("stand-ins", 5.0, lambda session, now: stand_ins_due(session, people, now=now))
    yield Loop("batches", 2.0, lambda session, now: offer_due(session, log, people, now=now))
    yield Loop("rights", 5.0, lambda session, now: end_due(session, log, people, now=now))
    yield Loop("approvers", 10.0, approvers)
    on_disk = PeopleOnDisk(floor.settings.config / "people.yaml", people)
    yield Loop("people on disk", _FILE_EVERY_S, on_disk.look)


def _acting() -> Iterator[Loop]:
    """What was begun goes on, and what happened is put in order."""
    sequencer = Sequencer()
    yield Loop("actions", 1.0, lambda session, now: queue_actions(session, now=now))
    yield Loop("order", 1.0, lambda session, _now: sequencer.order(session))


def _schedules(floor: Floor, digests: Sequence[DigestEntry]) -> Iterator[Loop]:
    """What is due by the clock, and what did not come in its time."""
    log, people = floor.log, floor.people
    within = {entry.name: entry.longest for entry in digests}
    yield Loop("schedules", 2.0, lambda session, now: queue_due(session, now=now))
    yield Loop(
        "late digests",
        _LOOK_EVERY_S,
        lambda session, now: tell_late(session, log, people, within, now=now),
    )


def _systems(floor: Floor) -> Iterator[Loop]:
    """The systems outside: how often they are called, and whether their records agree with ours."""
    people, registry = floor.people, floor.registry
    yield Loop(
        "traffic", _TRAFFIC_EVERY_S, lambda session, now: tell_unusual(session, people, now=now)
    )
    every_s = floor.settings.limits.get("reconcile_every_s", _RECONCILE_S)
    if every_s <= 0:
        return
    older_than = timedelta(seconds=limits_of(floor.settings.limits).reconcile_alert_s)

    def reconcile(session: Session, now: datetime) -> int:
        workspace_id = people.workspace_id
        return queue_comparisons(session, registry, workspace_id, now=now, every_s=every_s)

    def behind(session: Session, now: datetime) -> int:
        return tell_old(session, registry, people, older_than=older_than, now=now)

    yield Loop("reconcile", min(every_s, 10.0), reconcile)
    yield Loop("backlog", _LOOK_EVERY_S, behind)
