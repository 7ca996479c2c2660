"""The manifest a person pastes at Slack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.commands.manifest import MANIFEST, manifest
from bot.listeners.stops import STOP_CONVERSATION
from core.errors import ConfigError
from sandbox.page.reading import SHORTCUTS

BASE = json.loads(MANIFEST.read_text())


def test_without_a_public_address_it_is_for_socket_mode() -> None:
    assert manifest(BASE, None) == BASE
    assert BASE["settings"]["socket_mode_enabled"] is True


def test_with_a_public_address_slack_is_told_where_to_send() -> None:
    made = manifest(BASE, "https://signoff.example/")

    settings = made["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"] == {
        "request_url": "https://signoff.example/slack/events",
        "bot_events": BASE["settings"]["event_subscriptions"]["bot_events"],
    }
    assert settings["interactivity"] == {
        "is_enabled": True,
        "request_url": "https://signoff.example/slack/interactions",
    }
    assert [each["url"] for each in made["features"]["slash_commands"]] == [
        "https://signoff.example/slack/commands"
    ]
    assert made["oauth_config"] == BASE["oauth_config"]


def test_the_shortcuts_it_declares_are_those_that_are_listened_to_and_practised() -> None:
    declared = {each["callback_id"]: each["name"] for each in BASE["features"]["shortcuts"]}

    assert declared == dict(SHORTCUTS)
    assert list(declared) == [STOP_CONVERSATION]
    # Slack takes no longer ones.
    assert all(len(name) <= 24 for name in declared.values())


@pytest.mark.parametrize("address", ["http://signoff.example", "signoff.example", "https://"])
def test_an_address_slack_would_not_take_is_named(address: str) -> None:
    with pytest.raises(ConfigError, match="SIGNOFF_PUBLIC_URL"):
        manifest(BASE, address)


def test_it_is_printed_as_json_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "manifest"],
        cwd=tmp_path,
        env={**os.environ, "SIGNOFF_PUBLIC_URL": "https://signoff.example"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    assert json.loads(done.stdout) == manifest(BASE, "https://signoff.example")
