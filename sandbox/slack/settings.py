"""What one practice workspace is started with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ConfigError


@dataclass(frozen=True)
class Manifest:
    """What the app asked for. None means that everything is granted. `agent`: declared as an
    agent, so that its work shows as sessions."""

    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None
    commands: frozenset[str] | None = None
    #: callback_id -> name, of those offered at a message.
    shortcuts: Mapping[str, str] | None = None
    agent: bool = True

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Reads a Slack app manifest (JSON). ConfigError says what is wrong and where."""
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: the manifest cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{path}: the manifest is not valid JSON: {error}") from error
        try:
            return cls(
                scopes=frozenset(body["oauth_config"]["scopes"]["bot"]),
                events=frozenset(body["settings"]["event_subscriptions"]["bot_events"]),
                commands=frozenset(c["command"] for c in body["features"]["slash_commands"]),
                shortcuts={
                    one["callback_id"]: one["name"]
                    for one in body["features"].get("shortcuts", ())
                    if one["type"] == "message"
                },
                agent="agent_view" in body["features"],
            )
        except (KeyError, TypeError) as error:
            raise ConfigError(
                f"{path}: the manifest needs oauth_config.scopes.bot, "
                f"settings.event_subscriptions.bot_events and features.slash_commands ({error})"
            ) from error


@dataclass(frozen=True)
class Settings:
    """Addresses are absolute; delays and waits are seconds. `ack_seconds`: the app's time to
    acknowledge; `trigger_seconds`: its time to open a modal; `retry_delays`: before each retry;
    `stream_seconds`: after which a stream is cut off, about five minutes at Slack.

    With a `request_url`, deliveries are signed HTTP posts; without, they go over Socket Mode.
    """

    data: Path
    port: int = 8300
    request_url: str | None = None
    interactivity_url: str | None = None
    commands_url: str | None = None
    manifest: Manifest = field(default_factory=Manifest)
    office: str = "http://127.0.0.1:8302"
    bot: str = "http://127.0.0.1:8307"
    limits: bool = False
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    retry_delays: tuple[float, ...] = (1.0, 60.0, 300.0)
    stream_seconds: float = 300.0

    def url_for(self, kind: str) -> str:
        """Where deliveries of this kind are posted; only with a request URL."""
        own = {"interactive": self.interactivity_url, "slash_commands": self.commands_url}
        return own.get(kind) or self.request_url or ""
