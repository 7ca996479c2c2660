"""Turns while they run: one message that grows and becomes the answer, whatever Slack does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.previews import Pace
from core.faultpoints import arm
from core.posts import Post
from graphs.runtime.tables import Turn
from tests.bot.desk import SUPPORT, Desk, buttons, dumped, shown
from tests.bot.preview_desk import (
    Showing,
    plan,
    showing,
    state,
    task,
    texts,
    thread,
    worker,
)

DM = "D0ANA"


async def streaming(show: Showing, text: str = "One two") -> tuple[Turn, dict[str, Any]]:
    """A turn in a thread whose first words stand in Slack."""
    turn = show.turn(root=await thread(show.desk))
    show.previews.words(turn, 0, text)
    await show.message(lambda m: texts(m) == text)
    await show.until(lambda: [p.ts is None for p in show.desk.posts()] == [False])
    return turn, (await show.desk.messages())[0]


async def test_words_are_streamed_and_the_answer_takes_their_place(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        turn, first = await streaming(show)
        show.previews.words(turn, 0, "One two three")
        grown = await show.message(lambda m: texts(m) == "One two three")
        show.answer(turn, "One two three, and **four**.")
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert state(first) == state(grown) == "streaming"
        assert buttons(first) == ["Stop"]
        assert (last["ts"], last["thread_ts"]) == (first["ts"], turn.thread_ts)
        assert texts(last) == "One two three, and **four**."
        assert buttons(last) == ["Story"]
        assert "Source: shop order 4711" in shown(last)
        assert state(last) == "completed"
        [post] = any_desk.posts()
        assert last["metadata"]["event_payload"] == {"post_id": post.id}
        assert (post.ts, post.wanted, post.shown) == (last["ts"], 1, 1)
        assert await any_desk.called("chat.postMessage") == []


async def test_a_turn_that_is_over_soon_is_one_ordinary_message(one_desk: Desk) -> None:
    async with showing(one_desk, Pace(patience=60.0)) as show:
        turn = show.turn(root=await thread(one_desk))
        show.previews.words(turn, 0, "Quick")
        show.previews.tasks(turn, [task("Find an order")])
        show.answer(turn, "Quick.")
        show.previews.end(turn.id)
        await one_desk.send_owed()

        await show.message(lambda m: texts(m) == "Quick.")
        assert await one_desk.called("chat.startStream") == []
        assert len(await one_desk.called("chat.postMessage")) == 1


async def test_tools_show_as_a_plan_with_the_tools_own_titles(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(root=await thread(one_desk))
        show.previews.tasks(turn, [task("Find an order"), task("Read a letter", task_id="act_2")])
        await show.message(lambda m: len(plan(m)) == 2)
        show.previews.tasks(turn, [task("Find order 4711", "complete")])
        show.previews.tasks(turn, [task("Read a letter", "error", "act_2")])
        done = await show.message(
            lambda m: plan(m) == [("Find order 4711", "complete"), ("Read a letter", "error")]
        )

        assert [b["title"] for b in done["blocks"] if b["type"] == "plan"] == ["Working on it"]


async def test_a_direct_message_outside_threads_is_drawn_anew(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(channel=DM)
        show.previews.tasks(turn, [task("Find an order", "complete")])
        show.previews.words(turn, 1, "It is")
        await show.message(lambda m: texts(m) == "It is", DM)
        show.previews.words(turn, 1, "It is shipped")
        grown = await show.message(lambda m: texts(m) == "It is shipped", DM)
        show.answer(turn, "It is shipped.")
        await one_desk.send_owed()

        last = await show.message(lambda m: texts(m) == "It is shipped.", DM)
        assert "✓ Find an order" in shown(grown)
        assert buttons(grown) == ["Stop"]
        assert last["ts"] == grown["ts"]
        assert "thread_ts" not in last
        assert await one_desk.called("chat.startStream") == []


async def test_a_model_cannot_call_a_whole_channel_while_it_writes(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show, "Hi")
        for text in ("Hi <", "Hi <!chan", "Hi <!channel> ", "Hi <!channel> ![x](http://evil/x)"):
            show.previews.words(turn, 0, text)
            await show.until(lambda: show.previews.idle)

        await show.message(lambda m: texts(m) == "Hi &lt;!channel> [x](http://evil/x)")
        assert "<!channel" not in dumped(await one_desk.called("chat.appendStream"))


async def test_a_stream_cut_off_by_slack_goes_on_in_the_same_message(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, first = await streaming(show)
        await one_desk.post("clock", advance=400)
        show.previews.words(turn, 0, "One two three")
        await show.message(lambda m: texts(m) == "One two three")
        show.previews.words(turn, 0, "One two three four")
        grown = await show.message(lambda m: texts(m) == "One two three four")
        show.answer(turn, "Five.")
        await one_desk.send_owed()

        [last] = await one_desk.messages()
        assert first["ts"] == grown["ts"] == last["ts"]
        assert texts(last) == "Five."
        assert len(await one_desk.called("chat.startStream")) == 1


async def test_words_that_are_taken_back_are_drawn_anew(one_desk: Desk) -> None:
    """The model was asked again, and says something else."""
    async with showing(one_desk) as show:
        turn, first = await streaming(show, "Yes, it is")
        show.previews.words(turn, 0, "No")
        again = await show.message(lambda m: texts(m) == "No")

        assert again["ts"] == first["ts"]
        assert state(again) == "completed"


async def test_the_same_words_again_are_not_sent_twice(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show, "One two")
        for text in ("One", "One two", "One two three"):
            show.previews.words(turn, 0, text)
            await show.until(lambda: show.previews.idle)

        after = await show.message(lambda m: texts(m) == "One two three")
        assert state(after) == "streaming"


async def test_a_rate_limit_is_waited_out_and_everything_arrives(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show)
        await one_desk.post(
            "faults", kind="rate_limit", method="chat.appendStream", times=2, seconds=1
        )
        show.previews.words(turn, 0, "One two three")

        after = await show.message(lambda m: texts(m) == "One two three")
        assert state(after) == "streaming"
        assert len(await one_desk.called("chat.appendStream")) == 3


async def test_a_rate_limit_at_the_start_begins_later(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        await one_desk.post(
            "faults", kind="rate_limit", method="chat.startStream", times=1, seconds=1
        )
        turn, _ = await streaming(show)

        assert turn.id
        assert await one_desk.called("conversations.replies") == []


async def test_a_lost_reply_of_the_start_leaves_one_message(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        await any_desk.post("faults", kind="lost_reply", method="chat.startStream", times=1)
        turn = show.turn(root=await thread(any_desk))
        show.previews.words(turn, 0, "One")
        await show.until(lambda: [p.ts is None for p in any_desk.posts()] == [False])
        show.answer(turn, "One two.")
        await any_desk.send_owed()

        [last] = await any_desk.messages()
        assert texts(last) == "One two."
        assert state(last) == "completed"
        assert len(await any_desk.called("chat.startStream")) == 1


async def test_a_lost_reply_of_an_append_costs_nothing(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show)
        await one_desk.post("faults", kind="lost_reply", method="chat.appendStream", times=1)
        show.previews.words(turn, 0, "One two three")
        await show.until(lambda: show.previews.idle)
        show.previews.words(turn, 0, "One two three four")
        await show.message(lambda m: texts(m) == "One two three four")
        show.answer(turn, "Five.")
        await one_desk.send_owed()

        assert texts((await one_desk.messages())[0]) == "Five."


async def test_a_slack_that_hangs_costs_the_preview_and_never_the_answer(one_desk: Desk) -> None:
    async with showing(one_desk, timeout_s=1) as show:
        turn, _ = await streaming(show)
        await one_desk.post("faults", kind="delay", method="chat.appendStream", times=9, seconds=30)
        for count in range(50):
            show.previews.words(turn, 0, "One two" + " more" * count)
        show.answer(turn, "One two.")
        show.previews.end(turn.id)
        await one_desk.send_owed()

        [last] = await one_desk.messages()
        assert texts(last) == "One two."


async def test_another_worker_goes_on_with_the_same_message(any_desk: Desk) -> None:
    """The first worker's run ended in a wait for a tool; the turn goes on elsewhere."""
    async with showing(any_desk) as show:
        turn = show.turn(root=await thread(any_desk))
        show.previews.tasks(turn, [task("Find an order")])
        await show.message(lambda m: plan(m) == [("Find an order", "in_progress")])
        show.previews.rest(turn.id)
        other = worker(any_desk)
        other.start()
        other.tasks(turn, [task("Find an order", "complete")])
        other.words(turn, 1, "It is shipped")
        after = await show.message(lambda m: "It is shipped" in texts(m))
        await asyncio.to_thread(other.stop)

        assert plan(after) == [("Find an order", "complete")]
        assert state(after) == "streaming"
        assert len(await any_desk.called("chat.startStream")) == 1


async def test_who_takes_over_from_a_dead_worker_draws_its_message_anew(any_desk: Desk) -> None:
    async with showing(any_desk) as show:
        _, first = await streaming(show, "Half a sen")
        turn = any_desk.turns()[0]
        turn.tries = 2
        other = worker(any_desk)
        other.start()
        other.words(turn, 0, "Half a sentence, or")
        again = await show.message(lambda m: texts(m) == "Half a sentence, or")
        await asyncio.to_thread(other.stop)

        assert again["ts"] == first["ts"]


async def test_words_of_a_run_that_was_handed_over_are_not_said_twice(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, first = await streaming(show, "This is a sentence that was cut")
        other = worker(one_desk)
        other.start()
        other.words(turn, 0, "This is a sentence that was cut off, and is whole now")
        again = await show.message(
            lambda m: texts(m) == "This is a sentence that was cut off, and is whole now"
        )
        await asyncio.to_thread(other.stop)

        assert again["ts"] == first["ts"]


async def test_what_is_left_to_say_is_said_when_the_run_has_ended(one_desk: Desk) -> None:
    async with showing(one_desk, Pace(0.2, 0.0, 0.0, 0.0)) as show:
        turn = show.turn(root=await thread(one_desk))
        show.previews.tasks(turn, [task("Find an order")])
        show.previews.rest(turn.id)

        await show.message(lambda m: plan(m) == [("Find an order", "in_progress")])


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


async def test_a_long_answer_is_cut_in_the_preview_and_whole_in_the_end(one_desk: Desk) -> None:
    long = "\n\n".join(f"Paragraph {n}: " + "word " * 200 for n in range(30))
    async with showing(one_desk) as show:
        turn, first = await streaming(show, long[:200].strip())
        show.previews.words(turn, 0, long)
        await show.message(lambda m: len(texts(m)) == 9_000)
        show.answer(turn, long)
        await one_desk.send_owed()

        messages = sorted(await one_desk.messages(), key=lambda m: m["ts"])
        assert messages[0]["ts"] == first["ts"]
        assert len(messages) == 3
        together = "\n\n".join(texts(message) for message in messages)
        assert all(f"Paragraph {n}:" in together for n in range(30))


async def test_many_turns_share_the_thread_that_shows_them(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turns = [show.turn(root=await thread(one_desk)) for _ in range(8)]
        for turn in turns:
            show.previews.words(turn, 0, f"Words for {turn.id}")

        def told() -> bool:
            return len([post for post in one_desk.posts() if post.ts]) == len(turns)

        await show.until(told)
        found = {(m["thread_ts"], texts(m)) for m in await one_desk.messages()}
        assert found == {(turn.thread_ts, f"Words for {turn.id}") for turn in turns}


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
from bot.channel import SlackChannel
from bot.deps import Identity
from bot.preview_rows import PreviewRows
from bot.preview_slack import PreviewSlack
from bot.previews import Pace, Previews
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
        [sys.executable, "-c", _SHOWER, *arguments], env=environ, timeout=60, check=False
    ).returncode


def _kinds(desk: Desk) -> list[tuple[str, int, int]]:
    def of(post: Post) -> tuple[str, int, int]:
        return post.kind, post.wanted, post.shown

    return [of(post) for post in desk.posts()]
