"""The practice office for tests: real servers on free ports, ended by `stop`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx

from sandbox.office.calendar import command, prepare
from sandbox.office.generate import SEED, generate
from sandbox.ports import free_block

SHOP_KEY = "practice-shop-key"
LOGIN = ("signoff", "practice-calendar-password")
_PATIENCE_S = 90.0
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Office:
    """Addresses of a running office, and everything the connectors' settings name."""

    url: str
    #: host:port
    smtp: str
    calendar_url: str
    data: Path
    secrets: dict[str, str]
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def journal(self) -> list[dict[str, Any]]:
        """Every call to the shop and the mail server, oldest first."""
        return list(httpx.get(f"{self.url}/journal", trust_env=False).json()["entries"])

    def counters(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.url}/counters", trust_env=False).json())

    def fault(self, match: str, action: str, moment: str = "before", **more: object) -> None:
        """Set a trouble: see `sandbox.office.faults`."""
        body = {"match": match, "action": action, "moment": moment, **more}
        httpx.post(f"{self.url}/control/faults", json=body, trust_env=False).raise_for_status()

    def clear(self) -> None:
        """No troubles any more."""
        httpx.post(f"{self.url}/control/clear", trust_env=False).raise_for_status()

    def setting(self, name: str) -> str:
        """A `Ports.setting` over `secrets`."""
        return self.secrets[name]

    def end(self, name: str) -> None:
        """End one server: `office` or `calendar`."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End everything this office started."""
        for name in list(self._processes):
            self.end(name)


def start(tmp_path: Path, *, today: date | None = None, hook: str | None = None) -> Office:
    """An office made anew in `tmp_path`, or gone on with what stands there. `hook`: what Radicale
    runs after each change, in its folder of collections."""
    data, today = tmp_path.absolute(), today or datetime.now(UTC).date()
    shop = free_block()
    smtp, calendar = shop + 1, shop + 2
    folder = prepare(data, calendar, today, login=LOGIN)
    if hook is not None:
        ini = folder / "radicale.ini"
        ini.write_text(ini.read_text().replace("[storage]\n", f"[storage]\nhook = {hook}\n"))
    generate(data, seed=SEED, today=today)
    (data / "office" / "shop.key").write_text(SHOP_KEY)
    served = ["--port", str(shop), "--smtp-port", str(smtp), "--data", str(data)]
    office = Office(
        url=f"http://127.0.0.1:{shop}",
        smtp=f"127.0.0.1:{smtp}",
        calendar_url=f"http://127.0.0.1:{calendar}",
        data=data,
        secrets=_secrets(data, shop, smtp, calendar),
    )
    run = [sys.executable, "-m", "sandbox.office", *served]
    office._processes["office"] = _spawn(run, _ROOT)
    office._processes["calendar"] = _spawn(command(), folder)
    try:
        _await(lambda: _answers(f"{office.url}/counters"), "office", office)
        _await(lambda: _answers(office.calendar_url), "calendar", office)
    except BaseException:
        office.stop()
        raise
    return office


def _secrets(data: Path, shop: int, smtp: int, calendar: int) -> dict[str, str]:
    return {
        "SHOP_URL": f"http://127.0.0.1:{shop}",
        "SHOP_API_KEY": SHOP_KEY,
        "MAIL_SMTP": f"127.0.0.1:{smtp}",
        "MAIL_PASSWORD": "",
        "MAIL_BOX": str(data / "office" / "mail"),
        "MAIL_SHARED": "support@lindqvist.example",
        "MAIL_FROM": "signoff@lindqvist.example",
        "CALENDAR_URL": f"http://127.0.0.1:{calendar}",
        "CALENDAR_USER": LOGIN[0],
        "CALENDAR_PASSWORD": LOGIN[1],
        "DOCUMENTS_DIR": str(data / "office" / "documents"),
        "COMPANY_TZ": "Europe/Berlin",
    }


def _spawn(argv: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, cwd=folder, env={**os.environ, "PYTHONPATH": str(_ROOT)})


def _await(ready: Callable[[], bool], name: str, office: Office) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not ready():
        code = office._processes[name].poll()
        if code is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the practice {name} did not start (exit code {code})")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False
