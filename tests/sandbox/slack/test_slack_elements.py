"""Clicks, choices and modals: people use what really stands there, and the app hears of it."""

from typing import Any

import pytest

from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import (
    ANA,
    FINN,
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


async def test_a_press_on_what_an_edit_left_standing_counts(bench: Bench) -> None:
    ts = await _posted(bench, actions(button("vote", value="a"), button("story", value="b")))
    seen = await _action(bench, ts, "vote")
    edited = [section(), {**actions(button("vote", value="a"), button("undo", value="b"))}]
    for block in edited:
        block["block_id"] = f"new-{block['type']}"
    await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "text": "t", "blocks": edited})

    again = await _action(bench, ts, "vote", value="a", block_id=seen["block_id"])
    other = await _click(bench, ts, "vote", value="c", block_id=seen["block_id"])
    gone = await _click(bench, ts, "story", value="b", block_id=seen["block_id"])

    assert (again["value"], again["block_id"]) == ("a", "new-actions")
    assert (other["status"], gone["status"]) == (404, 404)


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
