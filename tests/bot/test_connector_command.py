"""`/signoff connector`: what is new here, and the question whether it is let in (R10)."""

from __future__ import annotations

from sqlmodel import select

from approvals.connectors import Offered, admit
from approvals.tables import Action
from tests.bot.desk import ANA, Desk
from tools.admitting import offered


def let_in(desk: Desk, *every: Offered) -> None:
    with desk.deps.db.transaction() as session:
        for each in every:
            admit(
                session, desk.deps.log, each, workspace_id=desk.deps.identity.team_id,
                source=f"release:{each.name}", by="system:release", now=desk.clock.now(),
            )  # fmt: skip


async def test_what_is_new_is_listed_and_asked_for(one_desk: Desk) -> None:
    every = offered(one_desk.deps.registry.connectors)
    (shop,) = (each for each in every if each.name == "shop")
    let_in(one_desk, *(each for each in every if each.name not in ("shop", "signoff")))

    listed = await one_desk.command(ANA, "connector")
    other = await one_desk.command(ANA, "connector mail")
    told = await one_desk.command(ANA, "connector shop")

    assert listed == f"New here and not used yet: shop {shop.version}."
    assert other == f"No connector called mail waits to be let in. {listed}"
    assert told == f"I ask an operator whether shop {shop.version} may be used here."
    with one_desk.deps.db.read() as session:
        action = session.exec(select(Action)).one()
    assert (action.tool, action.principal_id) == ("signoff.admit_connector", "ana")
    assert action.args == {"name": "shop", "version": shop.version, "tools": list(shop.tools)}


async def test_where_nothing_is_new_nothing_is_asked(one_desk: Desk) -> None:
    let_in(one_desk, *offered(one_desk.deps.registry.connectors))

    assert await one_desk.command(ANA, "connector shop") == (
        "No connector called shop waits to be let in. "
        "Nothing new: every connector here was let in already."
    )
