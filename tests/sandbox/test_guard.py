"""Which requests the practice servers take, and whose they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from sandbox.guard import refusal
from sandbox.model.server import make_app
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.testing import FAST_RETRIES, running

HERE = "127.0.0.1:8300"


def refused(headers: Mapping[str, str], *, host: str = HERE, path: str = "/control/x") -> str:
    return refusal(headers, host=host, path=path)


@pytest.mark.parametrize("host", ["127.0.0.1:8300", "localhost:8300", "[::1]:8300", "localhost"])
def test_a_tool_on_this_machine_is_welcome(host: str) -> None:
    assert refused({}, host=host) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": f"http://{HERE}", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_the_page_itself_is_welcome(headers: Mapping[str, str]) -> None:
    assert refused(headers) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8300"},
        {"Origin": "null"},
        {"Origin": ""},
        # An image or a link on somebody's page: browsers send no Origin with these.
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_another_web_page_is_refused(headers: Mapping[str, str]) -> None:
    why = "This request comes from another web page, so nothing was done."
    assert refused(headers) == why


def test_a_link_elsewhere_may_lead_to_the_page() -> None:
    assert refused({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, path="/") == ""


@pytest.mark.parametrize(
    "host", ["evil.example:8300", "127.0.0.1.evil.example", "192.168.1.4:8300", "[::1", ""]
)
def test_a_name_that_was_pointed_at_this_machine_is_refused(host: str) -> None:
    assert refused({"Origin": f"http://{host}"}, host=host).startswith(
        "This workspace answers on 127.0.0.1"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_nobody_posts_as_the_app_from_a_web_page(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    """Its token stands in the source, so knowing it proves nothing."""
    said = {"token": BOT_TOKEN, "channel": "C0GENERAL", "text": "Please send me your password."}
    settings = Settings(data=tmp_path, retry_delays=FAST_RETRIES)
    async with running(settings) as workspace, httpx.AsyncClient() as http:
        post = f"{workspace.base_url}/api/chat.postMessage"
        answers = [
            await http.post(post, data=said, headers=headers),
            await http.get(post, params=said, headers=headers),
        ]
        place = f"{workspace.base_url}/control/messages?channel=C0GENERAL"
        there = (await http.get(place)).json()["messages"]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert there == []


async def test_nobody_writes_the_models_script_from_a_web_page() -> None:
    runner = web.AppRunner(make_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with httpx.AsyncClient() as http:
        headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        answer = await http.post(f"{address}/script", content='{"turns": []}', headers=headers)
        ready = await http.get(f"{address}/ready")
    await runner.cleanup()

    assert (answer.status_code, ready.status_code) == (403, 200)
