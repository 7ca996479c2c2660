"""`/signoff policy`: the form, its errors at their lines, and the action it asks for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from approvals.policy.versions import bring_in, take_in_file
from approvals.tables import Action
from bot.blocks.policy import parts_of
from tests.bot.desk import ANA, Desk
from tests.bot.opening import CONFIG

TEXT = (CONFIG / "policy.yaml").read_text()


async def opened(desk: Desk) -> dict[str, Any]:
    with desk.deps.db.transaction() as session:
        take_in_file(
            session, desk.deps.log, workspace_id="T0PRACTICE", text=TEXT, now=desk.clock.now()
        )
    await desk.command(ANA, "policy")
    await desk.later.settle()
    view: dict[str, Any] = (await desk.get(f"views?user={ANA}"))["views"][-1]
    return view


def filled(view: dict[str, Any]) -> dict[str, str]:
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    return {block["block_id"]: block["element"]["initial_value"] for block in inputs}


async def send(desk: Desk, view: dict[str, Any], parts: dict[str, str]) -> dict[str, Any]:
    values = {name: {name: text} for name, text in parts.items()}
    return await desk.post("views", user=ANA, view_id=view["id"], values=values)


async def test_the_form_holds_the_policy_and_what_is_sent_is_asked_for(one_desk: Desk) -> None:
    view = await opened(one_desk)
    parts = filled(view)
    assert "\n".join(parts.values()) + "\n" == TEXT
    last = list(parts)[-1]

    same = await send(one_desk, view, parts)
    wrong = await send(one_desk, view, {**parts, last: parts[last] + "\n  - {name: half}"})
    field = "\n  - {name: all, tool: shop.refund, ask: requester, editable: iban}"
    alien = await send(one_desk, view, {**parts, last: parts[last] + field})
    await send(one_desk, view, {**parts, last: parts[last] + "\n  - {name: all, allow: true}"})

    assert "nothing is changed" in same["errors"]["part_0"]
    line = len(TEXT.splitlines()) + 1
    assert f"line {line}: rule 'half' must say one of" in wrong["errors"][last]
    assert f"line {line}: 'iban' is nothing that approvers can change" in alien["errors"][last]
    with one_desk.deps.db.read() as session:
        action = session.exec(select(Action)).one()
    assert (action.tool, action.principal_id, action.channel) == (
        "signoff.set_policy",
        "ana",
        "C0SUPPORT",
    )
    assert action.args == {"text": TEXT + "  - {name: all, allow: true}\n"}


async def test_what_was_made_of_an_older_policy_is_refused_and_stays_in_the_form(
    one_desk: Desk,
) -> None:
    view = await opened(one_desk)
    parts = filled(view)
    with one_desk.deps.db.transaction() as session:
        bring_in(
            session, one_desk.deps.log, workspace_id="T0PRACTICE", text=TEXT + "# more\n",
            source="act_other", by="olga", now=one_desk.clock.now(),
        )  # fmt: skip

    answer = await send(one_desk, view, {**parts, "part_0": parts["part_0"] + "\n# mine"})

    assert answer["errors"]["part_0"].startswith("The policy was changed by Olga at ")
    assert "Your text stays here" in answer["errors"]["part_0"]
    assert (await one_desk.get(f"views?user={ANA}"))["views"][-1]["id"] == view["id"]
    with one_desk.deps.db.read() as session:
        assert session.exec(select(Action)).all() == []


@given(st.lists(st.text("ab: #-", max_size=90), min_size=1, max_size=200))
def test_parts_are_the_text_again(lines: list[str]) -> None:
    text = "\n".join(lines)

    parts = parts_of(text)

    assert parts is not None
    assert "\n".join(parts).strip("\n") == text.strip("\n")
    assert all(len(part) <= 3_000 for part in parts)
