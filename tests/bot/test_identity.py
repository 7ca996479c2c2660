"""Who is in a user group, and who is still a member, is asked of Slack; who may be two people is
served as nobody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from approvals import accounts
from approvals.directory import as_of
from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.policy.judge import Stage
from approvals.user_groups import ask_due
from bot.accounts import AccountReader
from bot.user_groups import UserGroupReader
from core.clock import HeldClock
from tests.bot.desk import ANA, FINN, SAM, Desk, shown
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


async def test_a_question_goes_to_a_user_groups_members_and_who_left_it_decides_no_more(
    clock: HeldClock, tmp_path: Path
) -> None:
    people = People.parse(_TEXT + "\nusergroups: {board: S0FINANCE}\n", tmp_path / "people.yaml")
    db = sqlite(tmp_path)
    async with opened("http", db, clock, people, tmp_path) as desk:
        await _read_group(desk, people)
        card = await desk.card(stages=(Stage("usergroup:board", 1, "refunds need the board"),))
        text = shown(card)
        await desk.click(SAM, card["ts"], "approve")
        await desk.post("usergroups", user=FINN, usergroup="S0FINANCE", joins=False)
        await desk.post("usergroups", user=SAM, usergroup="S0FINANCE")
        desk.clock.advance(timedelta(minutes=4))
        await _read_group(desk, people)

        await desk.click(FINN, card["ts"], "approve")
        told = [*await desk.whispers(SAM), *await desk.whispers(FINN)]
        before = desk.action().status
        await desk.click(SAM, card["ts"], "approve")
        after = desk.action().status
    db.engine.dispose()

    assert "refunds need the board" in text
    assert told == [
        "You cannot decide this; it is for Finn (Board).",
        "You cannot decide this; it is for Sam (Board).",
    ]
    assert (before, after) == ("awaiting", "approved")


async def _read_group(desk: Desk, people: People) -> None:
    """The keeper's look, and the job it queues."""
    deps = desk.deps
    with deps.db.transaction() as session:
        assert ask_due(session, people, now=deps.clock.now()) == 1
    reader = UserGroupReader(
        db=deps.db, log=deps.log, clock=deps.clock, web=desk.web, people=people
    )
    await asyncio.to_thread(reader.run, group_id="S0FINANCE")


async def test_the_job_finds_whose_account_is_no_active_full_member(one_desk: Desk) -> None:
    """Greta has left; Ext belongs to a connected workspace; of Nils Slack knows nothing."""
    deps = one_desk.deps
    gone = {"U0FINN": "U0GONE", "U0SAM": "U0EXT", "U0ANA": "U0NOBODY"}
    text = _TEXT
    for was, now in gone.items():
        text = text.replace(f"slack_id: {was}", f"slack_id: {now}")
    people = People.parse(text, Path("p.yaml"))
    policy = parse_policy(
        "default_approvers: [group:finance, person:sam]\n"
        "rules: [{name: a, who: group:operations, hand_to: group:support}]",
        Path("policy.yaml"),
    )
    reader = AccountReader(
        db=deps.db, log=deps.log, clock=deps.clock, web=one_desk.web, people=people,
        policy=lambda: policy,
    )  # fmt: skip
    with deps.db.transaction() as session:
        accounts.ask_due(session, people, now=deps.clock.now())

    await asyncio.to_thread(reader.run, workspace_id=people.workspace_id)

    with deps.db.read() as session:
        found = accounts.active(session, people)
    assert found.inactive == {"finn", "sam", "ana"}
    assert (found.asked("group:finance"), [p.id for p in found.asked("group:operations")]) == (
        (),
        ["olga"],
    )


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
