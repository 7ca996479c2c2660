"""What the tool worker does: prepare and execute actions, keep the notes' index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from approvals.floors import make_floor
from approvals.policy.versions import PolicyInForce
from bot.bootstrap import Floor
from bot.broker import Handler
from bot.credentials import NoCredentialsHere
from bot.presses.compensations import Offers
from bot.schedules import load_automations
from core.clock import ClockWatch
from core.errors import RecallError
from core.leases import take
from graphs.runtime.evidence import make_evidence, readers_of
from tools.admitting import AdmittedInSql
from tools.deps import Deps
from tools.executor import Executor
from tools.lanes import Lanes
from tools.limits import limits_of
from tools.prepare import Prepare
from tools.proof import Look
from tools.reconcile import Reconciler
from tools.together import Together
from tools.undo_news import UndoNews

log = structlog.get_logger()
_REPAIR_EVERY = timedelta(minutes=1)


def tool_jobs(floor: Floor, lanes: Lanes) -> Mapping[str, Handler]:
    """The handlers of the queue `tools`, by job; `lanes` are those of their pool."""
    automations = load_automations(floor.settings.config / "automations.yaml")
    deps = Deps(
        db=floor.db,
        log=floor.log,
        registry=floor.registry,
        people=floor.people,
        policy=floor.policy,
        clock=floor.clock,
        evidence=make_evidence(floor.people, floor.registry),
        versions=PolicyInForce(floor.db, workspace_id=floor.people.workspace_id, file=floor.policy),
        floor=make_floor(floor.db, floor.people),
        readers=readers_of,
        automations=automations.scopes,
        admitted=AdmittedInSql(floor.people.workspace_id),
        limits=limits_of(floor.settings.limits),
        lanes=lanes,
        even_for=ClockWatch().even_for,
    )
    executor = Executor(deps)
    automatic = automations.undo_when_failed == "automatic"
    _repair_index(floor)

    def index_note(*, note_id: str) -> None:
        if floor.notes is None:
            raise NoCredentialsHere()
        floor.notes.index(note_id, now=floor.clock.now())

    return {
        "prepare": Prepare(deps, execute=executor.run).run,
        "execute": executor.run,
        "look": Look(deps).run,
        "reconcile": Reconciler(deps).run,
        "index_note": index_note,
        "undo_changed": UndoNews(deps).run,
        "keep_together": Together(deps).run,
        "offer_back": Offers(floor, automatic=automatic).run,
    }


def _repair_index(floor: Floor) -> None:
    """Have every note indexed that Chroma lacks, after it was emptied or its model was changed."""
    now = floor.clock.now()
    with floor.db.transaction() as session:
        mine = take(session, name="notes:repair", holder="tools", ttl=_REPAIR_EVERY, now=now)
    if floor.notes is None or mine is None:
        return  # a process of this pool has just looked
    try:
        queued = floor.notes.repair(now=now)
    except RecallError as error:
        log.warning("index_not_checked", why=error.sentence)
    else:
        log.info("index_checked", queued=queued)
