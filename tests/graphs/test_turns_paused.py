"""A worker stopped before each single write of a turn, for longer than its lease: a second one does
its work, and whatever the first one does when it wakes up is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from core.outbox import Outbox
from core.posts import Post
from graphs.runtime.tables import Turn
from tests.graphs.office import DONE, SHORT, Office, calls
from tests.graphs.pausing import run_until_stopped

pytestmark = pytest.mark.chaos

BOTH = calls(
    ("shop__find_order", {"order": "4711"}), ("shop__refund", {"order": "4711", "minor": 18000})
)
SCRIPT = (BOTH, DONE)


@pytest.mark.parametrize("stage", ["received", "settled"])
def test_a_worker_that_wakes_up_too_late_changes_nothing(
    office: Office, tmp_path: Path, redis_url: str, stage: str
) -> None:
    for nth in itertools.count(1):
        turn = brought_to(office, stage)

        at = office.clock.now()
        root = office.model.root
        worker = run_until_stopped(tmp_path, redis_url, root, turn.id, at=at, nth=nth)
        finish(office, turn)
        before = everything(office, turn)
        if worker is not None:
            worker.wake()

        end = office.turn(turn.id)
        assert (end.status, end.answer) == ("answered", DONE["content"]), (nth, end.reason)
        assert everything(office, turn) == before, nth
        assert [response.step for response in office.responses(turn.id)] == [0, 1]
        assert len(office.actions(turn.id)) == 2
        assert [post.kind for post in office.posts(turn.id)] == ["answer"]
        assert office.saver.generation(turn.id) is None
        if worker is None:
            assert nth > 5, "hardly a write was seen"
            return


def brought_to(office: Office, stage: str) -> Turn:
    """A fresh turn of a conversation of its own, with the model's script for it."""
    office.model.script(*SCRIPT)
    turn = office.say("refund order 4711 if it is shipped")
    if stage == "settled":
        assert office.runner().run(turn.id) == "waiting"
        for action in office.actions(turn.id):
            office.settle(action.id)
    return turn


def finish(office: Office, turn: Turn) -> None:
    """What later deliveries do, once the stopped worker's lease is over."""
    office.model.script(*SCRIPT[len(office.responses(turn.id)) :])
    while office.turn(turn.id).status != "answered":
        office.clock.advance(SHORT.lease)
        assert office.runner().run(turn.id) in ("waiting", "answered")
        for action in office.actions(turn.id):
            if action.status == "proposed":
                office.settle(action.id)


def everything(office: Office, turn: Turn) -> list[Any]:
    """All rows that tell of this turn."""
    with office.db.read() as session:
        jobs = session.exec(select(Outbox).where(Outbox.subject == turn.id)).all()
        posts = session.exec(select(Post).where(Post.subject == turn.id)).all()
    rows = [office.turn(turn.id), *jobs, *posts]
    rows += [*office.actions(turn.id), *office.responses(turn.id)]
    return [sorted((row.model_dump(mode="json")).items()) for row in rows] + [
        office.events(turn.id, prefix="")
    ]
