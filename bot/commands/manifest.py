"""`signoff manifest`: what to paste at Slack, for Socket Mode or for HTTP."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from bot.settings import read_settings
from core.errors import ConfigError

MANIFEST = Path(__file__).resolve().parents[2] / "manifest.json"


def run(_args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the app's manifest. Raises `ConfigError` for an address Slack would not take."""
    settings = read_settings(environ)
    print(json.dumps(manifest(json.loads(MANIFEST.read_text()), settings.public_url), indent=2))
    return 0


def manifest(base: dict[str, Any], public_url: str | None) -> dict[str, Any]:
    """The manifest for Socket Mode, or with `public_url` for requests to that address. Pure."""
    if public_url is None:
        return base
    parsed = urlparse(public_url)
    if parsed.scheme != "https" or not parsed.hostname or parsed.query or parsed.fragment:
        raise ConfigError(
            f"SIGNOFF_PUBLIC_URL is {public_url!r}: Slack wants an address like "
            "https://signoff.example"
        )
    address = public_url.rstrip("/")
    features, settings = base["features"], base["settings"]
    command = {"url": f"{address}/slack/commands"}
    events = {"request_url": f"{address}/slack/events"}
    clicks = {"request_url": f"{address}/slack/interactions"}
    return {
        **base,
        "features": {
            **features,
            "slash_commands": [{**each, **command} for each in features["slash_commands"]],
        },
        "settings": {
            **settings,
            "event_subscriptions": {**events, **settings["event_subscriptions"]},
            "interactivity": {**settings["interactivity"], **clicks},
            "socket_mode_enabled": False,
        },
    }
