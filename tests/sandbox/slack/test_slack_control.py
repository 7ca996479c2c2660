"""The control API: what people can do, what they cannot, and how it is refused."""

from typing import Any

import pytest

from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import (
    ANA,
    GITA,
    SUPPORT,
    Bench,
    home,
    modal,
)

pytestmark = pytest.mark.usefixtures("answered")


async def test_the_workspace_shows_five_people_four_channels_and_the_app(bench: Bench) -> None:
    seen = await bench.see("workspace")

    assert [(u["name"], u["role"], u["is_restricted"]) for u in seen["users"]] == [
        ("Ana Berg", "support", False),
        ("Finn Aalto", "finance", False),
        ("Olga Reyes", "operations", False),
        ("Sam Cole", "sales", False),
        ("Gita Rao", "guest", True),
    ]
    assert [c["name"] for c in seen["channels"]] == ["support", "finance", "general", "disputes"]
    assert seen["bot"]["user_id"] == "U0SIGNOFF"


async def test_a_private_channel_is_named_as_one_and_told_of_as_one(bench: Bench) -> None:
    await bench.types("Hello", channel="C0DISPUTES")
    info = await bench.call("conversations.info", {"channel": "C0DISPUTES"})
    listed = await bench.call("conversations.list", {"types": "private_channel"})
    await bench.do("members", user="U0SAM", channel="C0DISPUTES", joins=False)
    members = await bench.call("conversations.members", {"channel": "C0DISPUTES"})

    assert info["channel"]["is_private"] is True
    assert [channel["name"] for channel in listed["channels"]] == ["disputes"]
    assert members["members"] == [ANA, "U0SIGNOFF"]
    said, left = (parcel.payload["event"] for parcel in bench.delivered)
    assert said["channel_type"] == "group"
    assert (left["type"], left["user"], left["channel_type"]) == (
        "member_left_channel",
        "U0SAM",
        "G",
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("messages", {"user": "U0NOBODY"}, 404, "There is no person U0NOBODY."),
        ("messages", {"user": "U0GONE"}, 403, "Greta Gone is deactivated and cannot act."),
        ("messages", {"user": ANA}, 400, "`channel` is needed, as a string."),
        ("messages", {"user": ANA, "channel": "C1"}, 404, "There is no channel C1."),
        (
            "messages",
            {"user": GITA, "channel": SUPPORT},
            403,
            "Gita Rao is not in this channel.",
        ),
        (
            "messages",
            {"user": ANA, "channel": SUPPORT, "text": "t", "thread_ts": "1.1"},
            404,
            "There is no message 1.1 in this channel.",
        ),
        (
            "messages",
            {"user": ANA, "channel": SUPPORT, "text": "x" * 100_001},
            413,
            "At most 100000 characters.",
        ),
        (
            "messages",
            {"usr": ANA},
            400,
            "Unknown: usr. Known here: user, channel, text, thread_ts, files.",
        ),
        ("home", {"user": ANA, "tab": "about"}, 400, "`tab` must be home or messages."),
        (
            "commands",
            {"user": ANA, "channel": SUPPORT, "command": "signoff"},
            404,
            "signoff is not a valid command.",
        ),
        (
            "actions",
            {"user": ANA, "channel": SUPPORT, "ts": "1.1", "action_id": "x"},
            404,
            "Ana Berg sees no message 1.1 in this channel.",
        ),
        (
            "actions",
            {"user": ANA, "view_id": "V1", "action_id": "x"},
            404,
            "Ana Berg has no open view V1.",
        ),
        ("views", {"user": ANA, "view_id": "V1"}, 404, "Ana Berg has no open modal V1."),
        (
            "faults",
            {"kind": "flood"},
            400,
            "There is no fault flood. There is: rate_limit, lost_reply, delay, "
            "duplicate_delivery, disconnect, kill, clear.",
        ),
        ("faults", {"kind": "delay", "method": "a.b"}, 404, "There is no method a.b."),
        ("faults", {"kind": "delay", "times": 0}, 400, "`times` must be a whole number from 1."),
        ("faults", {"kind": "delay", "seconds": -1}, 400, "`seconds` must be a number from 0."),
        (
            "faults",
            {"kind": "kill", "process": "../x"},
            400,
            "`process` must be the name of a process, such as worker-tools.",
        ),
        ("faults", {"kind": "kill", "process": "bot"}, 404, "No process bot is running."),
        ("clock", {"advance": "1"}, 400, "`advance` is needed, as a number of seconds."),
        ("members", {"user": ANA, "channel": "C1"}, 404, "`user` and `channel` must be a person"),
        (
            "deliver",
            {"type": "smoke", "payload": {}},
            400,
            "`type` must be one of events_api, interactive, slash_commands.",
        ),
        ("deliver", {"type": "events_api"}, 400, "`payload` must be an object."),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason(
    bench: Bench, path: str, body: dict[str, Any], status: int, error: str
) -> None:
    answer = await bench.do(path, **body)

    assert (answer["status"], answer["ok"]) == (status, False)
    assert answer["error"].startswith(error)


@pytest.mark.parametrize(
    "path", ["messages?channel=C1", "views?user=U1", "calls?since=x", "deliveries?since=-1"]
)
async def test_looking_at_what_is_not_there_is_refused(bench: Bench, path: str) -> None:
    answer = await bench.see(path)

    assert answer["ok"] is False


@pytest.mark.parametrize("body", ["{", "[]"])
async def test_a_body_that_is_no_json_object_is_refused(bench: Bench, body: str) -> None:
    url = f"{bench.running.base_url}/control/messages"
    async with bench.http.post(url, data=body) as answer:
        assert answer.status == 400


async def test_the_journal_holds_every_call_with_its_answer(bench: Bench) -> None:
    await bench.call("auth.test", token="wrong")
    await bench.call("chat.postMessage", {"channel": SUPPORT, "text": "Hello"})

    calls = (await bench.see("calls"))["calls"]
    later = (await bench.see("calls?since=1"))["calls"]

    assert [(c["n"], c["method"], c["status"]) for c in calls] == [
        (1, "auth.test", 200),
        (2, "chat.postMessage", 200),
    ]
    assert calls[0]["answer"] == {"ok": False, "error": "invalid_auth"}
    assert calls[1]["args"] == {"channel": SUPPORT, "text": "Hello"}
    assert [c["n"] for c in later] == [2]
    assert "xoxb" not in str(calls)


async def test_subscribers_hear_of_every_change(bench: Bench) -> None:
    queue = bench.workspace.subscribe()
    ts = await bench.types("Question")
    args = {"channel_id": SUPPORT, "thread_ts": ts, "status": "is reading"}
    await bench.call("assistant.threads.setStatus", args)
    await bench.call("views.publish", {"user_id": ANA, "view": home()})
    await _open(bench, modal())

    heard = [queue.get_nowait() for _ in range(queue.qsize())]
    bench.workspace.unsubscribe(queue)
    await bench.types("unheard")

    assert heard == [
        {"kind": "message", "channel": SUPPORT, "ts": ts, "thread_ts": ts},
        {"kind": "status", "channel": SUPPORT, "thread_ts": ts},
        {"kind": "home", "user": ANA},
        {"kind": "view", "user": ANA},
    ]
    assert queue.empty()


async def test_suggested_prompts_are_kept(bench: Bench) -> None:
    prompts = [{"title": "Order", "message": "Where is order 4711?"}]
    args = {"channel_id": "D0ANA", "title": "Try", "prompts": prompts}

    await bench.call("assistant.threads.setSuggestedPrompts", args)

    assert (await bench.see("status"))["prompts"] == {
        "D0ANA:": {"title": "Try", "prompts": prompts}
    }


async def _open(bench: Bench, view: Json) -> str:
    args = {"trigger_id": bench.workspace.triggers.issue(ANA), "view": view}
    return str((await bench.call("views.open", args))["view"]["id"])
