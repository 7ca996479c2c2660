"""Slack's Web API clients, with the retries that are safe."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

SLACK_API = "https://slack.com/api/"


def make_web(token: str, base_url: str | None, *, timeout_s: int = 10) -> WebClient:
    """A client for worker threads. 429 is waited out; a cut connection is never tried again here:
    slack_sdk's own handler for those would post a second time what Slack already took."""
    return WebClient(
        token=token,
        base_url=_slashed(base_url),
        timeout=timeout_s,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
    )


def make_async_web(token: str, base_url: str | None, *, timeout_s: int = 3) -> AsyncWebClient:
    """A client for listeners, who have three seconds in all."""
    return AsyncWebClient(
        token=token,
        base_url=_slashed(base_url),
        timeout=timeout_s,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )


def _slashed(base_url: str | None) -> str:
    return (base_url or SLACK_API).rstrip("/") + "/"
