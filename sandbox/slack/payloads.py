"""The shapes in which Slack tells an app what people did."""

import base64
import json
import secrets

from sandbox.slack.messages import Channel, Message
from sandbox.slack.people import Person
from sandbox.slack.shapes import (
    APP,
    BOT_USER,
    TEAM,
    TEAM_DOMAIN,
    VERIFICATION_TOKEN,
    Json,
)


def event_callback(event: Json, *, at: float, shared: bool = False) -> Json:
    """An Events API body around one event, with a new event id. `shared`: it happened in a channel
    that people of another workspace are in too."""
    context = json.dumps({"event": event["type"], "nonce": secrets.token_hex(8)})
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": int(at),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": "4-" + base64.urlsafe_b64encode(context.encode()).decode(),
    }


def message_event(channel: Channel, message: Message) -> Json:
    """`message`: somebody wrote in a channel the app is in, or to the app."""
    event = channel.shown(message, metadata=True)
    event.update(channel=channel.id, event_ts=message.ts, channel_type=_channel_type(channel))
    return event


def changed_event(channel: Channel, message: Message, before: Json, *, ts: str) -> Json:
    """`message` with subtype `message_changed`."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": channel.shown(message, metadata=True),
        "previous_message": before,
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": _channel_type(channel),
    }


def deleted_event(channel: Channel, before: Json, *, ts: str) -> Json:
    """`message` with subtype `message_deleted`."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": before,
        "channel": channel.id,
        "hidden": True,
        "deleted_ts": before["ts"],
        "ts": ts,
        "event_ts": ts,
        "channel_type": _channel_type(channel),
    }


def mention_event(channel: Channel, message: Message) -> Json:
    """`app_mention`: the same words again, as an event of its own."""
    event = channel.shown(message, metadata=False)
    event.update(type="app_mention", channel=channel.id, event_ts=message.ts)
    return event


def interaction(person: Person, kind: str, trigger_id: str) -> Json:
    """What every interactive payload starts with."""
    return {
        "type": kind,
        "user": {
            "id": person.id,
            "username": person.handle,
            "name": person.handle,
            "team_id": person.team,
        },
        "api_app_id": APP,
        "token": VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(
    person: Person,
    channel: Channel,
    *,
    command: str,
    text: str,
    trigger_id: str,
    response_url: str,
) -> Json:
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def channel_name(channel: Channel) -> str:
    if channel.private:
        return "privategroup"
    return "directmessage" if channel.im_with else channel.name


def _channel_type(channel: Channel) -> str:
    return "im" if channel.im_with else "group" if channel.private else "channel"
