"""What the Slack side is given by the bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from approvals.people import People
from approvals.policy.judge import Policy
from audit.log import Log
from bot.events.rules import EventRule
from core.clock import Clock
from core.db import Database
from core.errors import ConfigError
from tools.registry import Registry


@dataclass(frozen=True)
class Identity:
    """Who we are in Slack: what `auth.test` says."""

    team_id: str
    bot_user_id: str
    bot_id: str
    #: The workspace's address with a slash at its end, for links to messages.
    url: str

    @classmethod
    def of(cls, auth_test: Mapping[str, Any]) -> Identity:
        """From an answer of `auth.test` (a `SlackResponse` will do). Raises `ConfigError`."""
        found = {name: auth_test.get(name) for name in ("team_id", "user_id", "bot_id", "url")}
        missing = [name for name, value in found.items() if not value]
        if missing:
            raise ConfigError(
                f"SLACK_BOT_TOKEN: auth.test names no {', '.join(missing)}. "
                "Use the bot token that starts with xoxb-."
            )
        return cls(
            team_id=str(found["team_id"]),
            bot_user_id=str(found["user_id"]),
            bot_id=str(found["bot_id"]),
            url=str(found["url"]).rstrip("/") + "/",
        )


@dataclass(frozen=True)
class BotDeps:
    """`registry` is used for declarations only: no tool runs in this process."""

    db: Database
    log: Log
    clock: Clock
    people: People
    policy: Policy
    registry: Registry
    identity: Identity
    #: Carries the bot token; made by `bot.web.make_async_web`.
    web: AsyncWebClient
    #: Own scopes of automations, where they are not just what their tools need.
    automations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: None only where no HTTP endpoint is served (Socket Mode).
    signing_secret: str | None = None
    #: What starts work on events of other systems, and the keys each source signs with.
    event_rules: tuple[EventRule, ...] = ()
    event_keys: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    #: How many events of a source are taken in a minute, where it is not `PER_MINUTE`.
    event_rates: Mapping[str, int] = field(default_factory=dict)
