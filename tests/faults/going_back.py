"""Going back to a step: Ana's goods were put on the shelf in two steps, and she wants anew.

Restocks, because asked twice they happen twice: the shop's journal shows what was taken back, how
often and in which order, and that the run then went on once.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from sqlmodel import Session, SQLModel, select

from approvals.tables import Action, Compensation
from bot.bootstrap import Floor
from core.posts import Post
from graphs.runtime.tables import Conversation, Turn
from tests.faults.before import sent, tell
from tests.faults.errands import Errand
from tools.compensating import KIND

#: What the two steps put on the shelf, and what the run that goes on puts there.
DONE, ANEW = (3, 5), 7
#: By the shop's journal, in its order.
WANTED = (-5, -3, ANEW)


def asked(number: int) -> tuple[str, str]:
    """The errand's mark and words: a product that no other errand has."""
    sku = f"TENT-{20_000 + number}"
    return sku, f"Restock {ANEW} of {sku}"


def lay(floor: Floor, shop: sqlite3.Connection, errand: Errand) -> None:
    """Both steps done, in the ledger and at the shop; the turn they were steps of is over."""
    at = floor.clock.now() - timedelta(seconds=60)
    shop.execute(
        "INSERT INTO products SELECT ?, name, category, price, 100 FROM products LIMIT 1",
        (errand.mark,),
    )
    workspace_id, place = floor.people.workspace_id, {"channel": "C0SUPPORT"}
    turn_id, conversation_id = f"turn_{errand.mark}", f"conv_{errand.mark}"
    rows: list[SQLModel] = [
        Conversation(
            id=conversation_id, workspace_id=workspace_id, kind="channel", place="#support",
            thread_ts=errand.ts, created_at=at, **place,
        ),
        Turn(
            id=turn_id, workspace_id=workspace_id, conversation_id=conversation_id,
            principal_id="ana", thread_ts=errand.ts, message_ts=errand.ts, text=errand.text,
            context=[], versions={}, status="answered", answer="Done.", created_at=at,
            finished_at=at + timedelta(seconds=30), **place,
        ),
    ]  # fmt: skip
    for step, quantity in enumerate(DONE):
        goods = {"sku": errand.mark, "quantity": quantity}
        told = {"restock": f"rs_{step}", "available": 100, "source": "shop", **goods}
        rows += sent(
            floor, f"act_{errand.mark}_{step}", "shop.restock", goods, status="succeeded",
            at=at + timedelta(seconds=step), result=told, turn_id=turn_id, step=step,
            thread_ts=errand.ts,
        )  # fmt: skip
    with floor.db.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()
            if isinstance(row, Action):
                tell(session, floor, row)


def moved(shop: sqlite3.Connection, sku: str) -> tuple[int, ...]:
    """What was put on the shelf and taken off it, by the shop's journal, in its order."""
    rows = shop.execute(
        "SELECT json_extract(body, '$.quantity') FROM journal WHERE effect = 1 "
        "AND path = '/restocks' AND json_extract(body, '$.sku') = ? ORDER BY n",
        (sku,),
    )
    return tuple(int(row[0]) for row in rows)


def command(link_base: str, errand: Errand) -> dict[str, Any]:
    """What Ana types, with the link to her message."""
    link = f"{link_base}archives/C0SUPPORT/p{errand.ts.replace('.', '')}"
    return {"user": "U0ANA", "channel": "C0SUPPORT", "text": f"back {link}"}


def offered(session: Session) -> Post | None:
    """The question whether to undo it, once it stands in the thread and while nobody answered."""
    query = select(Post, Compensation).where(
        Post.subject == Compensation.id, Post.kind == KIND, Compensation.status == "offered"
    )
    found = session.exec(query).first()
    return None if found is None or found[0].ts is None else found[0]


def compensations(session: Session) -> list[str]:
    return list(session.exec(select(Compensation.status)))
