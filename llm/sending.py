"""Sending one request as often as may help, and what a person is told when nothing did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import openai
import structlog
import tenacity

from core.errors import ModelError

log = structlog.get_logger()
T = TypeVar("T")


class ModelRefused(ModelError):
    """The language model refused this request. The owner can see why in the log."""


@dataclass(frozen=True)
class Retries:
    """How often one request is sent, and the pauses between; Retry-After wins up to `cap_s`."""

    attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0


class Sending:
    def __init__(self, retries: Retries) -> None:
        self._retries = retries

    def send(self, ask: Callable[[], T], pause: Callable[[float], None] = time.sleep) -> T:
        """`ask`'s result, asked as often as may help. Raises `ModelError`, `ModelRefused`, and what
        `pause` raises."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._retries.attempts),
            wait=self._pause,
            sleep=pause,
            retry=tenacity.retry_if_exception(_worth_again),
            before_sleep=_note,
            reraise=True,
        )
        try:
            return retrying(ask)
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


def _worth_again(error: BaseException) -> bool:
    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    # It was waited for long enough: the turn, whose asker sees that it waits, comes back to it.
    if isinstance(error, openai.APITimeoutError):
        return False
    # A body cut short arrives as a connection error, or as JSON that does not parse; an error told
    # within a stream as a plain `APIError`.
    return type(error) is openai.APIError or isinstance(
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
