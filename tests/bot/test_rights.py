"""What each identity may do, enumerated, and nothing of it unused (R6)."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from approvals.people import People
from approvals.policy.file import load_policy
from bot.bootstrap import declare
from bot.settings import HOLDERS
from core.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
HISTORY = {"channels:history", "groups:history", "im:history"}
#: Each method of Slack's that we call -> the scopes it needs (https://docs.slack.dev/reference/methods).
OF_METHOD: dict[str, set[str]] = {
    "agents_sessions_setStatus": {"assistant:write"},
    "assistant_threads_setStatus": {"assistant:write"},
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": HISTORY,
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": HISTORY,
    "usergroups_users_list": {"usergroups:read"},
    # With the mail address, by which an account is told from another person's.
    "users_info": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_publish": set(),
}
#: What Slack sends us -> the scopes that it wants for it.
OF_EVENT: dict[str, set[str]] = {
    "agent_session_stopped": {"assistant:write"},
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
}
#: Each credential or address a process is given -> what its code asks `Settings` for.
READ_AS = {
    "SLACK_BOT_TOKEN": {"slack", "posting"},
    "SLACK_APP_TOKEN": {"slack"},
    "SLACK_SIGNING_SECRET": {"slack"},
    "SIGNOFF_EVENT_SECRETS": {"read_keys"},
    "SIGNOFF_SLACK_API": {"slack_api_url"},
    "OPENAI_API_KEY": {"make_models", "_notes"},
    "OPENAI_BASE_URL": {"make_models", "_notes"},
    "SIGNOFF_REHEARSAL": {"make_models", "_notes"},
    "SIGNOFF_SECRETS_FILE": {"open_secrets"},
}
#: Where each process is wired.
WIRED_IN = {
    "bot": ("bot/serving.py",),
    "worker-graphs": ("bot/graph_jobs.py",),
    "worker-tools": ("bot/tool_jobs.py", "bot/bootstrap.py"),
}


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def test_every_scope_at_slack_is_needed_by_a_call_or_an_event_and_none_is_missing() -> None:
    """R6: and every call is one whose scopes are known."""
    manifest = json.loads((ROOT / "manifest.json").read_text())
    known = {name for name in dir(WebClient) if re.fullmatch(r"[a-z]+(_[a-zA-Z]+)+", name)}
    called = {name for path in (ROOT / "bot").rglob("*.py") for name in names_in(path)} & known
    called -= {"api_call"}
    heard = manifest["settings"]["event_subscriptions"]["bot_events"]

    assert called == set(OF_METHOD)
    assert set(heard) == set(OF_EVENT)
    needed = set().union(*OF_METHOD.values(), *OF_EVENT.values(), {"commands"})
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


@pytest.mark.parametrize("process", sorted(HOLDERS))
def test_every_credential_of_a_process_is_used_by_it(process: str) -> None:
    """R6: the graph worker, which only posts, holds nothing by which Slack is heard."""
    used = {name for path in WIRED_IN[process] for name in names_in(ROOT / path)}

    unused = [name for name in HOLDERS[process] if not READ_AS[name] & used]

    assert unused == []


def test_only_the_bot_can_hear_slack_and_only_the_tool_worker_has_connectors_keys() -> None:
    """R3, R6: the keeper holds no credential at all."""
    holders = {name: {p for p, held in HOLDERS.items() if name in held} for name in READ_AS}

    assert holders["SLACK_APP_TOKEN"] == holders["SLACK_SIGNING_SECRET"] == {"bot"}
    assert holders["SIGNOFF_SECRETS_FILE"] == {"worker-tools"}
    assert "keeper" not in HOLDERS


def test_every_setting_of_a_connector_is_read_by_that_connector() -> None:
    """R6: nobody is asked for a key that is not used."""
    people = People.load(ROOT / "config" / "people.yaml")
    policy = load_policy(ROOT / "config" / "policy.yaml")

    for connector in declare(people, policy, SystemClock()).connectors:
        package = ROOT / "tools" / "connectors" / connector.name
        texts = [path.read_text() for path in package.glob("*.py")]
        for setting in connector.settings:
            # Once where it is declared, and at least once where it is looked up.
            assert sum(text.count(f'"{setting.name}"') for text in texts) > 1, setting.name


def test_every_right_the_starter_files_give_is_somebodys_and_of_use() -> None:
    """R6, R7: roles and groups that the policy names have people, and who operates is named."""
    people = People.load(ROOT / "config" / "people.yaml")
    policy = load_policy(ROOT / "config" / "policy.yaml")
    text = (ROOT / "config" / "policy.yaml").read_text()

    named = {role for rule in policy.rules for role in rule.roles}
    named |= set(re.findall(r'"(\w+)" in actor\.roles', text))
    held = {role for person in people.everyone for role in person.roles}
    asked = {stage.who for rule in policy.rules for stage in rule.stages} - {"requester"}

    assert named <= held
    assert all(people.asked(who) for who in asked)
    assert [person.id for person in people.everyone if person.operator] == ["olga"]
    assert [person.id for person in people.owners] == ["olga"]
