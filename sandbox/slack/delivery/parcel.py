"""What is brought to the app, and what came of one try."""

import json
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlencode

from sandbox.slack.shapes import Json

Kind = Literal["events_api", "interactive", "slash_commands"]
Sign = Literal["good", "bad", "old", "none"]
KINDS: tuple[Kind, ...] = ("events_api", "interactive", "slash_commands")
SIGNS: tuple[Sign, ...] = ("good", "bad", "old", "none")

#: Nobody answered within the time.
NO_ANSWER = 0


@dataclass(frozen=True)
class Parcel:
    """`sign` other than "good" exists over HTTP only: a forged, an old and a missing signature."""

    kind: Kind
    payload: Json
    sign: Sign = "good"

    @property
    def type(self) -> str:
        """What it is, for the journal: the event's type, `block_actions`, `/signoff`, ..."""
        event = self.payload.get("event")
        if isinstance(event, dict):
            return str(event.get("type"))
        return str(self.payload.get("type") or self.payload.get("command") or "?")

    @property
    def event_id(self) -> str | None:
        event_id = self.payload.get("event_id")
        return event_id if isinstance(event_id, str) else None

    def http_body(self) -> tuple[str, str]:
        """(content type, body) as Slack posts it."""
        if self.kind == "events_api":
            return "application/json", json.dumps(self.payload)
        form = {"payload": json.dumps(self.payload)} if self.kind == "interactive" else self.payload
        return "application/x-www-form-urlencoded", urlencode(form)


@dataclass(frozen=True)
class Attempt:
    """`status` is HTTP's (an ack is 200, 0 is no answer); `response` what came with the ack."""

    status: int
    reason: str = ""
    response: Json | None = None
    no_retry: bool = False

    @property
    def acked(self) -> bool:
        return self.status == 200


class Transport(Protocol):
    name: str

    @property
    def waiting_for(self) -> str:
        """What is missing before anything can be delivered; empty when nothing is."""

    async def attempt(self, parcel: Parcel, *, retry: int, reason: str) -> Attempt:
        """One try, over within the time an app has to acknowledge."""
