"""Slack's Web API clients, with the retries that are safe."""

from __future__ import annotations

from aiohttp import ClientError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.deps import Identity
from core.errors import ConfigError, SignoffError

SLACK_API = "https://slack.com/api/"


def make_web(
    token: str, base_url: str | None, *, timeout_s: int = 10, patience: int = 2
) -> WebClient:
    """A client for worker threads. 429 is waited out (`patience` times); a cut connection is never
    tried again here: slack_sdk's own handler for those would post a second time what Slack already
    took."""
    return WebClient(
        token=token,
        base_url=_slashed(base_url),
        timeout=timeout_s,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=patience)],
    )


def make_async_web(token: str, base_url: str | None, *, timeout_s: int = 3) -> AsyncWebClient:
    """A client for listeners, who have three seconds in all."""
    return AsyncWebClient(
        token=token,
        base_url=_slashed(base_url),
        timeout=timeout_s,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )


class SlackUnreachable(SignoffError):
    """Slack cannot be reached. Check this machine's connection and start again."""


def who_we_are(web: WebClient) -> Identity:
    """Raises `ConfigError` when Slack does not take the token, `SlackUnreachable` without an
    answer."""
    try:
        return Identity.of(web.auth_test().data)  # type: ignore[arg-type]
    except SlackApiError as error:
        raise ConfigError(_not_taken(error)) from error
    except OSError as error:
        raise SlackUnreachable() from error


async def who_we_are_async(web: AsyncWebClient) -> Identity:
    """The same for an async client."""
    try:
        return Identity.of((await web.auth_test()).data)  # type: ignore[arg-type]
    except SlackApiError as error:
        raise ConfigError(_not_taken(error)) from error
    except (OSError, ClientError) as error:
        raise SlackUnreachable() from error


def _not_taken(error: SlackApiError) -> str:
    return f"SLACK_BOT_TOKEN: Slack says {error.response['error']}. Copy the bot token anew."


def _slashed(base_url: str | None) -> str:
    return (base_url or SLACK_API).rstrip("/") + "/"
