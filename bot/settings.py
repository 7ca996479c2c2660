"""Settings: the environment in, one frozen value out. Every other module is given what it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from core.errors import ConfigError

#: Where a name is missing this is what a person should do.
_MEND = "Set it in the environment or in .env (see .env.sample)."

_POSTING = ("SLACK_BOT_TOKEN", "SIGNOFF_SLACK_API")
_SLACK = (*_POSTING, "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
_MODEL = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SIGNOFF_REHEARSAL")
#: Which process is given which credential (P1): the runner gives no other, and none is read from
#: .env by a process that is not named here.
HOLDERS = {
    "bot": (*_SLACK, "SIGNOFF_EVENT_SECRETS"),
    "worker-graphs": (*_POSTING, *_MODEL),
    "worker-tools": (*_MODEL, "SIGNOFF_SECRETS_FILE"),
}
HELD_BY_SOME = frozenset(name for names in HOLDERS.values() for name in names)


@dataclass(frozen=True)
class Settings:
    """What the processes are told. Addresses are `host:port` or URLs; paths are absolute."""

    #: Held by the bot, the token by the graph worker too; checked where they are needed.
    slack_bot_token: str | None
    slack_app_token: str | None
    slack_signing_secret: str | None
    #: Set only by the practice workspace: where Slack's Web API is.
    slack_api_url: str | None
    #: Where Slack reaches us in HTTP mode; `signoff manifest` writes it down for Slack.
    public_url: str | None
    database_url: str
    redis_url: str
    #: None: notes are kept in SQL and found by their words alone.
    chroma_url: str | None
    openai_api_key: str | None
    openai_base_url: str | None
    #: Connector credentials: opened by the tool worker alone.
    secrets_file: Path | None
    #: The key that wraps the log's data keys; made on first start.
    key_file: Path
    host: str
    port: int
    data: Path
    config: Path
    #: True in the practice workspace, and only there does a file move the clock.
    practice: bool
    #: True when the model is the practice workspace's pattern matcher.
    rehearsal: bool
    synchronous: str
    log_level: str
    #: Times that tests and the practice workspace shorten: `turn_lease_s`, `reconcile_every_s`,
    #: `job_tries` (of a job that fails), and `tools_<name>` for each name of `tools.limits.Limits`.
    limits: Mapping[str, float]
    #: Where the bot serves figures for a monitor; None: nowhere.
    metrics: tuple[str, int] | None = None
    #: What other systems sign their events with, as `bot.events.signatures` reads it.
    event_secrets: str = ""

    def posting(self) -> str:
        """The bot token, which is all that the graph worker needs of Slack. Raises `ConfigError`
        naming the variable and the mend."""
        token = self.slack_bot_token
        if not token:
            raise ConfigError(f"SLACK_BOT_TOKEN is missing. {_MEND}")
        if not token.startswith("xoxb-"):
            raise ConfigError("SLACK_BOT_TOKEN should start with xoxb-: is it another token?")
        return token

    def slack(self) -> SlackAccess:
        """What the bot needs to hear from Slack too. Raises as `posting` does."""
        token = self.posting()
        if self.slack_app_token and not self.slack_app_token.startswith("xapp-"):
            raise ConfigError("SLACK_APP_TOKEN should start with xapp-: is it another token?")
        if not self.slack_app_token and not self.slack_signing_secret:
            raise ConfigError(
                "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) is missing. " + _MEND
            )
        return SlackAccess(token, self.slack_app_token, self.slack_signing_secret)


@dataclass(frozen=True)
class SlackAccess:
    """Slack reaches us over Socket Mode when there is an app token, else over HTTP."""

    bot_token: str
    app_token: str | None
    signing_secret: str | None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment. Raises `ConfigError` naming the variable and the mend."""
    data = Path(environ.get("SIGNOFF_DATA", "data")).absolute()
    bind = _bind("SIGNOFF_BIND", environ.get("SIGNOFF_BIND") or "127.0.0.1:8307")
    metrics = environ.get("SIGNOFF_METRICS")
    return Settings(
        slack_bot_token=environ.get("SLACK_BOT_TOKEN") or None,
        slack_app_token=environ.get("SLACK_APP_TOKEN") or None,
        slack_signing_secret=environ.get("SLACK_SIGNING_SECRET") or None,
        slack_api_url=environ.get("SIGNOFF_SLACK_API") or None,
        public_url=environ.get("SIGNOFF_PUBLIC_URL") or None,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{data / 'signoff.db'}",
        redis_url=environ.get("REDIS_URL") or "redis://127.0.0.1:8305/0",
        chroma_url=environ.get("CHROMA_URL") or None,
        openai_api_key=environ.get("OPENAI_API_KEY") or None,
        openai_base_url=environ.get("OPENAI_BASE_URL") or None,
        secrets_file=_path(environ.get("SIGNOFF_SECRETS_FILE")),
        key_file=_path(environ.get("SIGNOFF_KEY_FILE")) or data / "signoff.key",
        host=bind[0],
        port=bind[1],
        data=data,
        config=Path(environ.get("SIGNOFF_CONFIG", "config")).absolute(),
        practice=environ.get("SIGNOFF_PRACTICE") == "1",
        rehearsal=environ.get("SIGNOFF_REHEARSAL") == "1",
        synchronous=_one_of(environ, "SIGNOFF_SYNCHRONOUS", ("NORMAL", "FULL")),
        log_level=_one_of(environ, "SIGNOFF_LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        limits=_limits(environ.get("SIGNOFF_LIMITS")),
        metrics=_bind("SIGNOFF_METRICS", metrics) if metrics else None,
        event_secrets=environ.get("SIGNOFF_EVENT_SECRETS") or "",
    )


def _bind(name: str, text: str) -> tuple[str, int]:
    parsed = urlparse(f"//{text}")
    try:
        host, port = parsed.hostname, parsed.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise ConfigError(f"{name} is {text!r}: write it as host:port, like 127.0.0.1:8307")
    return host, port


def _path(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None


def _one_of(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}: use one of {', '.join(allowed)}")
    return value


def _limits(text: str | None) -> Mapping[str, float]:
    if not text:
        return {}
    try:
        value = json.loads(text)
        return {str(name): float(number) for name, number in value.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigError('SIGNOFF_LIMITS is not JSON like {"turn_lease_s": 15}') from error
