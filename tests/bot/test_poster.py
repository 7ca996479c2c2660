"""One live message per post, whatever Slack or the network does meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from core.faultpoints import arm
from core.outbox import open_rows, take_due
from core.posts import ask_post, refresh_posts
from tests.bot.desk import ANA, FINN, SUPPORT, Desk, buttons, shown


def owe(desk: Desk, text: str = "Hello", **changes: Any) -> str:
    """A notice (or another kind) the app owes #support."""
    with desk.deps.db.transaction() as session:
        return ask_post(
            session,
            **{
                "workspace_id": "T0PRACTICE",
                "subject": "turn_1",
                "kind": "notice",
                "channel": SUPPORT,
                "thread_ts": None,
                "body": {"text": text},
                "now": desk.clock.now(),
                **changes,
            },
        )


async def test_a_post_is_sent_once_however_often_its_job_is_delivered(any_desk: Desk) -> None:
    post_id = owe(any_desk)
    poster = any_desk.poster()

    for _ in range(3):
        await asyncio.to_thread(poster.send, post_id)

    [message] = await any_desk.messages()
    [post] = any_desk.posts()
    assert (post.ts, post.sent_channel, post.shown) == (message["ts"], SUPPORT, 1)
    assert message["metadata"] == {
        "event_type": "signoff_post",
        "event_payload": {"post_id": post_id},
    }
    assert open_jobs(any_desk, post_id) == []


async def test_two_workers_at_once_send_one_message(any_desk: Desk) -> None:
    post_id = owe(any_desk)
    await any_desk.post("faults", kind="delay", method="chat.postMessage", seconds=0.3, times=1)
    posters = [any_desk.poster() for _ in range(4)]

    await asyncio.gather(*(asyncio.to_thread(poster.send, post_id) for poster in posters))

    assert len(await any_desk.messages()) == 1


async def test_a_post_whose_reply_was_lost_leaves_one_message(any_desk: Desk) -> None:
    """R59."""
    post_id = owe(any_desk)
    await any_desk.post("faults", kind="lost_reply", method="chat.postMessage", times=1)

    with pytest.raises(Exception, match=r".+"):
        await asyncio.to_thread(any_desk.poster().send, post_id)
    assert open_jobs(any_desk, post_id) != []
    await asyncio.to_thread(any_desk.poster().send, post_id)

    [message] = await any_desk.messages()
    assert any_desk.posts()[0].ts == message["ts"]
    assert len(await any_desk.called("chat.postMessage")) == 1


async def test_a_lost_reply_in_a_thread_is_found_there(any_desk: Desk) -> None:
    root = await any_desk.say(ANA, SUPPORT, "Lunch?")
    post_id = owe(any_desk, thread_ts=root)
    await any_desk.post("faults", kind="lost_reply", method="chat.postMessage", times=1)

    with pytest.raises(Exception, match=r".+"):
        await asyncio.to_thread(any_desk.poster().send, post_id)
    await asyncio.to_thread(any_desk.poster().send, post_id)

    assert [m["thread_ts"] for m in await any_desk.messages()] == [root]


async def test_a_twin_that_turns_up_late_is_deleted(any_desk: Desk) -> None:
    """The first send showed up only after the second one: both carry the post's id."""
    post_id = owe(any_desk)
    await any_desk.post("faults", kind="lost_reply", method="chat.postMessage", times=1)
    with pytest.raises(Exception, match=r".+"):
        await asyncio.to_thread(any_desk.poster().send, post_id)
    metadata = {"event_type": "signoff_post", "event_payload": {"post_id": post_id}}
    await asyncio.to_thread(
        lambda: any_desk.web.chat_postMessage(channel=SUPPORT, text="Hello", metadata=metadata)
    )

    await asyncio.to_thread(any_desk.poster().send, post_id)
    any_desk.clock.advance(timedelta(minutes=1))
    await any_desk.send_owed()

    [message] = await any_desk.messages()
    assert any_desk.posts()[0].ts == message["ts"]
    assert open_jobs(any_desk, post_id) == []


async def test_what_changes_is_drawn_anew_in_place(any_desk: Desk) -> None:
    card = await any_desk.card()
    with any_desk.deps.db.transaction() as session:
        refresh_posts(session, subject="act_1", kind="card", now=any_desk.clock.now())

    await any_desk.send_owed()

    [message] = await any_desk.messages()
    assert message["ts"] == card["ts"]
    assert (any_desk.posts()[0].wanted, any_desk.posts()[0].shown) == (2, 2)


async def test_rate_limits_are_waited_out(any_desk: Desk) -> None:
    post_id = owe(any_desk)
    await any_desk.post("faults", kind="rate_limit", method="chat.postMessage", times=1, seconds=0)

    await asyncio.to_thread(any_desk.poster().send, post_id)

    assert [c["status"] for c in await any_desk.called("chat.postMessage")] == [429, 200]
    assert len(await any_desk.messages()) == 1


async def test_a_channel_that_does_not_exist_fails_the_post_with_its_reason(
    any_desk: Desk,
) -> None:
    post_id = owe(any_desk, channel="C0NOWHERE")

    await asyncio.to_thread(any_desk.poster().send, post_id)

    assert any_desk.posts()[0].failed == "Slack refused it: channel_not_found"
    assert open_jobs(any_desk, post_id) == []


async def test_a_card_somebody_deleted_is_not_sent_again(any_desk: Desk) -> None:
    card = await any_desk.card()
    await asyncio.to_thread(lambda: any_desk.web.chat_delete(channel=SUPPORT, ts=card["ts"]))
    with any_desk.deps.db.transaction() as session:
        refresh_posts(session, subject="act_1", kind="card", now=any_desk.clock.now())

    await any_desk.send_owed()

    assert await any_desk.messages() == []
    assert any_desk.posts()[0].failed == "The message was deleted in Slack."


async def test_a_token_slack_refuses_leaves_the_post_for_later(any_desk: Desk) -> None:
    post_id = owe(any_desk)
    any_desk.web.token = "xoxb-wrong"

    with pytest.raises(SlackApiError):
        await asyncio.to_thread(any_desk.poster().send, post_id)

    assert any_desk.posts()[0].failed is None
    assert open_jobs(any_desk, post_id) != []


async def test_a_post_to_a_person_goes_into_their_direct_message(any_desk: Desk) -> None:
    post_id = owe(any_desk, channel=FINN)

    await asyncio.to_thread(any_desk.poster().send, post_id)

    [message] = await any_desk.messages("D0FINN")
    assert shown(message) == "Hello"
    assert any_desk.posts()[0].sent_channel == "D0FINN"


async def test_a_long_answer_arrives_in_several_messages_in_order(any_desk: Desk) -> None:
    paragraphs = [f"Paragraph {n}: " + "word " * 200 for n in range(30)]
    body = {"text": "\n\n".join(paragraphs), "sources": ["shop order 4711"], "cost_micros": 0}
    owe(any_desk, kind="answer", body=body)

    await any_desk.send_owed()

    messages = await any_desk.messages()
    assert len(messages) == 3
    together = "\n\n".join(m["blocks"][0]["text"] for m in messages)
    assert [f"Paragraph {n}:" in together for n in range(30)] == [True] * 30
    assert [buttons(m) for m in messages] == [[], [], ["Story"]]
    assert "Source: shop order 4711 · no cost" in shown(messages[-1])
    assert [post.n for post in any_desk.posts()] == [0, 1, 2]


async def test_an_answer_cannot_call_a_whole_channel(any_desk: Desk) -> None:
    owe(any_desk, kind="answer", body={"text": "Hi <!channel> <@U0FINN> ![x](http://evil/x)"})

    await any_desk.send_owed()

    [message] = await any_desk.messages()
    assert message["blocks"][0]["text"] == ("Hi &lt;!channel> &lt;@U0FINN> [x] (http://evil/x)")
    assert "<" not in message["text"]


async def test_a_delivery_during_another_one_leaves_the_work_to_it(any_desk: Desk) -> None:
    """An update asked for while the first send is under way is made by the sender itself."""
    card_id = owe(any_desk)
    await any_desk.post("faults", kind="delay", method="chat.postMessage", seconds=0.4, times=1)
    sending = threading.Thread(target=any_desk.poster().send, args=(card_id,))
    sending.start()
    await asyncio.sleep(0.2)
    with any_desk.deps.db.transaction() as session:
        refresh_posts(session, subject="turn_1", kind="notice", now=any_desk.clock.now())
    await asyncio.to_thread(any_desk.poster().send, card_id)
    await asyncio.to_thread(sending.join)

    [post] = any_desk.posts()
    assert (post.wanted, post.shown) == (2, 2)
    assert open_jobs(any_desk, card_id) == []
    assert len(await any_desk.messages()) == 1


@pytest.mark.chaos
async def test_a_worker_killed_before_the_ts_was_stored_leaves_one_message(
    any_desk: Desk, tmp_path: Path
) -> None:
    post_id = owe(any_desk)
    code = await asyncio.to_thread(_die_while_sending, any_desk, post_id, tmp_path)
    assert code == -signal.SIGKILL
    assert len(await any_desk.messages()) == 1
    assert any_desk.posts()[0].ts is None

    any_desk.clock.advance(timedelta(seconds=20))
    await any_desk.send_owed()

    [message] = await any_desk.messages()
    assert any_desk.posts()[0].ts == message["ts"]


async def test_who_died_while_sending_is_followed_as_soon_as_their_lease_ends(
    any_desk: Desk, tmp_path: Path
) -> None:
    """Others look a second after the commit and ten later: too early, and it costs no time."""
    post_id = owe(any_desk, sent_here=True)
    assert await asyncio.to_thread(_die_while_sending, any_desk, post_id, tmp_path) != 0

    swept = [await _swept(any_desk, seconds) for seconds in (0.9, 0.1, 10, 3.9, 0.1)]

    assert swept == [[], [post_id], [post_id], [], [post_id]]
    [message] = await any_desk.messages()
    assert any_desk.posts()[0].ts == message["ts"]


async def test_what_its_writer_did_not_come_to_send_is_sent_a_second_later(any_desk: Desk) -> None:
    post_id = owe(any_desk, sent_here=True)

    swept = await _swept(any_desk, 1)

    assert swept == [post_id]
    assert len(await any_desk.messages()) == 1


async def _swept(desk: Desk, seconds: float) -> list[str]:
    """What the sweeper publishes so much later, done as workers would."""
    desk.clock.advance(timedelta(seconds=seconds))
    with desk.deps.db.transaction() as session:
        due = take_due(session, now=desk.clock.now())
    for message in due:
        await asyncio.to_thread(desk.poster().send, message.args["post_id"])
    return [message.args["post_id"] for message in due]


_SENDER = """
import sys
from pathlib import Path
from datetime import datetime
from approvals.people import People
from audit.keys import KeyRing
from audit.log import Log
from bot.deps import Identity
from bot.posts.posting import Poster
from bot.render import Renderer
from bot.web import make_web
from core.clock import HeldClock
from core.db import open_database

url, api, keys, people, now, post_id = sys.argv[1:]
web = make_web("xoxb-practice", api)
Poster(
    db=open_database(url),
    log=Log(keys=KeyRing.load_or_create(Path(keys))),
    clock=HeldClock(datetime.fromisoformat(now)),
    web=web,
    identity=Identity.of(web.auth_test().data),
    renderer=Renderer(People.load(Path(people))),
).send(post_id)
"""


def _die_while_sending(desk: Desk, post_id: str, tmp_path: Path) -> int:
    url = desk.deps.db.engine.url.render_as_string(hide_password=False)
    people = str(Path(__file__).parents[2] / "config" / "people.yaml")
    now = desk.clock.now().isoformat()
    arguments = [url, f"{desk.base}/api/", str(tmp_path / "signoff.key"), people, now, post_id]
    arm(tmp_path / "points", "post:sent")
    environ = {**os.environ, "SIGNOFF_FAULTPOINTS": str(tmp_path / "points")}
    return subprocess.run(
        [sys.executable, "-c", _SENDER, *arguments], env=environ, timeout=300, check=False
    ).returncode


def open_jobs(desk: Desk, post_id: str) -> list[str]:
    with desk.deps.db.read() as session:
        return open_rows(session, job="send_post", subject=post_id)
