"""One client for OpenAI-compatible endpoints: time-outs, retries, checked answers, prices."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import openai
import structlog

from core.errors import ModelError
from llm.calls import Schema, ToolCall, clean, read_calls, wire_tools
from llm.config import ModelsConfig, Tier
from llm.listening import Line, Listener, attended
from llm.reply import Reply, in_pieces, whole
from llm.sending import Retries, Sending

log = structlog.get_logger()

#: An answer may be written for this many times as long as a single word may be waited for.
_LONGEST = 10


@dataclass(frozen=True)
class Answer:
    """A model's answer: words, calls, or both. `problems` lists what it asked for and cannot have;
    then no call of it may be used."""

    content: str | None
    calls: tuple[ToolCall, ...]
    problems: tuple[str, ...]
    model: str
    tier: Tier
    input_tokens: int
    output_tokens: int
    #: Millionths of a US dollar; None where the price is not known.
    cost_micros: int | None
    duration_ms: int


class Models:
    """Answers and vectors of the configured models. Safe to share between threads."""

    def __init__(
        self,
        config: ModelsConfig,
        *,
        api_key: str,
        base_url: str | None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
    ) -> None:
        self.config = config
        self._sending = Sending(retries or Retries())
        self._timeout_s = timeout_s
        #: False once the endpoint has refused to stream: then it is not asked to again.
        self._streams = config.stream
        self._client = openai.OpenAI(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout_s,
            max_retries=0,  # ours, below: one place that counts and logs
            http_client=_http_client(base_url),
        )

    def complete(
        self,
        messages: Sequence[dict[str, Any]],
        tools: Sequence[Schema],
        tier: Tier,
        listener: Listener | None = None,
    ) -> Answer:
        """Ask once; with a listener the words are streamed to it while they are written.

        Raises `ModelError` when no answer came in all attempts, `ModelRefused` when asking again
        is no use (a wrong key, a request the model does not take), `Abandoned` when the listener
        does not want the answer any more.
        """
        request: dict[str, Any] = {
            "model": self.config.tier(tier).model,
            "messages": cast(Any, list(messages)),
            **({"tools": wire_tools(tools)} if tools else {}),
        }
        started = time.monotonic()
        if listener is None:
            reply = self._sending.send(
                lambda: whole(self._client.chat.completions.create(**request))
            )
        else:
            reply = attended(lambda line: self._heard(request, line), listener)
        return self._answer(reply, tools, tier, round((time.monotonic() - started) * 1000))

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order. Raises like `complete`."""
        if not texts:
            return []
        model = self.config.embedding.model
        reply = self._sending.send(
            lambda: self._client.embeddings.create(model=model, input=list(texts))
        )
        if len(reply.data) != len(texts):
            raise ModelError("The model gave a different number of vectors than texts.")
        return [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]

    def close(self) -> None:
        self._client.close()

    def _heard(self, request: dict[str, Any], line: Line) -> Reply:
        def once() -> Reply:
            line.check()
            if self._streams:
                try:
                    return self._streamed(request, line)
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    if "stream" not in f"{error.param} {error.message}":
                        raise
                    log.warning("model_does_not_stream", status=error.status_code)
                    self._streams = False
            return whole(self._client.chat.completions.create(**request))

        return self._sending.send(once, line.pause)

    def _streamed(self, request: dict[str, Any], line: Line) -> Reply:
        body = {**request, "stream": True, "stream_options": {"include_usage": True}}
        # Pieces as plain JSON: making objects of each took as long as all else about an answer.
        with self._client.post(
            "/chat/completions",
            cast_to=object,
            body=body,
            stream=True,
            stream_cls=openai.Stream[object],
        ) as stream:
            return in_pieces(stream, line, most_s=_LONGEST * self._timeout_s)

    def _answer(
        self, reply: Reply, tools: Sequence[Schema], tier: Tier, duration_ms: int
    ) -> Answer:
        calls, problems = read_calls(reply.calls, tools)
        content = _words(reply.content, reply.finish)
        if not content and not reply.calls:
            problems = ("The answer was empty.",)
        used_in, used_out = reply.input_tokens, reply.output_tokens
        price = None
        if used_in is not None and used_out is not None:
            price = self.config.tier(tier).cost_micros(used_in, used_out)
        return Answer(
            content=content,
            calls=calls,
            problems=problems,
            model=reply.model,
            tier=tier,
            input_tokens=used_in or 0,
            output_tokens=used_out or 0,
            cost_micros=price,
            duration_ms=duration_ms,
        )


def _http_client(base_url: str | None) -> openai.DefaultHttpxClient | None:
    # A model on this machine is never reached through the environment's proxy.
    if base_url and any(host in base_url for host in ("//127.0.0.1", "//localhost", "//[::1]")):
        return openai.DefaultHttpxClient(trust_env=False)
    return None


def _words(content: str | None, finish: str) -> str | None:
    text = clean(content or "").strip()
    if finish == "length" and text:
        text += "\n\n(cut off here: the answer was too long)"
    return text or None
