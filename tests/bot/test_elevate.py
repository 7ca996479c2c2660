"""`/signoff elevate`: what it asks for, and what it refuses to ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from approvals.people import People
from approvals.tables import Action
from bot.bootstrap import declare
from bot.slash.command import Command
from bot.slash.elevating import elevate_lines
from tests.bot.desk import ANA, Desk
from tests.bot.opening import CONFIG

NARROW = (CONFIG / "people.yaml").read_text() + "\nscopes: {everyone: ['*:read']}\n"


def said(desk: Desk, session: Session, words: str) -> str:
    people = People.parse(NARROW, CONFIG / "people.yaml")
    registry = declare(people, desk.deps.policy, desk.clock)
    deps = replace(desk.deps, people=people, registry=registry)
    ana = people.by_slack(ANA)
    assert ana is not None
    now = desk.clock.now()
    asked = Command(session, deps, ana, "C0SUPPORT", now, words=words, again=False, key="1")
    (line,) = elevate_lines(asked)
    return line


async def test_what_is_asked_for_is_an_action_like_any_other(one_desk: Desk) -> None:
    with one_desk.deps.db.transaction() as session:
        told = said(one_desk, session, "shop:stock 2h for sam")
        action = session.exec(select(Action)).one()

    assert told == "I ask whether Sam may use shop:stock (8 h at most). The card comes here."
    assert (action.tool, action.principal_id, action.status) == (
        "signoff.elevate",
        "ana",
        "proposed",
    )
    assert action.args == {"scope": "shop:stock", "holder": "sam", "minutes": 120}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Write it like /signoff elevate shop:stock 2h"),
        ("shop:stock", "Write it like"),
        ("shop:rob 2h", "I know no scope shop:rob. There are calendar:read"),
        ("shop:stock 9h", "A scope is given for 8 hours at most."),
        ("shop:stock 2h for nobody", "Nobody is called nobody."),
        ("shop:read 2h", "Ana may use shop:read already."),
        (
            "shop:stock 2h for automation:assistant",
            "The assistant may use shop:stock already, for whoever may themselves.",
        ),
        (
            "shop:stock 2h for automation:support-morning",
            "What support-morning may use stands in config/automations.yaml.",
        ),
    ],
)
async def test_what_cannot_be_given_is_said_at_once(one_desk: Desk, words: str, says: str) -> None:
    with one_desk.deps.db.transaction() as session:
        assert said(one_desk, session, words).startswith(says)
        assert session.exec(select(Action)).all() == []
