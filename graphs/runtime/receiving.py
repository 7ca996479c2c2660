"""Messages become turns, many in one go. Services never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session

from approvals.elevation import ASSISTANT
from audit.entry import Entry
from audit.log import Log
from core.db import insert_new
from core.outbox import Occasion, enqueue_all
from graphs.runtime.happened import Happened
from graphs.runtime.tables import Conversation, Turn
from graphs.runtime.turns import JOB, conversation_id, turn_id
from llm.calls import clean


@dataclass(frozen=True)
class Received:
    """One message as it came.

    `thread_ts` is the message's own (None at the top of a channel or direct message); the answer
    goes into the thread, in a channel always. `place` is what people call the channel (`#support`),
    `asker` the person's first name, both for the story. `context` holds the thread before the
    message: {"author", "author_id", "trusted", "text", "ts"} each.
    """

    workspace_id: str
    kind: Literal["channel", "dm"]
    place: str
    principal_id: str
    asker: str
    channel: str
    thread_ts: str | None
    message_ts: str
    text: str
    context: Sequence[Mapping[str, Any]] = ()
    #: Slack ids of those who can read it; None where everybody can.
    readers: Sequence[str] | None = None
    #: What another system told of, where a rule asks in place of a person's message.
    happened: Happened | None = None

    @property
    def root(self) -> str:
        """The first ts of the thread of its conversation; empty outside threads."""
        return self.thread_ts or (self.message_ts if self.kind == "channel" else "")

    @property
    def conversation_id(self) -> str:
        return conversation_id(self.workspace_id, self.channel, self.root)

    @property
    def turn_id(self) -> str:
        return turn_id(self.workspace_id, self.channel, self.message_ts)


def receive_all(
    session: Session, log: Log, messages: Sequence[Received], *, now: datetime
) -> list[str]:
    """Store each message as a turn and queue its run; the same message again finds the same turn.

    The ids of the turns, in the order of the messages.
    """
    by_turn = {message.turn_id: message for message in messages}
    talks = {message.conversation_id: _conversation(message, now) for message in messages}
    # In one order everywhere, so that two who write the same rows wait and do not deadlock.
    insert_new(session, Conversation, [talks[id] for id in sorted(talks)])
    turns = {id: _turn(by_turn[id], now) for id in sorted(by_turn)}
    new = insert_new(session, Turn, list(turns.values()))
    fresh = [id for id in by_turn if id in new]
    log.record_all(session, [_event(by_turn[id], turns[id], now) for id in fresh])
    enqueue_all(session, [_run(by_turn[id]) for id in fresh], now=now)
    return [message.turn_id for message in messages]


def _conversation(message: Received, now: datetime) -> dict[str, Any]:
    return {
        "id": message.conversation_id,
        "workspace_id": message.workspace_id,
        "channel": message.channel,
        "thread_ts": message.root,
        "kind": message.kind,
        "place": message.place,
        "created_at": now,
    }


def _turn(message: Received, now: datetime) -> dict[str, Any]:
    return {
        "id": message.turn_id,
        "workspace_id": message.workspace_id,
        "conversation_id": message.conversation_id,
        "principal_id": message.principal_id,
        "automation": message.happened.rule if message.happened else ASSISTANT,
        "channel": message.channel,
        "thread_ts": message.root or None,
        "message_ts": message.message_ts,
        "text": clean(message.text),
        "context": [dict(item) for item in message.context],
        "readers": None if message.readers is None else list(message.readers),
        "happened": message.happened.as_json() if message.happened else None,
        "versions": {},
        "created_at": now,
    }


def _event(message: Received, turn: Mapping[str, Any], now: datetime) -> Entry:
    actor, reason = message.principal_id, f"{message.asker} asked in {message.place}"
    body = {"text": turn["text"], "context": turn["context"]}
    if message.happened is not None:
        rule = message.happened.rule
        actor = f"automation:{rule}"
        reason = f"The rule {rule} asked for {message.asker} in {message.place}"
        body["happened"] = turn["happened"]
    return Entry(
        workspace_id=message.workspace_id,
        type="bot:turn:received",
        subject=turn["id"],
        actor=actor,
        at=now,
        reason=reason,
        turn_id=turn["id"],
        body=body,
        about=message.principal_id,
    )


def _run(message: Received) -> Occasion:
    return Occasion(
        workspace_id=message.workspace_id,
        job=JOB,
        subject=message.turn_id,
        key=f"{message.turn_id}:received",
        args={"turn_id": message.turn_id},
    )
