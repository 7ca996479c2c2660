"""Turns while they run: one message that grows and becomes the answer, whatever Slack does."""

from __future__ import annotations

import asyncio

from bot.posts.previews import Pace
from tests.bot.desk import Desk, buttons, dumped, shown
from tests.bot.preview_desk import (
    plan,
    showing,
    state,
    streaming,
    task,
    texts,
    thread,
    worker,
)

DM = "D0ANA"


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

        await show.message(lambda m: texts(m) == "Hi &lt;!channel> [x] (http://evil/x)")
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
