"""A running `signoff demo`, driven through the sandbox's control API as a person would act."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sandbox.ports import free_block

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
#: What takes longer than this does not come; a busy machine takes its time.
PATIENCE_S = 90.0
#: Kept short, so that a killed worker's leases are taken over within a test's patience, and so that
#: all that is done is compared with the systems' records while the tests run.
SHORT_LIMITS = (
    '{"turn_lease_s": 12, "tools_lease_slack_s": 1, "tools_settle_factor": 0.2, '
    '"tools_hold_factor": 0.05, "reconcile_every_s": 20, "tools_reconcile_grace_s": 10}'
)


class Demo:
    """One practice office of its own: eight ports, one folder, the real processes."""

    def __init__(self, data: Path, env: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = free_block()
        self._env = {
            "SIGNOFF_LIMITS": SHORT_LIMITS,
            "SIGNOFF_PRACTICE_PATIENCE": "30",
            **(env or {}),
        }
        self._child: subprocess.Popen[str] | None = None
        self.http = self._client()

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.port + 2}"

    @property
    def model(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def bot(self) -> str:
        return f"http://127.0.0.1:{self.port + 7}"

    @property
    def printed(self) -> str:
        return (self.data / "terminal.txt").read_text()

    def start(self, *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
        """Start it and wait until Slack's side says the app is connected."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.http = self._client()
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "OPENAI_"))}
        argv = [sys.executable, "-m", "bot", "demo", "--port", str(self.port)]
        before = self._starts()
        with (self.data / "terminal.txt").open("a") as terminal:
            self._child = subprocess.Popen(
                [*argv, "--data", str(self.data)],
                cwd=cwd,
                env={**clean, **self._env, **(env or {})},
                stdout=terminal,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.until(
            lambda: self._starts() > before and self._is_ready(),
            "the practice office to come up",
            timeout_s=2 * PATIENCE_S,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """It runs within the block, and is ended whatever happens there."""
        try:
            self.start()
            yield
        except BaseException:
            self.stop()
            raise
        assert self.stop() == 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by this signal; returns its exit status, 0 when it does not run."""
        if self._child is None:
            return 0
        self.http.close()
        self._child.send_signal(number)
        code = self._child.wait(PATIENCE_S)
        self._child = None
        return code

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """A person types; returns the message's ts."""
        body = {"user": user, "channel": channel, "text": text}
        if thread_ts:
            body["thread_ts"] = thread_ts
        return str(self.post("messages", body)["ts"])

    def command(self, user: str, channel: str, text: str) -> dict[str, Any]:
        """`/signoff text`; returns what came back."""
        body = {"user": user, "channel": channel, "command": "/signoff", "text": text}
        return self.post("commands", body)

    def click(self, user: str, message: Mapping[str, Any], action_id: str) -> dict[str, Any]:
        """A click on the block element of a message that `messages` returned."""
        body = {"user": user, "channel": message["channel"], "ts": message["ts"]}
        return self.post("actions", {**body, "action_id": action_id})

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/control/{path}", json=dict(body))
        answer.raise_for_status()
        return dict(answer.json())

    def get(self, path: str, **params: str) -> dict[str, Any]:
        answer = self.http.get(f"/control/{path}", params=params)
        answer.raise_for_status()
        return dict(answer.json())

    def messages(self, channel: str, thread_ts: str | None = None) -> list[dict[str, Any]]:
        params = {"channel": channel, **({"thread_ts": thread_ts} if thread_ts else {})}
        found = self.get("messages", **params)["messages"]
        return [{**message, "channel": channel} for message in found]

    def counters(self) -> dict[str, Any]:
        return dict(self.outside(f"{self.shop}/counters"))

    def outside(self, url: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a system around it answers: the shop, the model. With a body it is told that."""
        method = "GET" if body is None else "POST"
        answer = httpx.request(method, url, json=body, timeout=PATIENCE_S, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def kill(self, name: str) -> None:
        """SIGKILL a process of the runner, with everything it started."""
        pid = int((self.data / "run" / f"{name}.pid").read_text())
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def until(self, look: Callable[[], T | None], what: str, *, timeout_s: float = PATIENCE_S) -> T:
        """Wait until `look` returns something; fail naming what was waited for."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            if self._child is not None and self._child.poll() is not None:
                raise AssertionError(f"signoff demo ended:\n{self.printed}")
            time.sleep(0.05)
        raise AssertionError(f"waited {timeout_s:.0f} s for {what}\n{self.printed[-2000:]}")

    def card(self, channel: str, thread_ts: str, *, button: str = "approve") -> dict[str, Any]:
        """The message of this thread that carries the button, once it is there."""

        def look() -> dict[str, Any] | None:
            for message in self.messages(channel, thread_ts):
                if button in action_ids(message):
                    return message
            return None

        return self.until(look, f"a card with [{button}] in {channel}/{thread_ts}")

    def reply(self, channel: str, thread_ts: str, needle: str) -> dict[str, Any]:
        """The bot's message of this thread that contains the words, once it is there."""

        def look() -> dict[str, Any] | None:
            for message in self.messages(channel, thread_ts):
                if message.get("bot_id") and needle in words_of(message):
                    return message
            return None

        return self.until(look, f"{needle!r} in {channel}/{thread_ts}")

    def processes(self) -> list[int]:
        """The pids that name its folder in their environment: all of its processes, and what they
        started."""
        mark = f"SIGNOFF_DATA={self.data}\0".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    found.append(int(place.name))
        return found

    def pid(self, name: str) -> int:
        """Of one of the runner's processes, as it runs now."""
        return int((self.data / "run" / f"{name}.pid").read_text())

    def _starts(self) -> int:
        """How often everything was ready: the last line says how to end it."""
        path = self.data / "terminal.txt"
        return path.read_text().count("Ctrl-C stops everything") if path.exists() else 0

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.page, timeout=PATIENCE_S, trust_env=False)

    def _is_ready(self) -> bool:
        try:
            answer = self.http.get("/control/ready")
        except httpx.TransportError:
            return False
        return answer.status_code == 200


def action_ids(message: Mapping[str, Any]) -> set[str]:
    """Action ids of all elements of a message."""
    return {
        element["action_id"]
        for block in message.get("blocks") or ()
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        if "action_id" in element
    }


def words_of(message: Mapping[str, Any]) -> str:
    """All text of a message, blocks included."""
    return "\n".join(_texts([message.get("text", ""), message.get("blocks") or []]))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in {"text", "elements", "fields", "accessory", "title"}:
                yield from _texts(item)
