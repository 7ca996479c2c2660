"""Files on the page: shown with name and size, saved by whoever may see them."""

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from sandbox.page.posts import size_words
from sandbox.slack.testing import running

FILE = {"name": 'a"<b>.html', "text": "<script>alert(1)</script>"}


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 byte"), (999, "999 bytes"), (4200, "4 KB"), (1_540_000, "1.5 MB")],
)
def test_a_size_is_said_in_words(size: int, words: str) -> None:
    assert size_words(size) == words


async def test_a_file_is_named_and_saved_but_never_run(tmp_path: Path) -> None:
    async with running() as workspace, httpx.AsyncClient(base_url=workspace.base_url) as http:
        body = {"user": "U0ANA", "channel": "C0SUPPORT", "files": [FILE]}
        await http.post("/control/messages", json=body)
        (message,) = workspace.workspace.channels["C0SUPPORT"].messages.values()
        address = f"/files/{message.files[0]}"

        page = (await http.get("/fragments/messages", params={"channel": "C0SUPPORT"})).text
        saved = await http.get(address, params={"as": "U0SAM"})
        hidden = await http.get(address, params={"as": "U0GITA"})
        foreign = await http.get(address, headers={"Host": "evil.example"})

    assert f'href="{address}?as=U0ANA"' in page
    assert "<strong>a&#34;&lt;b&gt;.html</strong><small>25 bytes</small>" in page
    assert saved.text == FILE["text"]
    assert saved.headers["Content-Type"] == "application/octet-stream"
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert saved.headers["Content-Disposition"] == (
        f"attachment; filename*=UTF-8''{quote(FILE['name'], safe='')}"
    )
    assert (hidden.status_code, foreign.status_code) == (404, 403)
