"""Which processes run, with what environment: everything that is not set is embedded."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.runner.embedded import answers, chroma_argv, pings, redis_argv, serves
from bot.runner.ports import Ports
from bot.runner.supervisor import Process
from bot.settings import HELD_BY_SOME, HOLDERS
from core.errors import ConfigError

#: The practice office answers at once, so a killed worker is replaced after seconds, not 15.
_PRACTICE_LIMITS = '{"turn_lease_s": 6, "tools_deadline_factor": 0.4, "tools_lease_slack_s": 1}'

#: Nothing phones home, and checkpoints are read strictly (CVE-2026-28277).
QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "CHROMA_TELEMETRY_ENABLED": "false",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGGRAPH_STRICT_MSGPACK": "true",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Plan:
    """Processes in waves, the environment they share, and what to tell the person."""

    processes: Sequence[Process]
    env: Mapping[str, str]
    closing: Sequence[str]


def demo_plan(ports: Ports, data: Path, environ: Mapping[str, str]) -> Plan:
    """The practice workspace, or parts of it: real tokens and keys in `environ` replace them."""
    real_slack = bool(environ.get("SLACK_BOT_TOKEN"))
    real_model = bool(environ.get("OPENAI_API_KEY"))
    env = _shared_env(ports, data, environ)
    env["SIGNOFF_PRACTICE"] = "1"
    env.setdefault("SIGNOFF_LIMITS", _PRACTICE_LIMITS)
    processes = _office(ports, data)
    if not real_slack:
        over_http = environ.get("SIGNOFF_PRACTICE_HTTP") == "1"
        env |= _practice_slack(ports, over_http=over_http)
        processes.append(_slack(ports, data, over_http=over_http))
    if not real_model:
        env |= {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{ports.model}/v1",
            "OPENAI_API_KEY": "practice",
            "SIGNOFF_REHEARSAL": "1",
        }
        processes.append(_model(ports, data))
    env["SIGNOFF_SECRETS_FILE"] = str(_practice_secrets(ports, data))
    processes += _infrastructure(ports, data, environ) + _application(ports, data, env)
    page = f"http://127.0.0.1:{ports.page}/"
    where = "your Slack workspace" if real_slack else page
    model = (
        env.get("OPENAI_BASE_URL", "api.openai.com") if real_model else "pattern matcher, offline"
    )
    return Plan(
        processes, _for_all(env), [f"Open {where}", f"Model: {model}. Ctrl-C stops everything."]
    )


def up_plan(ports: Ports, data: Path, environ: Mapping[str, str]) -> Plan:
    """A real workspace on one machine: the Procfile's processes, with embedded stores if unset."""
    if not environ.get("SLACK_BOT_TOKEN"):
        raise ConfigError(
            "SLACK_BOT_TOKEN is missing. Put your workspace's tokens into .env (see .env.sample), "
            "or try the practice workspace: make demo"
        )
    env = _shared_env(ports, data, environ)
    processes = _infrastructure(ports, data, environ) + _application(ports, data, env)
    return Plan(
        processes, _for_all(env), ["Signoff is in your workspace: mention it, or write to it."]
    )


def _shared_env(ports: Ports, data: Path, environ: Mapping[str, str]) -> dict[str, str]:
    defaults = {
        "SIGNOFF_DATA": str(data),
        "SIGNOFF_BIND": f"127.0.0.1:{ports.http}",
        "DATABASE_URL": f"sqlite:///{data / 'signoff.db'}",
        "REDIS_URL": f"redis://127.0.0.1:{ports.redis}/0",
        "CHROMA_URL": f"http://127.0.0.1:{ports.chroma}",
    }
    kept = {name: value for name, value in environ.items() if value or name not in defaults}
    return {**defaults, **kept, **QUIET, "SIGNOFF_DATA": str(data)}


def _for_all(env: Mapping[str, str]) -> dict[str, str]:
    """What every process may see; the rest only those that need it (P1)."""
    return {name: value for name, value in env.items() if name not in HELD_BY_SOME}


def _infrastructure(ports: Ports, data: Path, environ: Mapping[str, str]) -> list[Process]:
    found: list[Process] = []
    if not environ.get("REDIS_URL"):
        found.append(
            Process(
                "redis",
                redis_argv(ports.redis, data / "redis"),
                lambda: pings(ports.redis),
                f"127.0.0.1:{ports.redis}, conversations in flight",
                wave=0,
            )
        )
    if not environ.get("CHROMA_URL"):
        found.append(
            Process(
                "chroma",
                chroma_argv(ports.chroma, data / "chroma"),
                lambda: serves(f"http://127.0.0.1:{ports.chroma}/api/v2/heartbeat"),
                f"127.0.0.1:{ports.chroma}, notes by meaning",
                wave=0,
            )
        )
    release = _signoff("release", "release", lambda: True, "database up to date", wave=0, once=True)
    return [*found, release]


def _application(ports: Ports, data: Path, env: Mapping[str, str]) -> list[Process]:
    def ready(name: str) -> Callable[[], bool]:
        return (data / "run" / f"{name}.ready").exists

    def of(name: str, command: str, about: str, look: Callable[[], bool] | None = None) -> Process:
        holds = {key: env[key] for key in HOLDERS.get(name, ()) if key in env}
        return _signoff(name, command, look or ready(name), about, wave=1, env=holds)

    def bot_serves() -> bool:
        return serves(f"http://127.0.0.1:{ports.http}/health")

    return [
        of("worker-graphs", "worker graphs", "thinks"),
        of("worker-tools", "worker tools", "acts; alone holds credentials"),
        of("keeper", "keeper", "clock, expiries, sweeps"),
        of("bot", "bot", "listens to Slack", bot_serves),
    ]


def _signoff(
    name: str,
    command: str,
    ready: Callable[[], bool],
    about: str,
    *,
    wave: int,
    once: bool = False,
    env: Mapping[str, str] | None = None,
) -> Process:
    argv = [sys.executable, "-m", "bot", *command.split()]
    return Process(name, argv, ready, about, wave, env or {}, once)


def _office(ports: Ports, data: Path) -> list[Process]:
    shop = ["office", "--port", str(ports.shop), "--smtp-port", str(ports.smtp)]
    calendar = ["calendar", "--port", str(ports.calendar)]
    return [
        _sandbox(
            "office",
            [*shop, "--data", str(data), "--run-dir", str(data / "run")],
            lambda: serves(f"http://127.0.0.1:{ports.shop}/counters"),
            "a practice shop and mailbox",
        ),
        _sandbox(
            "calendar",
            [*calendar, "--data", str(data)],
            lambda: answers(ports.calendar),
            "a practice calendar",
        ),
    ]


def _slack(ports: Ports, data: Path, *, over_http: bool) -> Process:
    argv = ["slack", "--port", str(ports.page), "--data", str(data)]
    argv += [
        "--office",
        f"http://127.0.0.1:{ports.shop}",
        "--bot",
        f"http://127.0.0.1:{ports.http}",
    ]
    if over_http:
        argv += ["--request-url", f"http://127.0.0.1:{ports.http}/slack/events"]
    return _sandbox(
        "slack",
        argv,
        lambda: serves(f"http://127.0.0.1:{ports.page}/control/workspace"),
        "a practice workspace in the shape of Slack",
    )


def _model(ports: Ports, data: Path) -> Process:
    return _sandbox(
        "model",
        ["model", "--port", str(ports.model), "--data", str(data)],
        lambda: serves(f"http://127.0.0.1:{ports.model}/v1/models"),
        "the rehearsal model, a pattern matcher",
    )


def _sandbox(name: str, args: Sequence[str], ready: Callable[[], bool], about: str) -> Process:
    return Process(name, [sys.executable, "-m", "sandbox", *args], ready, about, wave=0)


def _practice_slack(ports: Ports, *, over_http: bool) -> dict[str, str]:
    """Socket Mode, or signed requests as Slack sends them to an app with a public address."""
    way = (
        {"SLACK_SIGNING_SECRET": "practice-signing-secret", "SLACK_APP_TOKEN": ""}
        if over_http
        else {"SLACK_APP_TOKEN": "xapp-practice"}
    )
    return {
        "SLACK_BOT_TOKEN": "xoxb-practice",
        **way,
        "SIGNOFF_SLACK_API": f"http://127.0.0.1:{ports.page}/api/",
    }


def _practice_secrets(ports: Ports, data: Path) -> Path:
    """The practice office's addresses and keys, in a file that only its owner reads."""
    path = data / "secrets.yaml"
    kept = yaml.safe_load(path.read_text()) if path.exists() else {}
    content = {
        "SHOP_URL": f"http://127.0.0.1:{ports.shop}",
        "SHOP_API_KEY": kept.get("SHOP_API_KEY") or secrets.token_hex(16),
        "MAIL_SMTP": f"127.0.0.1:{ports.smtp}",
        "MAIL_BOX": str(data / "office" / "mail"),
        "MAIL_SHARED": "support@lindqvist.example",
        "MAIL_FROM": "signoff@lindqvist.example",
        "MAIL_PASSWORD": "",
        "CALENDAR_URL": f"http://127.0.0.1:{ports.calendar}",
        "CALENDAR_USER": "",
        "CALENDAR_PASSWORD": "",
        "DOCUMENTS_DIR": str(data / "office" / "documents"),
        "COMPANY_TZ": "Europe/Berlin",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
