"""The control API: what people can do, what they cannot, and how it is refused."""

from typing import Any

import pytest

from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import (
    ANA,
    FINN,
    GITA,
    SUPPORT,
    Bench,
    actions,
    button,
    home,
    input_block,
    modal,
    plain,
    section,
)

pytestmark = pytest.mark.usefixtures("answered")

OPTIONS = [{"text": plain(name), "value": name} for name in ("red", "green")]
SELECT = {"type": "static_select", "action_id": "pick", "options": OPTIONS}


async def test_the_workspace_shows_five_people_three_channels_and_the_app(bench: Bench) -> None:
    seen = await bench.see("workspace")

    assert [(u["name"], u["role"], u["is_restricted"]) for u in seen["users"]] == [
        ("Ana Berg", "support", False),
        ("Finn Aalto", "finance", False),
        ("Olga Reyes", "operations", False),
        ("Sam Cole", "sales", False),
        ("Gita Rao", "guest", True),
    ]
    assert [c["name"] for c in seen["channels"]] == ["support", "finance", "general"]
    assert seen["bot"]["user_id"] == "U0SIGNOFF"


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
            "Unknown: usr. Known here: user, channel, text, thread_ts.",
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


async def test_only_elements_that_stand_on_the_message_can_be_used(bench: Bench) -> None:
    ts = await _posted(bench, actions(button("approve"), button("reject")))

    answer = await _click(bench, ts, "pay")

    assert (answer["status"], answer["error"]) == (
        404,
        "There is no pay here. There is: approve, reject.",
    )


async def test_an_ephemeral_message_is_used_by_its_reader_alone(bench: Bench) -> None:
    args = {"channel": SUPPORT, "user": ANA, "text": "t", "blocks": [actions(button())]}
    ts = (await bench.call("chat.postEphemeral", args))["message_ts"]

    hers = await _click(bench, ts, "ok")
    his = await _click(bench, ts, "ok", user=FINN)

    assert (hers["status"], his["status"]) == (200, 404)


async def test_of_buttons_with_one_action_id_the_value_picks(bench: Bench) -> None:
    ts = await _posted(
        bench,
        {**actions(button("vote", value="a")), "block_id": "one"},
        {**actions(button("vote", value="b")), "block_id": "two"},
    )

    picked = [
        await _action(bench, ts, "vote", value="b"),
        await _action(bench, ts, "vote", block_id="two"),
        await _action(bench, ts, "vote"),
    ]
    wrong = await _click(bench, ts, "vote", value="c")

    assert [action["value"] for action in picked] == ["b", "b", "a"]
    assert wrong["error"] == "No button of this message has that value."


@pytest.mark.parametrize(
    ("element", "value", "reported"),
    [
        (SELECT, "green", {"selected_option": {"value": "green"}}),
        ({**SELECT, "type": "radio_buttons"}, "red", {"selected_option": {"value": "red"}}),
        (
            {**SELECT, "type": "checkboxes"},
            ["red", "green"],
            {"selected_options": [{"value": "red"}, {"value": "green"}]},
        ),
        (
            {"type": "datepicker", "action_id": "pick"},
            "2026-11-23",
            {"selected_date": "2026-11-23"},
        ),
    ],
)
async def test_a_choice_is_reported_in_the_action_and_in_the_state(
    bench: Bench, element: Json, value: Any, reported: Json
) -> None:
    ts = await _posted(bench, actions(element))

    await _click(bench, ts, "pick", value=value)

    payload = bench.delivered[-1].payload
    action, state = payload["actions"][0], payload["state"]["values"]["acts"]["pick"]
    for seen in (action, state):
        assert _values({key: seen[key] for key in reported}) == reported


def _values(chosen: Json) -> Json:
    """Options by their value alone."""

    def short(item: Any) -> Any:
        return {"value": item["value"]} if isinstance(item, dict) else item

    return {
        key: [short(item) for item in value] if isinstance(value, list) else short(value)
        for key, value in chosen.items()
    }


@pytest.mark.parametrize(
    ("element", "value", "error"),
    [
        (SELECT, "blue", "pick offers red, green, not blue."),
        (
            {"type": "datepicker", "action_id": "pick"},
            "tomorrow",
            "A date is written as 2026-11-20.",
        ),
    ],
)
async def test_a_choice_that_is_not_offered_is_refused(
    bench: Bench, element: Json, value: Any, error: str
) -> None:
    ts = await _posted(bench, actions(element))

    assert (await _click(bench, ts, "pick", value=value))["error"] == error


async def test_feedback_is_one_of_the_two_buttons(bench: Bench) -> None:
    element = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": {"text": plain("Good"), "value": "good"},
        "negative_button": {"text": plain("Bad"), "value": "bad"},
    }
    ts = await _posted(bench, {"type": "context_actions", "elements": [element]})

    action = await _action(bench, ts, "feedback", value="bad")
    wrong = await _click(bench, ts, "feedback", value="meh")

    assert action["value"] == "bad"
    assert wrong["status"] == 404


async def test_a_button_of_home_is_used_by_its_view(bench: Bench) -> None:
    view = {"user_id": ANA, "view": home(actions(button("approve")))}
    view_id = (await bench.call("views.publish", view))["view"]["id"]

    answer = await bench.do("actions", user=ANA, view_id=view_id, action_id="approve")

    payload = bench.delivered[-1].payload
    assert answer["status"] == 200
    assert payload["container"] == {"type": "view", "view_id": view_id}
    assert payload["view"]["type"] == "home"
    assert "response_url" not in payload


async def test_a_modal_refuses_what_it_has_no_input_for(bench: Bench) -> None:
    view_id = await _open(bench, modal())

    answer = await bench.do("views", user=ANA, view_id=view_id, values={"x": {"y": "z"}})

    assert answer["error"] == "The modal has no input x/y."


async def test_the_length_of_an_input_is_checked_before_the_app_hears_of_it(bench: Bench) -> None:
    element = {
        "type": "plain_text_input",
        "action_id": "text",
        "min_length": 3,
        "max_length": 5,
    }
    view_id = await _open(bench, modal(input_block(element=element)))
    before = len(bench.delivered)

    async def sent(text: str) -> Json:
        values = {"reason": {"text": text}}
        return dict((await bench.do("views", user=ANA, view_id=view_id, values=values))["errors"])

    assert await sent("ab") == {"reason": "Please use at least 3 characters."}
    assert await sent("abcdef") == {"reason": "Please use at most 5 characters."}
    assert len(bench.delivered) == before


async def test_an_optional_input_may_be_left_empty(bench: Bench) -> None:
    view_id = await _open(bench, modal(input_block(optional=True)))

    await bench.do("views", user=ANA, view_id=view_id, values={})

    state = bench.delivered[-1].payload["view"]["state"]
    assert state == {"values": {"reason": {"text": {"type": "plain_text_input", "value": None}}}}


async def test_closing_is_told_only_when_the_modal_asks_for_it(bench: Bench) -> None:
    silent = await _open(bench, modal())
    await bench.do("views", user=ANA, view_id=silent, close=True)
    before = len(bench.delivered)
    loud = await _open(bench, modal(notify_on_close=True))

    await bench.do("views", user=ANA, view_id=loud, close=True)

    assert [p.payload["type"] for p in bench.delivered[before:]] == ["view_closed"]
    assert (await bench.see(f"views?user={ANA}"))["views"] == []


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


async def _posted(bench: Bench, *blocks: Json) -> str:
    args = {"channel": SUPPORT, "text": "t", "blocks": [section(), *blocks]}
    return str((await bench.call("chat.postMessage", args))["ts"])


async def _click(bench: Bench, ts: str, action_id: str, *, user: str = ANA, **more: Any) -> Json:
    return await bench.do("actions", user=user, channel=SUPPORT, ts=ts, action_id=action_id, **more)


async def _action(bench: Bench, ts: str, action_id: str, **more: Any) -> Json:
    """What the app is told of a click."""
    await _click(bench, ts, action_id, **more)
    return dict(bench.delivered[-1].payload["actions"][0])


async def _open(bench: Bench, view: Json) -> str:
    args = {"trigger_id": bench.workspace.triggers.issue(ANA), "view": view}
    return str((await bench.call("views.open", args))["view"]["id"])
