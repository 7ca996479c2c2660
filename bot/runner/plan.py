"""Which processes run, with what environment: everything that is not set is embedded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.runner.embedded import chroma_argv, pings, redis_argv, serves
from bot.runner.ports import Ports
from bot.runner.practice import event_secrets, model, office, secrets_file, slack, slack_env
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
    processes = office(ports, data)
    if not real_slack:
        env |= slack_env(ports, environ)
        processes.append(slack(ports, data, environ))
    if not real_model:
        env |= {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{ports.model}/v1",
            "OPENAI_API_KEY": "practice",
            "SIGNOFF_REHEARSAL": "1",
        }
        processes.append(model(ports, data))
    env["SIGNOFF_EVENT_SECRETS"] = event_secrets(data)
    env["SIGNOFF_SECRETS_FILE"] = str(secrets_file(ports, data))
    processes += _infrastructure(ports, data, environ) + _application(ports, data, env)
    page = f"http://127.0.0.1:{ports.page}/"
    where = "your Slack workspace" if real_slack else page
    speaks = (
        env.get("OPENAI_BASE_URL", "api.openai.com") if real_model else "pattern matcher, offline"
    )
    return Plan(
        processes, _for_all(env), [f"Open {where}", f"Model: {speaks}. Ctrl-C stops everything."]
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
    # Not forked: it runs while the fork server still imports.
    argv = [sys.executable, "-m", "bot", "release"]
    release = Process("release", argv, lambda: True, "database up to date", wave=0, once=True)
    return [*found, release]


def _application(ports: Ports, data: Path, env: Mapping[str, str]) -> list[Process]:
    def ready(name: str) -> Callable[[], bool]:
        return (data / "run" / f"{name}.ready").exists

    def of(name: str, command: str, about: str, look: Callable[[], bool] | None = None) -> Process:
        holds = {key: env[key] for key in HOLDERS.get(name, ()) if key in env}
        return Process(
            name, command.split(), look or ready(name), about, wave=1, env=holds, forked=True
        )

    def bot_serves() -> bool:
        return serves(f"http://127.0.0.1:{ports.http}/health")

    return [
        of("worker-graphs", "worker graphs", "thinks"),
        of("worker-tools", "worker tools", "acts; alone holds credentials"),
        of("keeper", "keeper", "clock, expiries, sweeps"),
        of("bot", "bot", "listens to Slack", bot_serves),
    ]
