"""POST actions: a person uses an element that really stands on a message, a modal or a Home."""

from typing import Any

from aiohttp import web

from sandbox.slack import payloads
from sandbox.slack.blocks import element_of
from sandbox.slack.blocks.find import elements_in
from sandbox.slack.control.choices import action_of, initial_state
from sandbox.slack.control.people_act import acknowledged
from sandbox.slack.control.refusal import Refused, body_of, channel_of, needed, optional, person_of
from sandbox.slack.delivery.parcel import Parcel
from sandbox.slack.messages import Channel, Message
from sandbox.slack.people import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace

_STATELESS = ("button", "icon_button", "feedback_buttons")


class Clicks:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def act(self, request: web.Request) -> Json:
        """POST actions. Either `channel` and `ts` or `view_id` say where the element stands."""
        workspace = self._workspace
        known = ("user", "channel", "ts", "view_id", "action_id", "block_id", "value")
        body = await body_of(request, *known)
        person = person_of(workspace, needed(body, "user"))
        blocks, surface = self._surface(body, person)
        action = self._action(body, blocks)
        payload = {
            **payloads.interaction(person, "block_actions", workspace.triggers.issue(person.id)),
            **surface,
            "state": {"values": _state(blocks, action)},
            "actions": [action],
        }
        attempt = await workspace.dispatcher.send(Parcel("interactive", payload))
        return acknowledged(attempt)

    def _surface(self, body: Json, person: Person) -> tuple[list[Json], Json]:
        if optional(body, "view_id"):
            return self._view(body["view_id"], person)
        channel = channel_of(self._workspace, needed(body, "channel"), person)
        message = _visible(channel, needed(body, "ts"), person)
        return message.blocks, self._message(channel, message, person)

    def _action(self, body: Json, blocks: list[Json]) -> Json:
        action_id, value = needed(body, "action_id"), body.get("value")
        block_id = optional(body, "block_id")
        found = element_of(blocks, action_id, block_id=block_id, value=value)
        if found is None:
            there = [e["action_id"] for block in blocks for e in elements_in(block)]
            names = ", ".join(there) or "nothing to use"
            raise Refused(f"There is no {action_id} here. There is: {names}.", 404)
        block, element = found
        return action_of(block, element, value, ts=f"{self._workspace.now():.6f}")

    def _message(self, channel: Channel, message: Message, person: Person) -> Json:
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        if message.is_reply:
            container["thread_ts"] = message.thread_ts
        url = self._workspace.response_url(
            channel=channel.id, user=person.id, ts=message.ts, thread_ts=message.thread_ts
        )
        surface: Json = {
            "container": container,
            "channel": {"id": channel.id, "name": payloads.channel_name(channel)},
            "response_url": url,
        }
        if message.ephemeral_to is None:
            surface["message"] = channel.shown(message, metadata=True)
        return surface

    def _view(self, view_id: str, person: Person) -> tuple[list[Json], Json]:
        view = self._workspace.views.find(view_id)
        if view is None or view.user != person.id:
            raise Refused(f"{person.name} has no open view {view_id}.", 404)
        container = {"type": "view", "view_id": view.id}
        return view.body["blocks"], {"container": container, "view": view.body}


def _visible(channel: Channel, ts: str, person: Person) -> Message:
    message = channel.messages.get(ts) or channel.ephemeral.get(ts)
    if message is None or message.ephemeral_to not in (None, person.id):
        raise Refused(f"{person.name} sees no message {ts} in this channel.", 404)
    return message


def _state(blocks: list[Json], action: Json) -> Json:
    """Every input's value at the moment of the action."""
    values: dict[str, Any] = {}
    for block in blocks:
        for element in elements_in(block):
            if element["type"] in _STATELESS:
                continue
            held = initial_state(element)
            if (block["block_id"], element["action_id"]) == (
                action["block_id"],
                action["action_id"],
            ):
                held = {key: action[key] for key in held}
            values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values
