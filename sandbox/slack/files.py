"""Files: announced, uploaded, shared in messages, and read again.

https://docs.slack.dev/reference/objects/file-object
"""

import mimetypes
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from sandbox.slack.messages import Message
from sandbox.slack.shapes import BOT_USER, TEAM, TEAM_DOMAIN, Json
from sandbox.slack.store import Store

#: Slack takes a gigabyte.
MAX_BYTES = 20 * 2**20


@dataclass(frozen=True)
class File:
    """`created`: seconds since 1970. `key`: the secret part of the address it is uploaded to.
    `state`: `announced`, `uploaded`, then `ready`. `shares`: (channel, ts, thread_ts or "")."""

    id: str
    name: str
    title: str
    user: str
    size: int
    created: float
    key: str = ""
    state: str = "announced"
    shares: list[list[str]] = field(default_factory=list)


class Files:
    """All files of one workspace; their bytes stand in `folder`."""

    def __init__(
        self, folder: Path, store: Store, now: Callable[[], float], base_url: Callable[[], str]
    ) -> None:
        self._folder = folder
        self._store = store
        self._now = now
        self._base_url = base_url
        self._known: dict[str, File] = {}

    def announce(self, name: str, size: int, *, user: str = BOT_USER) -> File:
        """A file that is to be uploaded with exactly so many bytes."""
        file_id = f"F0{secrets.token_hex(5).upper()}"
        key = secrets.token_urlsafe(24)
        return self._put(File(file_id, name, name, user, size, self._now(), key))

    def upload_url(self, file: File) -> str:
        return f"{self._base_url()}/upload/v1/{file.key}"

    def find(self, file_id: str) -> File | None:
        return self._known.get(file_id)

    def awaiting(self, key: str) -> File | None:
        """The file whose bytes may be sent to this address now."""
        found = (one for one in self._known.values() if one.key == key and one.state != "ready")
        return next(found, None)

    def receive(self, file: File, data: bytes) -> File:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / file.id).write_bytes(data)
        return self._put(replace(file, state="uploaded"))

    def finish(self, file: File, *, title: str = "") -> File:
        """After this it can be shared and read."""
        return self._put(replace(file, state="ready", title=title or file.title))

    def shared(self, message: Message) -> None:
        """Call after a message with files was posted."""
        for file_id in message.files:
            file = self._known[file_id]
            share = [message.channel, message.ts, message.thread_ts or ""]
            self._put(replace(file, shares=[*file.shares, share]))

    def data(self, file: File) -> bytes:
        return (self._folder / file.id).read_bytes()

    def restore(self, value: Json) -> None:
        self._known[value["id"]] = File(**value)

    def as_slack(self, file_id: str) -> Json:
        """The file as messages show it."""
        file = self._known[file_id]
        suffix = Path(file.name).suffix.removeprefix(".").lower()
        address = f"{self._base_url()}/files-pri/{TEAM}-{file.id}"
        name = quote(file.name, safe="")
        return {
            "id": file.id,
            "created": int(file.created),
            "timestamp": int(file.created),
            "name": file.name,
            "title": file.title,
            "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "filetype": suffix or "binary",
            "pretty_type": suffix.upper() or "Binary",
            "user": file.user,
            "user_team": TEAM,
            "editable": False,
            "size": file.size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": any(not share[0].startswith("D") for share in file.shares),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{address}/{name}",
            "url_private_download": f"{address}/download/{name}",
            "permalink": f"https://{TEAM_DOMAIN}.slack.com/files/{file.user}/{file.id}/{name}",
            "has_rich_preview": False,
            "file_access": "visible",
        }

    def _put(self, file: File) -> File:
        self._known[file.id] = file
        self._store.put("file", file.id, asdict(file))
        return file
