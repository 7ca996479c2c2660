"""The workspace as a process: what outlives it, how it starts and how it ends."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import aiohttp
import httpx
import pytest

from core.errors import ConfigError
from sandbox.slack.settings import Manifest, Settings
from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.store import Store
from sandbox.slack.testing import running, start
from tests.sandbox.slack.slack_bench import ANA, SUPPORT, Bench, home, section

MANIFEST = {
    "oauth_config": {"scopes": {"bot": ["chat:write", "users:read"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention", "message.im"]}},
    "features": {"slash_commands": [{"command": "/signoff"}]},
}


async def test_messages_homes_and_members_outlive_a_restart(settings: Settings) -> None:
    async with running(settings) as workspace, aiohttp.ClientSession() as http:
        bench = Bench(workspace, http)
        root = await bench.types("Question")
        args = {
            "channel": SUPPORT,
            "text": "old",
            "thread_ts": root,
            "metadata": {"event_type": "post", "event_payload": {"post_id": "p1"}},
        }
        ts = (await bench.call("chat.postMessage", args))["ts"]
        await bench.call("chat.update", {"channel": SUPPORT, "ts": ts, "text": "new"})
        gone = (await bench.call("chat.postMessage", {"channel": SUPPORT, "text": "gone"}))["ts"]
        await bench.call("chat.delete", {"channel": SUPPORT, "ts": gone})
        view = {"user_id": ANA, "view": home(section("Waiting: 1"))}
        before = (await bench.call("views.publish", view))["view"]
        await bench.do("members", user="U0GITA", channel=SUPPORT)

    async with running(settings) as workspace, aiohttp.ClientSession() as http:
        bench = Bench(workspace, http)
        answer = await bench.call(
            "conversations.replies",
            {"channel": SUPPORT, "ts": root, "include_all_metadata": True},
        )
        messages = answer["messages"]
        after = (await bench.see(f"views?user={ANA}"))["home"]
        newer = await bench.types("Later")

    assert [m["text"] for m in messages] == ["Question", "new"]
    assert messages[1]["metadata"]["event_payload"] == {"post_id": "p1"}
    assert after == before
    assert "U0GITA" in workspace.workspace.channels[SUPPORT].members
    assert float(newer) > float(gone)


def test_half_a_line_at_the_end_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "slack.jsonl"
    store = Store(path)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("b", None)):
        store.put("message", key, value)
    store.close()
    with path.open("a") as file:
        file.write('["message","c",')

    kept = Store(path).entries()

    assert kept == [("message", "a", 3)]
    assert path.read_text() == '["message","a",3]\n'


def test_it_runs_as_a_process_and_ends_on_sigterm(tmp_path: Path) -> None:
    with start(tmp_path) as started:
        answer = httpx.post(
            started.api_url + "auth.test", headers={"Authorization": f"Bearer {BOT_TOKEN}"}
        )
        page = httpx.get(started.base_url + "/")
        message = {"user": ANA, "channel": SUPPORT, "text": "Hello"}
        httpx.post(started.base_url + "/control/messages", json=message)

    assert answer.json()["user_id"] == "U0SIGNOFF"
    assert page.status_code == 200
    assert len((tmp_path / "slack.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--manifest", "nowhere.json"], "nowhere.json: the manifest cannot be read"),
        (["--port", "{taken}"], "Port {taken} is taken; choose another with --port."),
    ],
)
async def test_it_does_not_start_on_what_it_cannot_use(
    bench: Bench, tmp_path: Path, options: list[str], complaint: str
) -> None:
    taken = bench.running.base_url.rpartition(":")[2]
    command = [sys.executable, "-m", "sandbox", "slack", "--data", str(tmp_path / "other")]

    process = await asyncio.create_subprocess_exec(
        *command, *(o.format(taken=taken) for o in options), stderr=subprocess.PIPE
    )
    _, error = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 2
    assert error.decode().startswith(complaint.format(taken=taken))


def test_the_dispatcher_names_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "moon"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m sandbox {slack|")


def test_a_manifest_says_what_is_granted(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))

    assert Manifest.load(path) == Manifest(
        scopes=frozenset({"chat:write", "users:read"}),
        events=frozenset({"app_mention", "message.im"}),
        commands=frozenset({"/signoff"}),
        agent=False,
        shortcuts={},
    )
    shortcut = {"name": "Stop it", "type": "message", "callback_id": "stop_it"}
    features = {**MANIFEST["features"], "agent_view": {}, "shortcuts": [shortcut]}
    path.write_text(json.dumps({**MANIFEST, "features": features}))
    assert Manifest.load(path).agent
    assert Manifest.load(path).shortcuts == {"stop_it": "Stop it"}


@pytest.mark.parametrize(
    ("text", "complaint"), [("{", "is not valid JSON"), ("{}", "needs oauth_config.scopes.bot")]
)
def test_a_broken_manifest_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)

    with pytest.raises(ConfigError) as refused:
        Manifest.load(path)

    assert complaint in refused.value.sentence
    assert str(path) in refused.value.sentence


async def test_only_what_the_manifest_subscribes_to_is_delivered(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    limited = Settings(
        data=settings.data / "limited", manifest=Manifest.load(path), ack_seconds=0.1
    )
    async with running(limited) as workspace, aiohttp.ClientSession() as http:
        bench = Bench(workspace, http)
        await bench.types("@Signoff hello")
        await bench.types("hello", channel="D0ANA")
        command = await bench.do("commands", user=ANA, channel=SUPPORT, command="/other")
        user = await bench.call("users.info", {"user": ANA})
        deliveries = (await bench.see("deliveries"))["deliveries"]

    assert [d["type"] for d in deliveries] == ["app_mention", "message"]
    assert command["error"] == "/other is not a valid command."
    assert "email" not in user["user"]["profile"]
