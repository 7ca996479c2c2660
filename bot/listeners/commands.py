"""`/signoff …`: answered in the acknowledgement, seen by the asker alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from slack_bolt.async_app import AsyncApp

from approvals.people import Principal
from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import section
from bot.blocks.text import cut, escape
from bot.boundary import Delivery, Edge, guarded
from bot.intake import take_trigger
from bot.listeners.policy import open_policy
from bot.presses.handing import not_served
from bot.slash.absences import find_person
from bot.slash.command import Command
from bot.slash.subcommands import answer
from bot.words import storable

_SECTIONS = 20


def register(app: AsyncApp, edge: Edge) -> None:
    app.command("/signoff")(guarded(edge, on_command))
    app.command(re.compile(".*"))(guarded(edge, on_other))


async def on_command(delivery: Delivery) -> None:
    account = await delivery.account()
    person, refusal = account.principal, account.refusal
    said = str(delivery.body.get("text") or "").split()
    if person is not None and (problem := await _cannot_be_asked(delivery, said)):
        person, refusal = None, problem
    lines = await asyncio.to_thread(take_command, delivery, person, refusal)
    delivery.recorded = True
    await _reply(delivery, lines)
    if person is not None and [word.lower() for word in said[:1]] == ["policy"]:
        delivery.edge.later.run(open_policy(delivery))


async def on_other(delivery: Delivery) -> None:
    name = escape(str(delivery.body.get("command"))[:40])
    await _reply(delivery, [f"I don't know {name}. Try /signoff help."])


def take_command(delivery: Delivery, person: Principal | None, refusal: str) -> Sequence[str]:
    """Record the command and do what it asks for, in one transaction; the answer's lines."""
    deps, body = delivery.deps, delivery.body
    text = storable(str(body.get("text") or "")).strip()
    subcommand, _, rest = text.partition(" ")
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = take_trigger(
            session,
            deps,
            kind="command",
            trigger_id=str(body.get("trigger_id")),
            user=delivery.user,
            channel=delivery.channel,
            payload={"subcommand": subcommand[:40]},
            now=now,
        )
        if person is None:
            return [escape(refusal)]
        asked = Command(
            session=session,
            deps=deps,
            person=person,
            channel=delivery.channel or "",
            words=rest.strip(),
            again=not fresh,
            now=now,
            key=str(body.get("trigger_id")),
        )
        return answer(asked, subcommand.lower())


async def _cannot_be_asked(delivery: Delivery, said: Sequence[str]) -> str | None:
    """Why whoever `hand` names cannot be asked: they are no full member now. None where they can,
    or nobody is named."""
    if [word.lower() for word in said[:1]] != ["hand"]:
        return None
    to = find_person(delivery.deps.people, said[1]) if len(said) > 1 else None
    account = await delivery.edge.members.look(to.slack_id) if to else None
    if account is None or account.principal is not None:
        return None
    return not_served(delivery.deps.people, account.user)


async def _reply(delivery: Delivery, lines: Sequence[str]) -> None:
    pages = pages_of(lines)
    await delivery.answer(
        response_type="ephemeral",
        text=cut("\n".join(lines), FALLBACK),
        blocks=[section(page) for page in pages],
    )


def pages_of(lines: Sequence[str]) -> list[str]:
    """The lines as section texts, whole lines each."""
    pages = [""]
    for line in (cut(line, SECTION) for line in lines):
        if pages[-1] and len(pages[-1]) + 1 + len(line) > SECTION:
            pages.append("")
        pages[-1] = f"{pages[-1]}\n{line}" if pages[-1] else line
    return pages[:_SECTIONS]
