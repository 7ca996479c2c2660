"""Files: slack_sdk uploads them, people attach them, the app reads them with its token."""

import base64
from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.client import WebClient

from core.clock import HeldClock
from sandbox.slack.settings import Manifest
from sandbox.slack.shapes import BOT_TOKEN, Json
from sandbox.slack.testing import running
from tests.sandbox.slack.slack_bench import ANA, SUPPORT
from tests.sandbox.slack.slack_scene import Scene

pytestmark = pytest.mark.usefixtures("answered")
TOKEN = {"Authorization": f"Bearer {BOT_TOKEN}"}


async def last(scene: Scene) -> Json:
    return dict((await scene.bench.see(f"messages?channel={SUPPORT}"))["messages"][-1])


async def read(scene: Scene, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    async with scene.bench.http.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def test_slack_sdk_uploads_a_file_into_a_thread(scene: Scene, client: AsyncWebClient) -> None:
    answer = await client.files_upload_v2(
        channel=SUPPORT,
        thread_ts=scene.asked,
        filename="orders.csv",
        title="Open orders",
        content="4711;180\n",
        initial_comment="Here they are.",
    )

    message = await last(scene)
    (file,) = message["files"]
    assert (message["subtype"], message["text"]) == ("file_share", "Here they are.")
    assert (message["thread_ts"], message["user"]) == (scene.asked, "U0SIGNOFF")
    assert (file["name"], file["title"], file["size"]) == ("orders.csv", "Open orders", 9)
    assert (file["mimetype"], file["filetype"]) == ("text/csv", "csv")
    assert answer["file"]["id"] == file["id"]
    info = (await client.files_info(file=file["id"]))["file"]
    assert info["shares"]["public"][SUPPORT][0]["ts"] == message["ts"]
    assert await read(scene, file["url_private"], TOKEN) == (200, b"4711;180\n")
    assert scene.bench.delivered[-1].payload["event"]["files"] == message["files"]


async def test_several_files_make_one_message(scene: Scene) -> None:
    client = WebClient(BOT_TOKEN, base_url=scene.bench.running.api_url)
    uploads = [{"filename": f"{n}.txt", "content": f"text {n}", "title": f"T{n}"} for n in range(2)]

    await scene.bench.in_thread(
        lambda: client.files_upload_v2(channel=SUPPORT, file_uploads=uploads)
    )

    assert [f["title"] for f in (await last(scene))["files"]] == ["T0", "T1"]


async def test_a_file_that_is_shared_nowhere_is_private(
    scene: Scene, client: AsyncWebClient
) -> None:
    before = await last(scene)

    answer = await client.files_upload_v2(filename="draft.txt", content="draft")

    assert answer["file"]["shares"] == {"public": {}, "private": {}}
    assert await last(scene) == before


async def test_an_upload_must_have_the_length_it_was_announced_with(scene: Scene) -> None:
    args = {"filename": "a.txt", "length": 5}
    ticket = await scene.bench.call("files.getUploadURLExternal", args)

    answers = []
    for data in (b"four", b"sixsix", b"fives"):
        async with scene.bench.http.post(ticket["upload_url"], data=data) as answer:
            answers.append(answer.status)

    assert answers == [400, 400, 200]


async def test_an_upload_may_be_a_form(scene: Scene) -> None:
    args = {"filename": "a.txt", "length": 5}
    ticket = await scene.bench.call("files.getUploadURLExternal", args)
    form = aiohttp.FormData()
    form.add_field("filename", b"hello", filename="a.txt")

    async with scene.bench.http.post(ticket["upload_url"], data=form) as answer:
        assert await answer.text() == "OK - 5"


async def test_without_its_bytes_an_upload_cannot_be_completed_nor_twice(
    scene: Scene, client: AsyncWebClient
) -> None:
    ticket = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    done = await scene.uploaded()
    await client.files_completeUploadExternal(files=done)

    for files in ([{"id": ticket["file_id"]}], done):
        with pytest.raises(SlackApiError) as refused:
            await client.files_completeUploadExternal(files=files)
        assert refused.value.response["error"] == "file_not_found"


async def test_an_address_takes_nothing_once_its_file_is_complete(
    scene: Scene, client: AsyncWebClient
) -> None:
    ticket = await client.files_getUploadURLExternal(filename="a.txt", length=5)
    for _ in range(2):
        async with scene.bench.http.post(str(ticket["upload_url"]), data=b"hello") as answer:
            assert answer.status == 200
    await client.files_completeUploadExternal(files=[{"id": str(ticket["file_id"])}])

    async with scene.bench.http.post(str(ticket["upload_url"]), data=b"later") as answer:
        assert answer.status == 404


async def test_an_empty_file_is_refused(scene: Scene, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.files_upload_v2(file_uploads=[{"filename": "a.txt", "content": ""}])

    assert refused.value.response["error"] == "missing_argument"


async def test_a_person_attaches_a_file_and_the_app_hears_of_it(scene: Scene) -> None:
    files = [{"name": "Rechnung März.pdf", "base64": base64.b64encode(b"%PDF\x00").decode()}]

    await scene.bench.do(
        "messages", user=ANA, channel=SUPPORT, text="@Signoff what is this?", files=files
    )

    message, mention = [p.payload["event"] for p in scene.bench.delivered[-2:]]
    (file,) = message["files"]
    assert (message["type"], message["subtype"], message["user"]) == ("message", "file_share", ANA)
    assert (mention["type"], mention["files"]) == ("app_mention", [file])
    assert (file["name"], file["user"], file["size"]) == ("Rechnung März.pdf", ANA, 5)
    assert await read(scene, file["url_private"], TOKEN) == (200, b"%PDF\x00")
    assert await read(scene, file["url_private_download"], TOKEN) == (200, b"%PDF\x00")


async def test_a_file_needs_no_words(scene: Scene) -> None:
    files = [{"name": "a.txt", "text": "hello"}]

    answer = await scene.bench.do("messages", user=ANA, channel="D0ANA", files=files)

    assert answer["ok"] is True
    assert scene.bench.delivered[-1].payload["event"]["text"] == ""


@pytest.mark.parametrize(
    ("files", "status", "reason"),
    [
        ([{"name": "a.txt"}], 400, "`files` takes objects"),
        ([{"name": " ", "text": "x"}], 400, "`files` takes objects"),
        ([{"name": "a.txt", "base64": "?"}], 400, "`base64` cannot be read"),
        ([{"name": "a.txt", "text": "x"}] * 11, 400, "`files` must be a list"),
        ([{"name": "a.txt", "text": "x" * 500_001}], 413, "A file has at most 500000 bytes"),
    ],
)
async def test_what_cannot_be_attached_is_refused(
    scene: Scene, files: list[Json], status: int, reason: str
) -> None:
    answer = await scene.bench.do("messages", user=ANA, channel=SUPPORT, text="x", files=files)

    assert (answer["status"], answer["error"].startswith(reason)) == (status, True)


async def test_the_bytes_need_the_token_and_its_scope(scene: Scene) -> None:
    await scene.attached()
    url = (await last(scene))["files"][0]["url_private"]
    nobody = await read(scene, url, {})
    somebody = await read(scene, url, {"Authorization": "Bearer xoxb-somebody"})
    manifest = Manifest(scopes=frozenset({"chat:write"}))
    workspace = scene.bench.workspace
    workspace.settings = replace(workspace.settings, manifest=manifest)
    without_scope = await read(scene, url, TOKEN)

    # As Slack does it: no 403, but a way to the page where people sign in.
    assert [status for status, _ in (nobody, somebody, without_scope)] == [302] * 3


async def test_files_outlive_a_restart(scene: Scene, held: HeldClock) -> None:
    file_id = await scene.attached()
    scene.bench.workspace.store.close()

    async with running(scene.bench.workspace.settings, clock=held) as again:
        client = AsyncWebClient(BOT_TOKEN, base_url=again.api_url)
        file = (await client.files_info(file=file_id))["file"]
        found = await read(scene, file["url_private"], TOKEN)

    assert file["url_private"].startswith(again.base_url)
    assert found == (200, b"4711;180")
