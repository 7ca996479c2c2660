"""Every row of the method table: what it takes, what it refuses, and with which code."""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.slack.methods.handlers import HANDLERS
from sandbox.slack.methods.table import COMMON_ERRORS, TABLE
from sandbox.slack.settings import Manifest
from sandbox.slack.shapes import APP_TOKEN, BOT_TOKEN
from tests.sandbox.slack.slack_bench import SUPPORT, Bench
from tests.sandbox.slack.slack_cases import ERRORS, HAPPY
from tests.sandbox.slack.slack_scene import Scene

ROWS = sorted(TABLE)
REQUIRED = [(row.name, arg.name, arg.missing) for row in TABLE.values() for arg in row.required]
CODES = [(method, code) for method, cases in ERRORS.items() for code in cases]
WITH_TOKEN = [name for name, row in TABLE.items() if row.takes != "none"]
WITH_SCOPE = [name for name, row in TABLE.items() if row.scopes and row.takes == "bot"]


def test_every_row_has_a_handler_and_a_working_call() -> None:
    assert set(TABLE) == set(HANDLERS) == set(HAPPY)


@pytest.mark.parametrize("name", ROWS)
def test_every_error_code_of_a_row_has_a_case_and_no_case_is_undeclared(name: str) -> None:
    assert set(TABLE[name].errors) == set(ERRORS.get(name, {}))


@pytest.mark.parametrize("name", ROWS)
async def test_a_call_with_what_it_needs_is_answered(scene: Scene, name: str) -> None:
    args = await HAPPY[name](scene)

    answer = await scene.bench.call(name, args)

    assert answer["ok"] is True, answer


@pytest.mark.parametrize("name", ROWS)
async def test_forms_are_read_like_json(scene: Scene, name: str) -> None:
    args = await HAPPY[name](scene)

    answer = await scene.bench.form(name, args)

    assert answer["ok"] is True, answer


@pytest.mark.parametrize("name", ROWS)
async def test_an_unknown_argument_is_refused_by_its_name(scene: Scene, name: str) -> None:
    args = await HAPPY[name](scene)

    answer = await scene.bench.call(name, {**args, "room": "x"})

    assert answer == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] unknown argument: room"]},
    }


@pytest.mark.parametrize(("name", "arg", "code"), REQUIRED)
async def test_a_missing_argument_is_named(scene: Scene, name: str, arg: str, code: str) -> None:
    args = await HAPPY[name](scene)
    args = {key: value for key, value in args.items() if key != arg}

    answer = await scene.bench.call(name, args)

    assert answer == {
        "ok": False,
        "error": code,
        "response_metadata": {"messages": [f"[ERROR] missing required field: {arg}"]},
    }


@pytest.mark.parametrize(("name", "code"), CODES)
async def test_each_error_code_has_its_reason(scene: Scene, name: str, code: str) -> None:
    args = await ERRORS[name][code](scene)

    answer = await scene.bench.call(name, args)

    assert (answer["ok"], answer["error"]) == (False, code)


@pytest.mark.parametrize("name", WITH_TOKEN)
async def test_a_call_needs_the_right_token(bench: Bench, name: str) -> None:
    other = BOT_TOKEN if TABLE[name].takes == "app" else APP_TOKEN
    url = bench.running.api_url + name

    async with bench.http.post(url) as answer:
        nothing = await answer.json()
    wrong = await bench.call(name, token="xoxb-somebody-else")
    kind = await bench.call(name, token=other)

    assert [a["error"] for a in (nothing, wrong, kind)] == [
        "not_authed",
        "invalid_auth",
        "not_allowed_token_type",
    ]


@pytest.mark.parametrize("name", WITH_SCOPE)
async def test_a_call_needs_its_scope(scene: Scene, name: str) -> None:
    args = await HAPPY[name](scene)
    workspace = scene.bench.workspace
    workspace.settings = replace(
        workspace.settings, manifest=Manifest(scopes=frozenset({"commands"}))
    )

    answer = await scene.bench.call(name, args)

    needed = ",".join(scope.format(kind="channels") for scope in TABLE[name].scopes)
    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": needed,
        "provided": "commands",
    }


async def test_direct_messages_need_a_scope_of_their_own(bench: Bench) -> None:
    workspace = bench.workspace
    workspace.settings = replace(
        workspace.settings, manifest=Manifest(scopes=frozenset({"channels:history"}))
    )

    channel = await bench.call("conversations.history", {"channel": SUPPORT})
    direct = await bench.call("conversations.history", {"channel": "D0ANA"})

    assert channel["ok"] is True
    assert (direct["error"], direct["needed"]) == ("missing_scope", "im:history")


async def test_an_unknown_method_is_refused(bench: Bench) -> None:
    answer = await bench.call("chat.shout", {"text": "Hello"})

    assert answer == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"channel": SUPPORT, "text": 5}, "must be a string [json-pointer:/text]"),
        ({"channel": SUPPORT, "text": "t", "mrkdwn": "maybe"}, "must be a boolean"),
        ({"channel": SUPPORT, "text": "t", "attachments": {}}, "must be an array"),
    ],
)
async def test_arguments_of_a_wrong_kind_are_refused(
    bench: Bench, args: dict[str, Any], reason: str
) -> None:
    answer = await bench.call("chat.postMessage", args)

    assert answer["error"] == "invalid_arguments"
    assert reason in answer["response_metadata"]["messages"][0]


@pytest.mark.parametrize(("body", "code"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_a_body_that_is_no_json_object_is_refused(bench: Bench, body: str, code: str) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    url = bench.running.api_url + "auth.test"

    async with bench.http.post(url, data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == code


async def test_a_limit_must_be_a_number(bench: Bench) -> None:
    answer = await bench.call("users.list", {"limit": "many"})

    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be an integer [json-pointer:/limit]"
    ]


def test_common_errors_are_in_no_row() -> None:
    assert not [name for name, row in TABLE.items() if set(row.errors) & set(COMMON_ERRORS)]
