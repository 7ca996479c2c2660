"""The "Outside world" column over the real practice office, and the plug that really kills."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.office import testing as office_testing
from sandbox.office.testing import SHOP_KEY, Office
from sandbox.slack.settings import Settings
from sandbox.slack.testing import FAST_RETRIES, running

REFUND = {
    "order": "4711",
    "amount": 18_000,
    "currency": "EUR",
    "reason": "The parcel came back.",
}


@dataclass(frozen=True)
class Place:
    office: Office
    page: httpx.AsyncClient

    async def see(self, text: str) -> str:
        """The column as soon as it holds this text."""
        async with asyncio.timeout(60):
            while True:
                shown = (await self.page.get("/fragments/outside")).text
                if text in shown:
                    return shown
                await asyncio.sleep(0.05)

    async def refund(self) -> int:
        """The status of the shop's answer; 0 when the answer was lost."""
        headers = {"Authorization": f"Bearer {SHOP_KEY}", "Idempotency-Key": "key-1"}
        try:
            async with httpx.AsyncClient(headers=headers) as shop:
                answer = await shop.post(f"{self.office.url}/refunds", json=REFUND)
        except httpx.TransportError:
            return 0
        return answer.status_code


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    office = office_testing.start(tmp_path)
    try:
        settings = Settings(data=tmp_path, retry_delays=FAST_RETRIES, office=office.url)
        async with (
            running(settings) as workspace,
            httpx.AsyncClient(base_url=workspace.base_url) as page,
        ):
            yield Place(office, page)
    finally:
        office.stop()


class _Worker(subprocess.Popen[bytes]):
    """A process that stands in the tool worker's pid file, and does nothing."""

    def __init__(self, data: Path) -> None:
        super().__init__([sys.executable, "-c", "import time; time.sleep(60)"])
        (data / "run").mkdir(exist_ok=True)
        (data / "run" / "worker-tools.pid").write_text(str(self.pid))

    def __exit__(self, *exc: object) -> None:
        self.kill()
        self.wait()


async def test_a_refund_with_the_plug_pulled_is_told_and_counted_once(
    place: Place, tmp_path: Path
) -> None:
    await place.see('<dd id="refunds-4711">0</dd>')

    with _Worker(tmp_path) as worker:
        armed = await place.page.post("/control/plug", json={"arm": True})
        first = await place.refund()
        await asyncio.to_thread(worker.wait, 60)
        await place.see("Tool worker killed.")
    with _Worker(tmp_path):
        await place.see("Back: a new tool worker is starting.")
        second = await place.refund()
        shown = await place.see("Refund found by its key: the counter says 1.")

    assert (armed.json(), first, worker.returncode) == ({"ok": True}, 0, -9)
    assert second in (200, 201)
    assert '<dd id="refunds-4711">1</dd>' in shown
    assert "data-plug disabled" not in shown


async def test_an_armed_plug_is_armed_once(place: Place, tmp_path: Path) -> None:
    with _Worker(tmp_path) as worker:
        answers = [await place.page.post("/control/plug", json={"arm": True}) for _ in range(2)]
        shown = await place.see("Armed: when the refund reaches the shop")
        first = await place.refund()
        await asyncio.to_thread(worker.wait, 60)
        again = await place.refund()

    assert [answer.json() for answer in answers] == [{"ok": True}] * 2
    assert "data-plug disabled" in shown
    assert (first, again in (200, 201)) == (0, True)
