"""An endpoint's reply in our form, whether it came whole or in pieces."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from core.errors import ModelError
from llm.listening import Line


@dataclass(frozen=True)
class Reply:
    """What was said, unchecked. Tokens are None where the endpoint does not tell."""

    content: str | None
    #: (id, name on the wire, argument text) of each call.
    calls: tuple[tuple[str, str, str], ...]
    finish: str
    model: str
    input_tokens: int | None
    output_tokens: int | None


def whole(completion: ChatCompletion) -> Reply:
    """Raises `ModelError` when there is no answer in it."""
    if not completion.choices:
        raise ModelError("The model gave no answer.")
    choice, usage = completion.choices[0], completion.usage
    return Reply(
        content=choice.message.content or choice.message.refusal,
        calls=tuple(
            # Some compatible servers leave the id out.
            (call.id or f"call_{position}", call.function.name, call.function.arguments)
            for position, call in enumerate(choice.message.tool_calls or ())
            if call.type == "function"
        ),
        finish=choice.finish_reason,
        model=completion.model,
        input_tokens=usage.prompt_tokens if usage else None,
        output_tokens=usage.completion_tokens if usage else None,
    )


def in_pieces(stream: openai.Stream[object], line: Line, *, most_s: float) -> Reply:
    """Put the pieces (`chat.completion.chunk` as JSON) together, telling the line the text so far.

    Raises `openai.APIConnectionError` when they end before the answer does, `APITimeoutError` after
    `most_s` seconds, `ValueError` for what is no piece, `Abandoned` when nobody listens any more.
    https://platform.openai.com/docs/api-reference/chat-streaming
    """
    response = stream.response
    if "event-stream" not in response.headers.get("content-type", ""):
        # It does not stream, and says so by sending all at once.
        return whole(ChatCompletion.model_validate_json(response.read()))
    pieces, until = _Pieces(), time.monotonic() + most_s
    for chunk in stream:
        line.check()
        if time.monotonic() > until:
            raise openai.APITimeoutError(response.request)
        try:
            pieces.add(chunk)  # type: ignore[arg-type] # unchecked: what does not fit raises
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("this is no piece of an answer") from error
        line.say(pieces.text)
    if pieces.finish is None:
        raise openai.APIConnectionError(message="cut off", request=response.request)
    return pieces.reply()


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass
class _Pieces:
    text: str = ""
    refusal: str = ""
    calls: dict[int, _Call] = field(default_factory=dict)
    finish: str | None = None
    model: str = ""
    usage: tuple[int, int] | None = None

    def add(self, chunk: Mapping[str, Any]) -> None:
        self.model = chunk.get("model") or self.model
        if usage := chunk.get("usage"):
            self.usage = (int(usage["prompt_tokens"]), int(usage["completion_tokens"]))
        for choice in (chunk.get("choices") or ())[:1]:
            delta = choice.get("delta") or {}
            self.text += delta.get("content") or ""
            self.refusal += delta.get("refusal") or ""
            self._add_calls(delta.get("tool_calls") or ())
            self.finish = choice.get("finish_reason") or self.finish

    def _add_calls(self, deltas: Iterable[Mapping[str, Any]]) -> None:
        for delta in deltas:
            # Some compatible servers send each call whole and number none of them.
            index = delta.get("index")
            call = self.calls.setdefault(len(self.calls) if index is None else index, _Call())
            call.id = call.id or delta.get("id") or ""
            if function := delta.get("function"):
                call.name = call.name or function.get("name") or ""
                call.arguments.append(function.get("arguments") or "")

    def reply(self) -> Reply:
        used_in, used_out = self.usage or (None, None)
        return Reply(
            content=self.text or self.refusal or None,
            calls=tuple(
                (call.id or f"call_{position}", call.name, "".join(call.arguments))
                for position, (_, call) in enumerate(sorted(self.calls.items()))
            ),
            finish=self.finish or "",
            model=self.model,
            input_tokens=used_in,
            output_tokens=used_out,
        )
