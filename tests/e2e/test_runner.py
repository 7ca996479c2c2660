"""`signoff demo`: side by side, from odd places, killed, stopped and started again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from sandbox.ports import free_block
from tests.e2e.demo import ROOT, Demo, words_of

#: What the product is made of: a checkout without its history and its environment.
PARTS = ("approvals", "audit", "bot", "config", "core", "graphs", "llm", "memory", "sandbox")
EVERYTHING = ("redis", "chroma", "slack", "model", "office", "calendar", "keeper")
WORKING = ("bot", "worker-graphs", "worker-tools")


class Pair:
    """Two offices at once: one from a checkout with a space in its path, one from this one."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "my checkout"
        for part in (*PARTS, "tools"):
            shutil.copytree(ROOT / part, self.checkout / part)
        shutil.copy(ROOT / "manifest.json", self.checkout)
        self.spaced = Demo(folder / "my data" / "office one")
        self.plain = Demo(folder / "two")

    def start(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(self.spaced.start, cwd=self.checkout)
            pool.submit(self.plain.start).result()
            first.result()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    both = Pair(tmp_path_factory.mktemp("runner"))
    try:
        both.start()
        yield both
    finally:
        both.spaced.stop()
        both.plain.stop()


def test_two_offices_run_side_by_side_one_from_a_path_with_a_space(pair: Pair) -> None:
    for office in (pair.spaced, pair.plain):
        thread = office.say("U0SAM", "C0GENERAL", "<@U0SIGNOFF> Where is order 4711?")
        office.reply("C0GENERAL", thread, "4711")

    for name in (*WORKING, "keeper", "slack", "model", "office"):
        assert Path(f"/proc/{pair.spaced.pid(name)}/cwd").resolve() == pair.checkout.resolve()
    assert len(pair.spaced.messages("C0GENERAL")) == len(pair.plain.messages("C0GENERAL"))


def test_each_process_is_told_ready_in_one_line_and_then_the_page(pair: Pair) -> None:
    printed = pair.plain.printed

    for name in (*EVERYTHING, *WORKING):
        assert len(re.findall(rf"^  {name} +ready ", printed, re.M)) == 1
    assert f"Open {pair.plain.page}/" in printed


def test_a_second_runner_on_the_same_folder_is_refused_and_changes_nothing(pair: Pair) -> None:
    secrets = (pair.plain.data / "secrets.yaml").read_bytes()

    ended = _demo("--port", str(free_block()), "--data", str(pair.plain.data))

    assert ended.returncode == 2
    assert f"Signoff is already running on {pair.plain.data}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (pair.plain.data / "secrets.yaml").read_bytes() == secrets


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    port = free_block() + 3
    with socket.create_server(("127.0.0.1", port)):
        ended = _demo("--port", str(port - 3), "--data", str(tmp_path))

    assert ended.returncode == 2
    assert f"Port {port} is in use" in ended.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--port", "70000"), "choose one from 1 to 65528"),
        (("--data", "/dev/null/here"), "/dev/null/here cannot be used as the folder"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(args: tuple[str, str], says: str) -> None:
    ended = _demo(*args)

    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_broken_configuration_stops_the_start_with_its_sentence(tmp_path: Path) -> None:
    config = shutil.copytree(ROOT / "config", tmp_path / "config")
    automations = config / "automations.yaml"
    automations.write_text(automations.read_text().replace('"09:00"', '"9 am"'))
    office = Demo(tmp_path / "data")

    ended = _signoff(
        "demo",
        *("--port", str(office.port), "--data", str(office.data)),
        env={"SIGNOFF_CONFIG": str(config)},
    )

    assert ended.returncode == 2
    told = ended.stderr.strip().splitlines()
    assert len(told) == 1
    # Two processes read it, and the first that ends tells.
    said = re.escape(f"{automations}, line 6: digests.0.at")
    assert re.match(f"signoff: (bot|keeper) cannot start: {said}", told[0])
    assert office.processes() == []


def test_up_without_a_token_says_which_and_what_else_to_try(tmp_path: Path) -> None:
    ended = _signoff("up", "--data", str(tmp_path))

    assert ended.returncode == 2
    assert "SLACK_BOT_TOKEN is missing" in ended.stderr
    assert "make demo" in ended.stderr


@pytest.mark.chaos
def test_a_killed_process_is_started_again_and_the_terminal_says_so(pair: Pair) -> None:
    office = pair.plain
    for name in (*EVERYTHING, *WORKING):
        _kill(office, name)
    for name in (*EVERYTHING, *WORKING):
        office.until(
            lambda name=name: re.search(
                rf"^  {name} +back .*, ([\d.]+) s later$", office.printed, re.M
            ),
            f"{name} to be back",
        )

    for line in re.findall(r"^  .* back .*$", office.printed, re.M):
        print(line)
    for name in (*EVERYTHING, *WORKING):
        waits = re.findall(
            rf"^  {name} +was killed .*, starting again(?: in ([\d.]+) s)?$", office.printed, re.M
        )
        assert waits
        assert all(float(wait or 0) <= 2 for wait in waits)
    office.until(lambda: office.http.get("/control/ready").status_code == 200, "the app")
    thread = office.say("U0SAM", "C0GENERAL", "<@U0SIGNOFF> Where is order 4711?")
    office.reply("C0GENERAL", thread, "4711")


@pytest.mark.chaos
def test_the_fork_server_is_expendable(pair: Pair) -> None:
    """Nobody can tell what became of its children then: they are ended and started anew."""
    office = pair.plain
    before = {name: office.pid(name) for name in WORKING}
    # What it forks lives in sessions of its own.
    ours = [pid for pid in office.processes() if os.getsid(pid) == os.getsid(0)]
    (server,) = [pid for pid in ours if "forkserver" in _argv(pid)]

    os.kill(server, signal.SIGKILL)

    for name in WORKING:
        office.until(lambda name=name: office.pid(name) != before[name], f"{name} anew")
    office.until(lambda: office.http.get("/control/ready").status_code == 200, "the app")
    assert set(before.values()).isdisjoint(office.processes())
    thread = office.say("U0SAM", "C0GENERAL", "<@U0SIGNOFF> Where is order 4711?")
    office.reply("C0GENERAL", thread, "4711")


def test_no_process_was_started_with_a_credential_in_its_environment(pair: Pair) -> None:
    """P1: what a process is given, it is given alone; `ps` shows nobody's."""
    secret = yaml.safe_load((pair.plain.data / "secrets.yaml").read_text())["SHOP_API_KEY"]
    assert secret

    for pid in pair.plain.processes():
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        for name in (b"SLACK_BOT_TOKEN=", b"SLACK_APP_TOKEN=", b"OPENAI_API_KEY=", secret.encode()):
            assert name not in environ, _argv(pid)


@pytest.mark.chaos
def test_sigterm_ends_everything_and_a_waiting_card_works_after_the_next_start(pair: Pair) -> None:
    """R41: what waits survives a full restart; the click has its effect once."""
    office = pair.spaced
    before = office.counters()["refunds"]
    thread = office.say("U0ANA", "C0SUPPORT", "<@U0SIGNOFF> Refund order 4711, EUR 180")
    card = office.card("C0SUPPORT", thread)

    assert office.stop(signal.SIGTERM) == 0
    assert office.processes() == []
    assert office.printed.rstrip().endswith("the next start goes on from here.")
    assert list((office.data / "run").glob("*.pid")) == []
    office.start(cwd=pair.checkout)
    again = next(m for m in office.messages("C0SUPPORT", thread) if m["ts"] == card["ts"])
    office.click("U0FINN", again, "approve")
    done = office.reply("C0SUPPORT", thread, ", once")
    office.until(
        lambda: [m for m in office.messages("C0SUPPORT", thread)[2:] if "180.00" in words_of(m)],
        "an answer below the card",
    )

    assert done["ts"] == card["ts"]
    assert office.counters()["refunds"] == before + 1


@pytest.mark.chaos
def test_what_a_killed_runner_left_behind_is_ended_by_the_next_start(pair: Pair) -> None:
    office = pair.plain
    thread = office.say("U0ANA", "C0SUPPORT", "<@U0SIGNOFF> Refund order 4711, EUR 180")
    card = office.card("C0SUPPORT", thread)
    # Its parent dies as well: only the pool is left of this worker.
    parent = office.pid("worker-tools")
    assert office.stop(signal.SIGKILL) == -signal.SIGKILL
    os.kill(parent, signal.SIGKILL)
    left = set(office.processes())
    assert len(left) >= 9

    office.start()

    assert left.isdisjoint(office.processes())
    office.click("U0FINN", card, "approve")
    office.reply("C0SUPPORT", thread, ", once")
    assert office.counters()["refunds"] == 1


def test_ctrl_c_ends_everything(pair: Pair) -> None:
    for office in (pair.plain, pair.spaced):
        assert office.stop(signal.SIGINT) == 0
        assert office.processes() == []


def _kill(office: Demo, name: str) -> None:
    """SIGKILL it with what it started, and wait until it is started again."""
    pid = office.pid(name)
    office.kill(name)
    office.until(lambda: office.pid(name) != pid, f"{name} to be started again")


def _argv(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _demo(*args: str) -> subprocess.CompletedProcess[str]:
    return _signoff("demo", *args)


def _signoff(*args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run it until it ends by itself."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "bot", *args],
        cwd=ROOT,
        env={**clean, **(env or {})},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
