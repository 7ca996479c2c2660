"""What becomes of a preview: an answer, a card, a stop, or its worker's death."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from core.faultpoints import arm
from core.posts import Post
from tests.bot.desk import SUPPORT, Desk, buttons, shown
from tests.bot.preview_desk import (
    plan,
    showing,
    state,
    streaming,
    task,
    texts,
    thread,
)

DM = "D0ANA"


async def test_a_card_takes_the_place_of_the_preview(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        turn, first = await streaming(show)
        show.act(turn, "awaiting")
        await asyncio.to_thread(show.previews.make_room, turn.id)
        gone = await any_desk.messages()
        show.previews.words(turn, 0, "One two three")
        await show.until(lambda: show.previews.idle)
        show.answer(turn, "It was approved.")
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert gone == []
        assert last["ts"] > first["ts"]
        assert texts(last) == "It was approved."


async def test_no_preview_is_begun_while_a_person_is_asked(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(root=await thread(one_desk))
        show.act(turn, "awaiting")
        show.previews.words(turn, 0, "One two")
        await show.until(lambda: show.previews.idle)

        assert await one_desk.messages() == []
        assert one_desk.posts() == []


async def test_a_preview_begun_just_as_a_person_is_asked_is_taken_away(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        await one_desk.post("faults", kind="delay", method="chat.startStream", seconds=0.5, times=1)
        turn = show.turn(root=await thread(one_desk))
        show.previews.words(turn, 0, "One two")
        await show.until(lambda: len(one_desk.posts()) == 1)
        show.act(turn, "awaiting")
        await asyncio.to_thread(show.previews.make_room, turn.id)
        await show.until(lambda: one_desk.posts()[0].attempted_at is None)

        assert await one_desk.messages() == []
        assert len(await one_desk.called("chat.startStream")) == 1


async def test_an_answer_owed_while_the_preview_is_begun_takes_its_place(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        await any_desk.post("faults", kind="delay", method="chat.startStream", seconds=0.5, times=1)
        turn = show.turn(root=await thread(any_desk))
        show.previews.words(turn, 0, "One two")
        await show.until(lambda: len(any_desk.posts()) == 1)
        post_id = show.answer(turn, "Three.")
        await asyncio.to_thread(any_desk.poster().send, post_id)  # meets the lease
        await show.until(lambda: any(m.args == {"post_id": post_id} for m in show.woken[1:]))
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert texts(last) == "Three."
        assert state(last) == "completed"


async def test_a_preview_somebody_deleted_does_not_take_the_answer_with_it(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        turn, first = await streaming(show)
        await asyncio.to_thread(lambda: any_desk.web.chat_delete(channel=SUPPORT, ts=first["ts"]))
        show.answer(turn, "Here it is.")
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert texts(last) == "Here it is."
        assert any_desk.posts()[0].failed is None


async def test_a_stopped_turn_keeps_what_was_shown_and_marks_it(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        turn, first = await streaming(show)
        show.previews.tasks(turn, [task("Find an order", "complete"), task("Look", task_id="b")])
        await show.message(lambda m: len(plan(m)) == 2)
        show.act(turn, "succeeded", "Find an order")
        show.stop(turn)
        await any_desk.send_owed()

        left, told = sorted(await any_desk.messages(), key=lambda m: m["ts"])
        assert left["ts"] == first["ts"]
        assert texts(left) == "One two"
        assert plan(left) == [("Find an order", "complete"), ("Look", "error")]
        assert "Stopped here." in shown(left)
        assert buttons(left) == []
        assert state(left) == "completed"
        assert shown(told) == (
            "Ana stopped this. Done until then: Find an order. Nothing further happens."
        )
        assert sorted(_kinds(any_desk)) == [("answer", 1, 1), ("notice", 1, 1)]


async def test_words_that_come_after_the_stop_change_nothing(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show)
        show.stop(turn)
        await one_desk.send_owed()
        show.previews.words(turn, 0, "One two three")
        await show.until(lambda: show.previews.idle)

        left = (await one_desk.messages())[0]
        assert texts(left) == "One two"
        assert "Stopped here." in shown(left)


async def test_words_that_come_after_the_answer_change_nothing(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show)
        show.answer(turn, "The answer.")
        await one_desk.send_owed()
        show.previews.words(turn, 0, "One two three")
        await show.until(lambda: show.previews.idle)

        [left] = await one_desk.messages()
        assert texts(left) == "The answer."


async def test_a_drawn_preview_is_marked_when_it_is_stopped(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(channel=DM)
        show.previews.words(turn, 0, "One two")
        await show.message(lambda m: texts(m) == "One two", DM)
        await show.until(lambda: [p.ts is None for p in one_desk.posts()] == [False])
        show.stop(turn)
        await one_desk.send_owed()

        left = (await one_desk.messages(DM))[0]
        assert texts(left) == "One two"
        assert "Stopped here." in shown(left)
        assert buttons(left) == []


async def test_a_stop_before_anything_was_shown_is_only_told(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(root=await thread(one_desk))
        show.stop(turn)
        show.previews.words(turn, 0, "One two")
        await show.until(lambda: show.previews.idle)
        await one_desk.send_owed()

        [told] = await one_desk.messages()
        assert shown(told) == "Ana stopped this. Nothing further happens."


@pytest.mark.chaos
@pytest.mark.parametrize("place", ["preview:begun", "preview:started"])
async def test_a_worker_killed_while_it_begins_a_preview_leaves_one_message(
    any_desk: Desk, tmp_path: Path, place: str
) -> None:
    async with showing(any_desk) as show:
        turn = show.turn(root=await thread(any_desk))
        code = await asyncio.to_thread(_die_while_showing, any_desk, turn.id, tmp_path, place)
        before = await any_desk.messages()
        [post] = any_desk.posts()
        any_desk.clock.advance(timedelta(seconds=20))
        show.answer(turn, "The whole answer.")
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert code == -signal.SIGKILL
        assert len(before) == (0 if place == "preview:begun" else 1)
        assert (post.ts, post.wanted) == (None, 0)
        assert texts(last) == "The whole answer."
        assert state(last) == ("" if place == "preview:begun" else "completed")


@pytest.mark.chaos
async def test_what_a_killed_worker_began_is_left_and_marked_when_the_turn_is_stopped(
    one_desk: Desk, tmp_path: Path
) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(root=await thread(one_desk))
        await asyncio.to_thread(_die_while_showing, one_desk, turn.id, tmp_path, "preview:started")
        one_desk.clock.advance(timedelta(seconds=20))
        show.stop(turn)
        await one_desk.send_owed()

        left = min(await one_desk.messages(), key=lambda m: m["ts"])
        assert texts(left) == "Half a sentence"
        assert "Stopped here." in shown(left)
        assert (state(left), buttons(left)) == ("completed", [])


_SHOWER = """
import sys, threading
from datetime import datetime, timedelta
from pathlib import Path
from approvals.people import People
from bot.posts.channel import SlackChannel
from bot.deps import Identity
from bot.posts.preview_rows import PreviewRows
from bot.posts.preview_slack import PreviewSlack
from bot.posts.previews import Pace, Previews
from bot.web import make_web
from core.clock import HeldClock
from core.db import open_database
from graphs.runtime.tables import Turn

url, api, people, now, turn_id = sys.argv[1:]
db, web = open_database(url), make_web("xoxb-practice", api)
channel = SlackChannel(web, Identity.of(web.auth_test().data))
rows = PreviewRows(db, HeldClock(datetime.fromisoformat(now)), timedelta(seconds=15))
previews = Previews(
    PreviewSlack(channel, channel, rows, People.load(Path(people))), Pace(patience=0.0)
)
previews.start()
with db.read() as session:
    turn = session.get(Turn, turn_id)
previews.words(turn, 0, "Half a sentence")
threading.Event().wait(60)
"""


def _die_while_showing(desk: Desk, turn_id: str, tmp_path: Path, place: str) -> int:
    url = desk.deps.db.engine.url.render_as_string(hide_password=False)
    people = str(Path(__file__).parents[2] / "config" / "people.yaml")
    arguments = [url, f"{desk.base}/api/", people, desk.clock.now().isoformat(), turn_id]
    arm(tmp_path / "points", place)
    environ = {**os.environ, "SIGNOFF_FAULTPOINTS": str(tmp_path / "points")}
    return subprocess.run(
        [sys.executable, "-c", _SHOWER, *arguments], env=environ, timeout=300, check=False
    ).returncode


def _kinds(desk: Desk) -> list[tuple[str, int, int]]:
    def of(post: Post) -> tuple[str, int, int]:
        return post.kind, post.wanted, post.shown

    return [of(post) for post in desk.posts()]
