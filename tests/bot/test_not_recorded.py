"""What could not be committed is not acknowledged, whatever it was and over either transport."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from approvals.tables import Decision
from audit.tables import Event
from core.outbox import Outbox
from tests.bot.desk import ANA, FINN, SUPPORT, Desk


async def test_a_message_whose_commit_fails_gets_no_200(desk: Desk) -> None:
    with commits_fail(desk):
        await desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")

    deliveries = (await desk.get("deliveries"))["deliveries"]
    assert [len(delivery["attempts"]) for delivery in deliveries] == [4, 4]
    assert all(a["status"] != 200 for delivery in deliveries for a in delivery["attempts"])
    assert _written(desk) == []


async def test_a_slash_command_whose_commit_fails_gets_no_200(desk: Desk) -> None:
    with commits_fail(desk):
        said = await _command(desk, "status")

    assert (said["acked"], said["response"]) == (False, None)
    assert _written(desk) == []
    assert (await _command(desk, "status"))["acked"]
    assert [row.kind for row in desk.inbound()] == ["command"]


async def test_a_submission_whose_commit_fails_gets_no_200_and_decides_nothing(desk: Desk) -> None:
    card = await desk.card()
    await desk.click(FINN, card["ts"], "reject")
    view = (await desk.get(f"views?user={FINN}"))["views"][-1]
    before = _written(desk)

    with commits_fail(desk):
        said = await _submit(desk, view)

    assert (said["acked"], said["response"]) == (False, None)
    assert _written(desk) == before
    assert desk.action().status == "awaiting"
    assert (await _submit(desk, view))["acked"]
    assert desk.action().status == "rejected"


async def test_a_click_whose_commit_fails_gets_no_200_and_decides_nothing(desk: Desk) -> None:
    card = await desk.card()
    before = _written(desk)

    with commits_fail(desk):
        acked = await desk.click(FINN, card["ts"], "approve")

    assert not acked
    assert _written(desk) == before
    assert desk.action().status == "awaiting"
    assert await desk.click(FINN, card["ts"], "approve")
    assert desk.action().status == "approved"


_TABLES = (
    "CREATE TABLE nowhere (id INTEGER PRIMARY KEY)",
    "CREATE TABLE fault (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED)",
)
#: Whoever records a delivery refers to what is not there; the database looks at its COMMIT.
_ARM = {
    "sqlite": (
        "CREATE TRIGGER fault AFTER INSERT ON inbound BEGIN INSERT INTO fault VALUES (1); END",
    ),
    "postgresql": (
        "CREATE FUNCTION fault() RETURNS trigger AS $$ BEGIN INSERT INTO fault VALUES (1); "
        "RETURN NULL; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER fault AFTER INSERT ON inbound EXECUTE FUNCTION fault()",
    ),
}
_DISARM = {"sqlite": "DROP TRIGGER fault", "postgresql": "DROP TRIGGER fault ON inbound"}


@contextmanager
def commits_fail(desk: Desk) -> Iterator[None]:
    """Every statement of an intake succeeds; its COMMIT does not."""
    db = desk.deps.db
    dialect = db.engine.dialect.name
    with db.transaction() as session:
        for statement in (*_TABLES, *_ARM[dialect]):
            session.execute(text(statement))
    yield
    with db.transaction() as session:
        session.execute(text(_DISARM[dialect]))


def _written(desk: Desk) -> list[str]:
    """The ids of what a delivery could have left behind."""
    with desk.deps.db.read() as session:
        jobs = session.exec(select(Outbox.id).order_by(col(Outbox.id))).all()
        events = session.exec(select(Event.id).order_by(col(Event.id))).all()
        votes = session.exec(select(Decision.id).order_by(col(Decision.id))).all()
    turns = [turn.id for turn in desk.turns()]
    return [*(row.id for row in desk.inbound()), *turns, *jobs, *events, *votes]


async def _command(desk: Desk, words: str) -> dict[str, Any]:
    return await desk.post("commands", user=FINN, channel=SUPPORT, command="/signoff", text=words)


async def _submit(desk: Desk, view: dict[str, Any]) -> dict[str, Any]:
    values = {"reason": {"reason": "The goods came back broken"}}
    return await desk.post("views", user=FINN, view_id=view["id"], values=values)
