"""How the control API says no, and how it reads what it is given."""

import json
from typing import Any

from aiohttp import web

from sandbox.slack.messages import Channel
from sandbox.slack.people import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


class Refused(Exception):
    """The sentence says what is wrong and what would be right."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


async def body_of(request: web.Request, *known: str) -> Json:
    """The JSON object of a request, with no keys but the known ones."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise Refused("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    unknown = sorted(body.keys() - set(known))
    if unknown:
        raise Refused(f"Unknown: {', '.join(unknown)}. Known here: {', '.join(known)}.")
    return body


def needed(body: Json, name: str) -> str:
    """A string that must be there and not be empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(f"`{name}` is needed, as a string.")
    return value


def optional(body: Json, name: str) -> str | None:
    value: Any = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"`{name}` must be a string.")
    return value or None


def person_of(workspace: Workspace, user: str) -> Person:
    """Somebody who can act: in the workspace, and not deactivated."""
    person = workspace.people.get(user)
    if person is None:
        raise Refused(f"There is no person {user}.", 404)
    if person.deleted:
        raise Refused(f"{person.name} is deactivated and cannot act.", 403)
    return person


def channel_of(workspace: Workspace, channel_id: str, person: Person) -> Channel:
    """A channel this person is in."""
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise Refused(f"There is no channel {channel_id}.", 404)
    if person.id not in channel.members:
        raise Refused(f"{person.name} is not in this channel.", 403)
    return channel
