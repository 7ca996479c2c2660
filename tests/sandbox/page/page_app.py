"""A small Slack app, on real slack_bolt, that answers the page's samples the way Signoff does."""

import contextlib
from collections.abc import Iterator
from typing import Any

from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack.shapes import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET

Json = dict[str, Any]

CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Refund EUR 180.00 to Mara Lind?*"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "style": "primary",
                "value": "r1",
                "text": {"type": "plain_text", "text": "Approve refund"},
            },
            {
                "type": "button",
                "action_id": "reject",
                "style": "danger",
                "value": "r1",
                "text": {"type": "plain_text", "text": "Reject…"},
            },
        ],
    },
]
SECOND_ALONE = [CARD[0], {**CARD[1], "elements": CARD[1]["elements"][1:]}]
DONE = [{"type": "context", "elements": [{"type": "mrkdwn", "text": "Approved by <@U0FINN>"}]}]
MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "title": {"type": "plain_text", "text": "Reject this refund"},
    "submit": {"type": "plain_text", "text": "Reject"},
    "close": {"type": "plain_text", "text": "Keep it"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why not?"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        }
    ],
}
SHORT = "Say a little more, so that Ana knows what to do next."


@contextlib.contextmanager
def connected(base_url: str) -> Iterator[None]:
    """The app, connected over Socket Mode until the end of the block."""
    client = WebClient(token=BOT_TOKEN, base_url=f"{base_url}/api/")
    app = App(client=client, signing_secret=SIGNING_SECRET, request_verification_enabled=False)
    _listen(app)
    handler = SocketModeHandler(app, APP_TOKEN, web_client=client)
    handler.connect()
    try:
        yield
    finally:
        handler.close()


def _listen(app: App) -> None:
    app.event("app_mention")(_mentioned)
    app.event("message")(_heard)
    app.event("app_home_opened")(_heard)
    app.action("approve")(_approve)
    app.action("reject")(_reject)
    app.view("reason")(_submitted)
    app.command("/signoff")(_command)


def _heard(ack: Ack) -> None:
    ack()


def _mentioned(event: Json, say: Say) -> None:
    if "Refund" in event["text"]:
        say(text="Refund?", blocks=CARD, thread_ts=event["ts"])
    else:
        say(text="It is on its way. Source: shop, order 4711", thread_ts=event["ts"])


def _approve(ack: Ack, body: Json, client: WebClient) -> None:
    ack()
    channel, message = body["channel"]["id"], body["message"]
    if body["user"]["id"] == "U0FINN":
        client.chat_update(channel=channel, ts=message["ts"], text="Approved", blocks=DONE)
        return
    client.chat_postEphemeral(
        channel=channel,
        user=body["user"]["id"],
        thread_ts=message["thread_ts"],
        text="Refunds above EUR 100 need Finance.",
    )


def _reject(ack: Ack, body: Json, client: WebClient) -> None:
    client.views_open(trigger_id=body["trigger_id"], view=MODAL)
    ack()


def _submitted(ack: Ack, view: Json) -> None:
    reason = view["state"]["values"]["why"]["text"]["value"]
    if len(reason) < 10:
        ack(response_action="errors", errors={"why": SHORT})
    else:
        ack()


def _command(ack: Ack, command: Json) -> None:
    ack(f"You typed: {command['text']}")
