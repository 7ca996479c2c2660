"""Who is in a user group is asked of Slack; who may be two people is served as nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from approvals.directory import as_of
from approvals.people import People
from approvals.user_groups import ask_due
from bot.user_groups import UserGroupReader
from core.clock import HeldClock
from tests.bot.desk import ANA, Desk
from tests.bot.opening import CONFIG, opened, sqlite

_TEXT = (CONFIG / "people.yaml").read_text()


@pytest.mark.parametrize(
    ("group_id", "members", "problem"),
    [
        ("S0FINANCE", ["finn"], None),
        ("S0FORMER", [], "Slack knows no user group board"),
    ],
)
async def test_the_job_keeps_what_slack_tells(
    one_desk: Desk, group_id: str, members: list[str], problem: str | None
) -> None:
    deps = one_desk.deps
    people = People.parse(_TEXT + f"\nusergroups: {{board: {group_id}}}\n", Path("p.yaml"))
    reader = UserGroupReader(
        db=deps.db, log=deps.log, clock=deps.clock, web=one_desk.web, people=people
    )
    with deps.db.transaction() as session:
        ask_due(session, people, now=deps.clock.now())

    await asyncio.to_thread(reader.run, group_id=group_id)

    with deps.db.read() as session:
        found = as_of(session, people, now=deps.clock.now())
    assert [person.id for person in found.asked("usergroup:board")] == members
    assert found.unreadable("board") == problem


async def test_an_account_that_may_be_two_people_is_not_served_and_the_owner_is_told_once(
    clock: HeldClock, tmp_path: Path
) -> None:
    text = _TEXT.replace("email: ana@lindqvist.example", "email: anna@lindqvist.example")
    text = text.replace("email: sam@lindqvist.example", "email: ana@lindqvist.example")
    people = People.parse(text, tmp_path / "people.yaml")
    db = sqlite(tmp_path)
    async with opened("http", db, clock, people, tmp_path) as desk:
        answers = [await desk.command(ANA, "status") for _ in range(2)]
        await desk.send_owed()
        notices = await desk.messages("D0OLGA")
    db.engine.dispose()

    assert {answer.split(",")[1] for answer in answers} == {
        " I cannot tell which of two people you are"
    }
    [notice] = notices
    assert notice["text"].startswith(
        "The Slack account U0ANA is Ana Berg's by its id and Sam Cole's by its mail address."
    )
