"""The practice office's own processes, and what reaches them: a workspace in the shape of Slack,
the rehearsal model, a shop with a mailbox and a calendar."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from bot.runner.embedded import answers, serves
from bot.runner.ports import Ports
from bot.runner.supervisor import Process

#: The shop's name as a source of events.
_SHOP = "shop"


def office(ports: Ports, data: Path) -> list[Process]:
    shop = ["office", "--port", str(ports.shop), "--smtp-port", str(ports.smtp)]
    calendar = ["calendar", "--port", str(ports.calendar)]
    tells = f"http://127.0.0.1:{ports.http}/events/{_SHOP}"
    return [
        _sandbox(
            "office",
            [*shop, "--data", str(data), "--run-dir", str(data / "run"), "--tells", tells],
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


def slack(ports: Ports, data: Path, environ: Mapping[str, str]) -> Process:
    argv = ["slack", "--port", str(ports.page), "--data", str(data)]
    argv += [
        "--office",
        f"http://127.0.0.1:{ports.shop}",
        "--bot",
        f"http://127.0.0.1:{ports.http}",
    ]
    if _over_http(environ):
        argv += ["--request-url", f"http://127.0.0.1:{ports.http}/slack/events"]
    if delays := environ.get("SIGNOFF_PRACTICE_RETRIES"):
        argv += ["--retry-delays", delays]
    if seconds := environ.get("SIGNOFF_PRACTICE_PATIENCE"):
        argv += ["--ack-seconds", seconds, "--trigger-seconds", seconds]
    return _sandbox(
        "slack",
        argv,
        lambda: serves(f"http://127.0.0.1:{ports.page}/control/workspace"),
        "a practice workspace in the shape of Slack",
    )


def model(ports: Ports, data: Path) -> Process:
    return _sandbox(
        "model",
        ["model", "--port", str(ports.model), "--data", str(data)],
        lambda: serves(f"http://127.0.0.1:{ports.model}/v1/models"),
        "the rehearsal model, a pattern matcher",
    )


def _sandbox(name: str, args: Sequence[str], ready: Callable[[], bool], about: str) -> Process:
    return Process(name, [sys.executable, "-m", "sandbox", *args], ready, about, wave=0)


def _over_http(environ: Mapping[str, str]) -> bool:
    return environ.get("SIGNOFF_PRACTICE_HTTP") == "1"


def slack_env(ports: Ports, environ: Mapping[str, str]) -> dict[str, str]:
    """Socket Mode, or signed requests as Slack sends them to an app with a public address."""
    way = (
        {"SLACK_SIGNING_SECRET": "practice-signing-secret", "SLACK_APP_TOKEN": ""}
        if _over_http(environ)
        else {"SLACK_APP_TOKEN": "xapp-practice"}
    )
    return {
        "SLACK_BOT_TOKEN": "xoxb-practice",
        **way,
        "SIGNOFF_SLACK_API": f"http://127.0.0.1:{ports.page}/api/",
    }


def event_secrets(data: Path) -> str:
    """What the practice shop signs its events with, made at the first start."""
    path = data / "office" / "events.secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    return f"{_SHOP}={path.read_text().strip()}"


def secrets_file(ports: Ports, data: Path) -> Path:
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
