"""A worker killed before each single write of sending a message: one message stands in the end."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from core.posts import ask_post, refresh_posts
from tests.bot.desk import SUPPORT, Desk
from tests.bot.dying import Sending, send_until

pytestmark = pytest.mark.chaos
PEOPLE = Path(__file__).parents[2] / "config" / "people.yaml"
#: A lease, and the time after which a twin is looked for.
LATER = timedelta(minutes=1)


@pytest.mark.parametrize("stage", ["new", "to be drawn anew"])
async def test_a_worker_that_dies_before_any_write_leaves_one_message(
    any_desk: Desk, tmp_path: Path, stage: str
) -> None:
    for nth in itertools.count(1):
        post_id = _owe(any_desk, nth)
        if stage != "new":
            await asyncio.to_thread(any_desk.poster().send, post_id)
            with any_desk.deps.db.transaction() as session:
                refresh_posts(
                    session, subject=f"turn_{nth}", kind="notice", now=any_desk.clock.now()
                )

        died = await asyncio.to_thread(send_until, _sending(any_desk, tmp_path, post_id), nth)
        any_desk.clock.advance(LATER)
        await any_desk.send_owed()
        any_desk.clock.advance(LATER)
        await any_desk.send_owed()

        [message] = [m for m in await any_desk.messages() if _post_id(m) == post_id]
        [post] = [post for post in any_desk.posts() if post.id == post_id]
        assert (post.ts, post.shown) == (message["ts"], post.wanted)
        if not died:
            assert nth > 4, "hardly a write was seen"
            return


def _owe(desk: Desk, nth: int) -> str:
    with desk.deps.db.transaction() as session:
        return ask_post(
            session,
            workspace_id="T0PRACTICE",
            subject=f"turn_{nth}",
            kind="notice",
            channel=SUPPORT,
            thread_ts=None,
            body={"text": f"Notice {nth}"},
            now=desk.clock.now(),
        )


def _sending(desk: Desk, tmp_path: Path, post_id: str) -> Sending:
    return Sending(
        database=desk.deps.db.engine.url.render_as_string(hide_password=False),
        api_url=f"{desk.base}/api/",
        key_file=tmp_path / "signoff.key",
        people=PEOPLE,
        at=desk.clock.now(),
        post_id=post_id,
    )


def _post_id(message: dict[str, object]) -> object:
    metadata = message.get("metadata")
    return metadata["event_payload"]["post_id"] if isinstance(metadata, dict) else None
