"""From a checked chat request to what goes over the wire: script, structure or patterns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sandbox.model.catalogue import NAMES, WHAT_I_AM
from sandbox.model.conversation import read_conversation
from sandbox.model.mind import reply
from sandbox.model.script import Turn
from sandbox.model.structured import filled
from sandbox.model.wire import BadRequest, Completion, WireCall, completion_tokens, prompt_tokens

Body = Mapping[str, object]


def check(body: object) -> Body:
    """The request, or `BadRequest` naming what is wrong and what to do."""
    if not isinstance(body, Mapping):
        raise BadRequest("send a JSON object")
    if body.get("model") not in NAMES:
        raise BadRequest(
            f"there is no model {body.get('model')!r} here: this is {WHAT_I_AM}. "
            f"Use {' or '.join(NAMES)}.",
            param="model",
            status=404,
        )
    if not objects(body.get("messages")):
        raise BadRequest("messages must be a list of at least one message", param="messages")
    if body.get("tools") is not None and not objects(body.get("tools")):
        raise BadRequest("tools must be a list of function declarations", param="tools")
    if body.get("n") not in (None, 1):
        raise BadRequest("this server gives one choice: leave n out", param="n")
    if body.get("tool_choice") not in (None, "auto", "none"):
        raise BadRequest("tool_choice is auto or none here: patterns decide", param="tool_choice")
    return body


def objects(value: object) -> list[Mapping[str, object]]:
    """The value if it is a list of objects only, else an empty list."""
    listed = value if isinstance(value, list) else []
    return listed if all(isinstance(item, Mapping) for item in listed) else []


def complete(body: Body, turn: Turn | None) -> Completion:
    """The answer of the script's turn, or of the patterns where the turn says nothing."""
    if turn and not turn.says_nothing:
        return _counted(body, turn.content or "", turn.calls, turn)
    asked_format = body.get("response_format")
    if isinstance(asked_format, Mapping) and asked_format.get("type") in (
        "json_schema",
        "json_object",
    ):
        return _counted(body, _structured(body, asked_format), (), turn)
    tools = [] if body.get("tool_choice") == "none" else objects(body.get("tools"))
    said = reply(objects(body["messages"]), tools)
    calls = tuple(WireCall(c.name, _compact(c.arguments)) for c in said.calls)
    if body.get("parallel_tool_calls") is False:
        calls = calls[:1]
    return _counted(body, said.text, calls, turn)


def request_of(body: Body) -> str:
    """What the asker said last, for matching scripts."""
    return read_conversation(objects(body["messages"])).request


def _structured(body: Body, asked_format: Mapping[str, object]) -> str:
    source = request_of(body)
    declared = asked_format.get("json_schema")
    schema = declared.get("schema") if isinstance(declared, Mapping) else None
    if isinstance(schema, Mapping):
        return _compact(filled(schema, source))
    return _compact({"answer": reply(objects(body["messages"]), []).text})


def _counted(body: Body, text: str, calls: Sequence[WireCall], turn: Turn | None) -> Completion:
    finish = turn.finish_reason if turn else ""
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    if isinstance(most, int) and not calls and len(text) > most * 4:
        text, finish = text[: most * 4], finish or "length"
    usage = turn.usage if turn else {}
    return Completion(
        text=text,
        calls=tuple(calls),
        prompt_tokens=usage.get("prompt_tokens", prompt_tokens(body)),
        completion_tokens=usage.get("completion_tokens", completion_tokens(text, calls)),
        finish=finish,
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
