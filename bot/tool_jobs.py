"""What the tool worker does: prepare and execute actions, keep the notes' index."""

from __future__ import annotations

from collections.abc import Mapping

from bot.bootstrap import Floor
from bot.broker import Handler
from bot.credentials import NoCredentialsHere
from graphs.runtime.evidence import make_evidence
from tools.deps import Deps
from tools.executor import Executor
from tools.limits import limits_of
from tools.prepare import Prepare


def tool_jobs(floor: Floor) -> Mapping[str, Handler]:
    """The handlers of the queue `tools`, by job."""
    deps = Deps(
        db=floor.db,
        log=floor.log,
        registry=floor.registry,
        people=floor.people,
        policy=floor.policy,
        clock=floor.clock,
        evidence=make_evidence(floor.people, floor.registry),
        limits=limits_of(floor.settings.limits),
    )
    executor = Executor(deps)

    def index_note(*, note_id: str) -> None:
        if floor.notes is None:
            raise NoCredentialsHere()
        floor.notes.index(note_id, now=floor.clock.now())

    return {
        "prepare": Prepare(deps, execute=executor.run).run,
        "execute": executor.run,
        "index_note": index_note,
    }
