"""OpenAI's wire format: completions, stream chunks, errors. Ids are digests of the request."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.model.catalogue import FINGERPRINT

#: A fixed moment (2026-01-01), so that the same request gives the same bytes.
CREATED = 1767225600
_PIECE = re.compile(r"\S+\s*|\s+")
_WORDS_PER_CHUNK = 4
_ARGUMENT_CHARS_PER_CHUNK = 24

Json = dict[str, object]


@dataclass(frozen=True)
class WireCall:
    """A tool call as sent: `arguments` is the raw text, which a script may make malformed."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Completion:
    """What is sent back for one chat request."""

    text: str = ""
    calls: tuple[WireCall, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish: str = field(default="")

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


class BadRequest(Exception):
    """The request cannot be answered; `param` names the field at fault."""

    def __init__(self, message: str, *, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.param, self.status = message, param, status


def tokens(text: str) -> int:
    """The documented rule of this server: one token for every four characters begun."""
    return math.ceil(len(text) / 4)


def prompt_tokens(body: Mapping[str, object]) -> int:
    """Tokens of the messages and tools as compact JSON."""
    asked = {name: body[name] for name in ("messages", "tools") if body.get(name)}
    return tokens(json.dumps(asked, ensure_ascii=False, separators=(",", ":")))


def completion_tokens(text: str, calls: Sequence[WireCall]) -> int:
    """Tokens of the text and of each call's name and arguments."""
    return tokens(text) + sum(tokens(call.name + call.arguments) for call in calls)


def digest(body: object) -> str:
    """32 hex digits that only the request decides."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def completion(body: Mapping[str, object], answer: Completion) -> Json:
    """A whole `chat.completion` object."""
    calls = _calls(body, answer)
    message: Json = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None}
    return {
        **_frame(body, "chat.completion"),
        "choices": [{**choice, "finish_reason": answer.finish_reason}],
        "usage": usage(answer),
    }


def chunks(body: Mapping[str, object], answer: Completion) -> Iterator[Json]:
    """`chat.completion.chunk` objects in order; usage last when the request asked for it."""
    options = body.get("stream_options")
    counted = isinstance(options, Mapping) and bool(options.get("include_usage"))
    frame = {**_frame(body, "chat.completion.chunk"), **({"usage": None} if counted else {})}
    for delta in _deltas(body, answer):
        yield {**frame, "choices": [_choice(delta, None)]}
    yield {**frame, "choices": [_choice({}, answer.finish_reason)]}
    if counted:
        yield {**frame, "choices": [], "usage": usage(answer)}


def usage(answer: Completion) -> Json:
    """Usage figures of a completion."""
    prompt, written = answer.prompt_tokens, answer.completion_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
    }


def error(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> Json:
    """OpenAI's error body."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _frame(body: Mapping[str, object], kind: str) -> Json:
    return {
        "id": f"chatcmpl-{digest(body)}",
        "object": kind,
        "created": CREATED,
        "model": body["model"],
        "system_fingerprint": FINGERPRINT,
    }


def _calls(body: Mapping[str, object], answer: Completion) -> list[Json]:
    return [
        {
            "id": f"call_{digest(body)[:20]}{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for index, call in enumerate(answer.calls)
    ]


def _deltas(body: Mapping[str, object], answer: Completion) -> Iterator[Json]:
    yield {"role": "assistant", "content": "" if answer.text else None}
    words = _PIECE.findall(answer.text)
    for at in range(0, len(words), _WORDS_PER_CHUNK):
        yield {"content": "".join(words[at : at + _WORDS_PER_CHUNK])}
    for index, call in enumerate(_calls(body, answer)):
        arguments = answer.calls[index].arguments
        function = {"name": answer.calls[index].name, "arguments": ""}
        yield {"tool_calls": [{"index": index, **call, "function": function}]}
        for at in range(0, len(arguments), _ARGUMENT_CHARS_PER_CHUNK):
            piece = arguments[at : at + _ARGUMENT_CHARS_PER_CHUNK]
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _choice(delta: Json, finish: str | None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
