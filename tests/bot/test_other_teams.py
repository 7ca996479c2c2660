"""R11: nothing that lies in another team's rows is changed or shown by naming its id."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel, select, text

from approvals.bounds import Bounds
from approvals.elevation import give as give_scope
from approvals.standing import give
from approvals.tables import Batch, Compensation, Disclosure, Inquiry, Request
from bot.listeners.actions import PRESSES
from bot.presses.disagreements import COMPARE, EXPLAIN, STORY
from bot.presses.revokes import REVOKE
from core.money import Money
from core.posts import Post
from tests.bot.desk import ANA, FINANCE, FINN, OLGA, SUPPORT, Desk, dumped, propose_refund
from tools.tables import Finding

THEIRS = "T0OTHER"
LISTENERS = Path(__file__).parents[2] / "bot" / "listeners"
#: What each button names: a request, an action, and so on.
NAMED = {
    **dict.fromkeys(("undo", "allow_alike", "story"), "action"),
    **dict.fromkeys(("happened", "not_happened", "look"), "unknown"),
    **dict.fromkeys(("undo_all", "keep"), "compensation"),
    **dict.fromkeys(("approve_batch", "choose_batch"), "batch"),
    **dict.fromkeys(("disclose", "withdraw"), "disclosure"),
    "reply": "inquiry",
    "stop": "turn",
}
#: And each button of Home.
HOME = (
    (REVOKE, "standing"),
    (REVOKE, "elevation"),
    *((action_id, "finding") for action_id in (COMPARE, EXPLAIN, STORY)),
)
#: What each form names, and what was put into it.
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "reject": ("request", {"reason": {"reason": {"value": "no"}}}),
    "edit": ("request", {"order": {"order": {"value": "4712"}}}),
    "read": ("request", {}),
    "ask": ("request", {"reason": {"reason": {"value": "why?"}}}),
    "explain": ("finding", {"reason": {"reason": {"value": "mine"}}}),
    "hand": ("request", {"to": {"to": {"selected_user": "U0OLGA"}}}),
    "reply": ("inquiry", {"reason": {"reason": {"value": "so"}}}),
    "batch": (
        "batch",
        {
            "which": {"which": {"selected_options": [{"value": "?"}]}},
            "how": {"how": {"selected_option": {"value": "approve"}}},
        },
    ),
    "allow_alike": (
        "action",
        {
            name: {name: {"value": value}}
            for name, value in (("at_most", "EUR 200"), ("in_all", "EUR 500"), ("uses", "5"),
                                ("days", "7"))
        },
    ),
}  # fmt: skip


def planted(desk: Desk) -> dict[str, str]:
    """The rows of another team in the same database, as if our people's ids were theirs: name ->
    id. Each stands on a message that has the place and time of the one that is clicked."""
    deps = replace(desk.deps, identity=replace(desk.deps.identity, team_id=THEIRS))
    now = desk.clock.now()
    with deps.db.transaction() as session:
        action = propose_refund(session, deps, stages=(FINANCE,), action_id="act_e1")
        request = session.exec(select(Request).where(Request.action_id == action.id)).one()
        unknown = propose_refund(session, deps, stages=(FINANCE,), action_id="act_e2")
        unknown.status = "unknown"
        bounds = Bounds(
            tool="shop.refund", tool_version="1.0.0", asker="ana", automation="assistant",
            outside=False, own=False, at_most=Money(20_000, "EUR"), recipients=(), fields={},
        )  # fmt: skip
        rows = [
            Inquiry(
                id="inq_e", workspace_id=THEIRS, request_id=request.id, n=0, asked_by="finn",
                text="why?", asked_at=now,
            ),
            Disclosure(
                id="disc_e", workspace_id=THEIRS, request_id=request.id, n=0, first=True,
                people=["finn"], asked_at=now,
            ),
            Finding(
                id="find_e", workspace_id=THEIRS, tool="shop.refund", kind="missing",
                action_id=action.id, told="It is not there.", found_at=now,
            ),
            Batch(
                id="batch_e", workspace_id=THEIRS, request_ids=[request.id], stage=0, created_at=now
            ),
            Compensation(
                id="comp_e", workspace_id=THEIRS, turn_id="turn_e", steps=[action.id],
                created_at=now,
            ),
        ]  # fmt: skip
        session.add_all(rows)
        found = {
            "action": action.id,
            "request": request.id,
            "unknown": unknown.id,
            "inquiry": "inq_e",
            "batch": "batch_e",
            "disclosure": "disc_e",
            "finding": "find_e",
            "compensation": "comp_e",
            "turn": "turn_e",
            "standing": give(
                session, deps.log, action=action, bounds=bounds, uses=5, in_all=500,
                until=now + timedelta(days=7), now=now,
            ),
            "elevation": give_scope(
                session, deps.log, action=action, holder="ana", scope="shop:stock",
                until=now + timedelta(hours=1), now=now,
            ),
        }  # fmt: skip
        for post in session.exec(select(Post)):
            post.sent_channel, post.ts = SUPPORT, "1.000001"
            session.add(post)
    return found


def everything(desk: Desk) -> dict[str, list[Any]]:
    """Every row but the record of what came in."""
    with desk.deps.db.read() as session:
        return {
            name: sorted(map(str, session.connection().execute(text(f'SELECT * FROM "{name}"'))))
            for name in SQLModel.metadata.tables
            if name != "inbound"
        }


async def deliver(desk: Desk, sender: str, n: int, **payload: Any) -> dict[str, Any]:
    team = {"id": "T0PRACTICE"}
    whole = {"team": team, "user": {"id": sender, "team_id": "T0PRACTICE"}, "trigger_id": f"9.{n}"}
    return await desk.post("deliver", type="interactive", payload={**whole, **payload})


async def test_no_button_reaches_another_teams_rows(one_desk: Desk) -> None:
    rows = planted(one_desk)
    before, number = everything(one_desk), count()

    for action_id in PRESSES:
        for user in (ANA, FINN, OLGA):
            value = rows[NAMED.get(action_id, "request")]
            pressed = {
                "type": "button", "action_id": action_id, "value": value, "block_id": "b"
            }  # fmt: skip
            await deliver(
                one_desk, user, next(number), type="block_actions", channel={"id": SUPPORT},
                container={"type": "message", "message_ts": "1.000001", "channel_id": SUPPORT},
                actions=[pressed],
            )  # fmt: skip
    for action_id, name in HOME:
        for user in (ANA, FINN, OLGA):
            await deliver(
                one_desk, user, next(number), type="block_actions", view={"type": "home"},
                container={"type": "view"}, actions=[{"action_id": action_id, "value": rows[name]}],
            )  # fmt: skip
    await one_desk.at_rest()

    assert everything(one_desk) == before
    assert (await one_desk.called("views.open")) == []


async def test_no_form_reaches_another_teams_rows(one_desk: Desk) -> None:
    rows = planted(one_desk)
    before, number = everything(one_desk), count(100)

    for callback_id, (named, values) in FORMS.items():
        for user in (ANA, FINN, OLGA):
            about = f"{rows[named]} 1" if callback_id == "read" else rows[named]
            state = dumped(values).replace('"?"', f'"{rows["request"]}"')
            await deliver(
                one_desk, user, next(number), type="view_submission",
                view={
                    "id": "V1", "type": "modal", "callback_id": callback_id,
                    "private_metadata": about, "state": {"values": json.loads(state)},
                },
            )  # fmt: skip
    await one_desk.at_rest()

    assert everything(one_desk) == before


async def test_no_command_tells_of_another_teams_rows(one_desk: Desk) -> None:
    rows = planted(one_desk)

    for user in (ANA, OLGA):
        assert "that you may see" in await one_desk.command(user, f"why {rows['action']}")
        assert "Nothing waits for you" in await one_desk.command(user, "approvals")
    assert "Nothing of that kind waits" in await one_desk.command(FINN, "hand @olga refund")


async def test_who_submits_in_another_team_is_a_stranger(one_desk: Desk) -> None:
    await one_desk.card()
    with one_desk.deps.db.read() as session:
        request = session.exec(select(Request)).one()
    view = {
        "id": "V1", "type": "modal", "callback_id": "reject", "private_metadata": request.id,
        "state": {"values": FORMS["reject"][1]},
    }  # fmt: skip

    await deliver(
        one_desk, FINN, 1, type="view_submission", team={"id": THEIRS}, user={"id": FINN}, view=view
    )

    assert one_desk.action().status == "awaiting"


def test_every_form_is_tried() -> None:
    source = "".join(path.read_text() for path in LISTENERS.glob("*.py"))
    found = re.findall(r'view_submission\((?:re\.compile\()?"([^"]+)"', source)
    names = {name for each in found for name in each.strip("^()$").strip("()").split("|")}

    # The form of the policy names nothing: its text is the whole of it.
    assert names - {"policy"} == set(FORMS)
