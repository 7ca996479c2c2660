"""One client for OpenAI-compatible endpoints: time-outs, retries, checked answers, prices."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import openai
import structlog
import tenacity
from openai.types.chat import ChatCompletion

from core.errors import ModelError
from llm.calls import Schema, ToolCall, clean, read_calls, wire_tools
from llm.config import ModelsConfig, Tier

log = structlog.get_logger()
T = TypeVar("T")


class ModelRefused(ModelError):
    """The language model refused this request. The owner can see why in the log."""


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


@dataclass(frozen=True)
class Retries:
    """How often one request is sent, and the pauses between; Retry-After wins up to `cap_s`."""

    attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0


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
        self._retries = retries or Retries()
        self._client = openai.OpenAI(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout_s,
            max_retries=0,  # ours, below: one place that counts and logs
            http_client=_http_client(base_url),
        )

    def complete(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[Schema], tier: Tier
    ) -> Answer:
        """Ask once. Raises `ModelError` when no answer came in all attempts, `ModelRefused` when
        asking again is no use (a wrong key, a request the model does not take)."""
        model = self.config.tier(tier)
        offered: dict[str, Any] = {"tools": wire_tools(tools)} if tools else {}
        started = time.monotonic()
        reply: ChatCompletion = self._sent(
            lambda: self._client.chat.completions.create(
                model=model.model, messages=cast(Any, list(messages)), **offered
            )
        )
        return self._answer(reply, tools, tier, round((time.monotonic() - started) * 1000))

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order. Raises like `complete`."""
        if not texts:
            return []
        model = self.config.embedding.model
        reply = self._sent(lambda: self._client.embeddings.create(model=model, input=list(texts)))
        if len(reply.data) != len(texts):
            raise ModelError("The model gave a different number of vectors than texts.")
        return [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]

    def close(self) -> None:
        self._client.close()

    def _answer(
        self, reply: ChatCompletion, tools: Sequence[Schema], tier: Tier, duration_ms: int
    ) -> Answer:
        if not reply.choices:
            raise ModelError("The model gave no answer.")
        choice = reply.choices[0]
        raw = [
            # Some compatible servers leave the id out.
            (call.id or f"call_{position}", call.function.name, call.function.arguments)
            for position, call in enumerate(choice.message.tool_calls or ())
            if call.type == "function"
        ]
        calls, problems = read_calls(raw, tools)
        content = _words(choice.message.content or choice.message.refusal, choice.finish_reason)
        if not content and not raw:
            problems = ("The answer was empty.",)
        used_in = reply.usage.prompt_tokens if reply.usage else 0
        used_out = reply.usage.completion_tokens if reply.usage else 0
        price = self.config.tier(tier).cost_micros(used_in, used_out) if reply.usage else None
        return Answer(
            content=content,
            calls=calls,
            problems=problems,
            model=reply.model,
            tier=tier,
            input_tokens=used_in,
            output_tokens=used_out,
            cost_micros=price,
            duration_ms=duration_ms,
        )

    def _sent(self, send: Callable[[], T]) -> T:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._retries.attempts),
            wait=self._pause,
            retry=tenacity.retry_if_exception(_worth_again),
            before_sleep=_note,
            reraise=True,
        )
        try:
            return retrying(send)
        except openai.APIStatusError as error:
            log.warning("model_failed", status=error.status_code, code=error.code)
            raise _named(error) from error
        except (openai.OpenAIError, ValueError) as error:
            log.warning("model_failed", error=type(error).__name__)
            raise ModelError() from error

    def _pause(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = _retry_after(error)
        grown = self._retries.base_s * 2 ** (state.attempt_number - 1)
        return min(grown if asked is None else asked, self._retries.cap_s)


def _http_client(base_url: str | None) -> openai.DefaultHttpxClient | None:
    # A model on this machine is never reached through the environment's proxy.
    if base_url and any(host in base_url for host in ("//127.0.0.1", "//localhost", "//[::1]")):
        return openai.DefaultHttpxClient(trust_env=False)
    return None


def _worth_again(error: BaseException) -> bool:
    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    # It was waited for long enough: the turn, whose asker sees that it waits, comes back to it.
    if isinstance(error, openai.APITimeoutError):
        return False
    # A body cut short arrives as a connection error, or as JSON that does not parse.
    return isinstance(
        error, (openai.APIConnectionError, openai.APIResponseValidationError, ValueError)
    )


def _retry_after(error: BaseException | None) -> float | None:
    if not isinstance(error, openai.APIStatusError):
        return None
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _note(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info("model_again", attempt=state.attempt_number, error=type(error).__name__)


def _named(error: openai.APIStatusError) -> ModelError:
    if error.status_code in (401, 403):
        return ModelRefused(
            "The language model does not accept our key. The owner needs to check OPENAI_API_KEY."
        )
    if error.status_code == 404:
        return ModelRefused(
            "The language model is not known at its address. The owner needs to check "
            "config/models.yaml and OPENAI_BASE_URL."
        )
    if error.status_code == 429:
        return ModelError("The language model is busy right now. Please try again in a minute.")
    return ModelError() if error.status_code >= 500 else ModelRefused()


def _words(content: str | None, finish: str) -> str | None:
    text = clean(content or "").strip()
    if finish == "length" and text:
        text += "\n\n(cut off here: the answer was too long)"
    return text or None
