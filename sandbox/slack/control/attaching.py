"""Files that people attach to what they write."""

import base64
import binascii
from dataclasses import dataclass

from sandbox.slack.control.refusal import Refused
from sandbox.slack.files import Files
from sandbox.slack.shapes import Json

MAX_FILES = 10
#: One file; a request has room for a little more.
MAX_BYTES = 500_000
_WANTED = "`files` takes objects with `name`, and `text` or `base64`."


@dataclass(frozen=True)
class Attached:
    name: str
    data: bytes

    def keep(self, files: Files, user: str) -> str:
        """The id of the file, ready to be shared."""
        file = files.announce(self.name, len(self.data), user=user)
        return files.finish(files.receive(file, self.data)).id


def attached_files(body: Json) -> list[Attached]:
    """The files of a request's body; none when it has none."""
    given = body.get("files") or []
    if not isinstance(given, list) or len(given) > MAX_FILES:
        raise Refused(f"`files` must be a list of at most {MAX_FILES}.")
    return [_attached(item) for item in given]


def _attached(item: object) -> Attached:
    if not isinstance(item, dict) or set(item) not in ({"name", "text"}, {"name", "base64"}):
        raise Refused(_WANTED)
    if not all(isinstance(value, str) for value in item.values()) or not item["name"].strip():
        raise Refused(_WANTED)
    data = item["text"].encode() if "text" in item else _decoded(item["base64"])
    if len(data) > MAX_BYTES:
        raise Refused(f"A file has at most {MAX_BYTES} bytes here.", 413)
    return Attached(item["name"], data)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused("`base64` cannot be read.") from None
