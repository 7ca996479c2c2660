"""Stop: on the message that is being written, Slack's own button, and `/signoff stop`."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.presses.clicks import STRANGER
from bot.presses.stops import OVER
from bot.progress import SlackProgress
from graphs.runtime.tables import Turn
from tests.bot.desk import ANA, GITA, SAM, SUPPORT, Desk, buttons, shown, until
from tests.bot.preview_desk import Showing, showing, streaming, texts, thread


async def test_anyone_may_press_stop_on_the_message_that_is_being_written(desk: Desk) -> None:
    """R49."""
    async with showing(desk) as show:
        turn, message = await streaming(show)

        acked = await desk.click(SAM, message["ts"], "stop")
        await desk.send_owed()

        left, told = sorted(await desk.messages(), key=lambda m: m["ts"])
        assert acked
        assert [each.status for each in desk.turns()] == ["stopped"]
        assert desk.turns()[0].id == turn.id
        assert texts(left) == "One two"
        assert "Stopped here." in shown(left)
        assert shown(told) == "Sam stopped this. Nothing further happens."


async def test_a_guest_stops_nothing(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        _, message = await streaming(show)
        await one_desk.post("members", user=GITA, channel=SUPPORT)

        await one_desk.click(GITA, message["ts"], "stop")

        assert [turn.status for turn in one_desk.turns()] == ["running"]
        assert "guest" in (await one_desk.whispers(GITA))[0]


async def test_a_stop_that_comes_too_late_is_told_so(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, message = await streaming(show)
        show.answer(turn, "One two three.")

        await one_desk.click(ANA, message["ts"], "stop")

        assert await one_desk.whispers(ANA) == [OVER]
        assert [turn.status for turn in one_desk.turns()] == ["answered"]


async def test_a_stop_on_another_message_stops_nothing(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, message = await streaming(show)
        other = await asyncio.to_thread(
            lambda: one_desk.web.chat_postMessage(
                channel=SUPPORT, text="Hello", blocks=[_button(turn.id)]
            )
        )

        await one_desk.click(ANA, str(other["ts"]), "stop")

        assert await one_desk.whispers(ANA) == [STRANGER]
        assert [turn.status for turn in one_desk.turns()] == ["running"]
        assert message["ts"]


async def test_slacks_own_stop_ends_the_turn_of_its_thread(desk: Desk) -> None:
    async with showing(desk) as show:
        turn, message = await streaming(show)
        await streaming_elsewhere(show)

        pressed = await desk.post("stop", user=ANA, channel=SUPPORT, thread_ts=turn.thread_ts)
        await desk.at_rest()
        await desk.send_owed()

        assert pressed["streaming_message_ts"] == [message["ts"]]
        assert sorted((each.id == turn.id, each.status) for each in desk.turns()) == [
            (False, "running"),
            (True, "stopped"),
        ]
        left = next(m for m in await desk.messages() if m["ts"] == message["ts"])
        assert texts(left) == "One two"
        assert "Stopped here." in shown(left)
        await _until_session(desk, turn, "active")


async def test_slacks_own_stop_delivered_twice_stops_once(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn, _ = await streaming(show)
        await one_desk.post("faults", kind="duplicate_delivery", times=1)

        await one_desk.post("stop", user=ANA, channel=SUPPORT, thread_ts=turn.thread_ts)
        await one_desk.at_rest()

        assert [row.kind for row in one_desk.inbound()] == ["stop"]
        assert [each.status for each in one_desk.turns()] == ["stopped"]


async def test_slacks_own_stop_leaves_what_waits_for_a_person(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        waiting = show.turn(root=await thread(one_desk))
        show.act(waiting, "awaiting")
        show.wait(waiting)
        turn = show.turn(root=waiting.thread_ts)
        show.previews.words(turn, 0, "One two")
        await show.message(lambda m: texts(m) == "One two")

        await one_desk.post("stop", user=ANA, channel=SUPPORT, thread_ts=turn.thread_ts)
        await one_desk.at_rest()

        assert {each.id: each.status for each in one_desk.turns()} == {
            waiting.id: "waiting",
            turn.id: "stopped",
        }


async def test_a_turn_at_work_shows_slacks_stop_and_hides_it_at_its_end(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        turn = show.turn(root=await thread(one_desk))
        progress = SlackProgress(one_desk.web)
        progress.start()

        progress.set(turn, "is looking into it…")
        await _until_session(one_desk, turn, "processing")
        await show.until(lambda: progress.shows_stop)
        progress.leave(turn)
        progress.clear(turn)
        await _until_session(one_desk, turn, "active")
        await asyncio.to_thread(progress.stop)


async def test_where_slack_shows_its_stop_the_message_has_none(one_desk: Desk) -> None:
    async with showing(one_desk, slack_stops=True) as show:
        turn, message = await streaming(show)
        show.stop(turn)
        await one_desk.send_owed()

        left = min(await one_desk.messages(), key=lambda m: m["ts"])
        assert (buttons(message), buttons(left)) == ([], [])
        assert "Still writing…" in shown(message)
        assert "Still writing…" not in shown(left)
        assert "Stopped here." in shown(left)


async def test_the_command_stops_what_is_being_written_here(one_desk: Desk) -> None:
    async with showing(one_desk) as show:
        _, message = await streaming(show)

        told = await one_desk.command(SAM, "stop")
        await one_desk.send_owed()

        assert told.startswith("Stopped 1 piece of work.")
        left = next(m for m in await one_desk.messages() if m["ts"] == message["ts"])
        assert "Stopped here." in shown(left)


async def streaming_elsewhere(show: Showing) -> None:
    other = show.turn(root=await thread(show.desk))
    show.previews.words(other, 0, "Three")
    await show.until(lambda: [p.ts is None for p in show.desk.posts()] == [False, False])


async def _session(desk: Desk, turn: Turn) -> str | None:
    sessions = (await desk.get("status"))["sessions"]
    found = [s["status"] for s in sessions if s["thread_ts"] == turn.thread_ts]
    return found[0] if found else None


async def _until_session(desk: Desk, turn: Turn, status: str) -> None:
    async def became() -> bool:
        return await _session(desk, turn) == status

    await until(became, f"the session to be {status}")


def _button(value: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "Stop"}
    element = {"type": "button", "action_id": "stop", "value": value, "text": text}
    return {"type": "actions", "elements": [element]}
