"""What a turn has read, each text with its origin: arguments a model writes are matched on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from approvals.by_hand import BY_HAND
from approvals.origins import Labelled, written
from approvals.people import People
from approvals.tables import Action
from approvals.vouched import vouched
from core.origins import Origin
from graphs.runtime.happened import Happened
from graphs.runtime.tables import HISTORY, Turn, forked_from
from tools.registry import Registry

Evidence = Callable[[Session, Action], Sequence[Labelled]]


def make_evidence(people: People, registry: Registry) -> Evidence:
    """The port `tools.pinning` asks: labelled texts for the turn of an action."""

    def evidence(session: Session, action: Action) -> Sequence[Labelled]:
        turn = session.get(Turn, action.turn_id) if action.turn_id else None
        if turn is None:
            return [*_by_hand(action), *_directory(people)]
        earlier = _earlier(session, turn)
        told = [turn.id, *(one.id for one in earlier)]
        return [
            *_typed(turn, earlier),
            *_results(session, registry, told, None),
            *_carried(session, registry, turn),
            *_directory(people),
        ]

    return evidence


#: Of so many of the newest messages of a place the first that few could read says who can.
_LATELY = 20


def _by_hand(action: Action) -> list[Labelled]:
    """What a person filled in themselves is theirs, every value of it."""
    if action.automation != BY_HAND:
        return []
    return [Labelled(Origin.REQUESTER, json.dumps(action.args))]


def readers_of(session: Session, action: Action) -> Sequence[str] | None:
    """The port `tools.verdicts` asks: who could read the conversation when this was asked for.
    What a person filled in by hand is as private as what was last said there."""
    if action.turn_id is not None:
        turn = session.get(Turn, action.turn_id)
        return turn.readers if turn else None
    said_there = (
        select(Turn.readers)
        .where(Turn.workspace_id == action.workspace_id, Turn.channel == action.channel)
        .order_by(col(Turn.created_at).desc())
        .limit(_LATELY)
    )
    return next((found for found in session.exec(said_there) if found is not None), None)


def _earlier(session: Session, turn: Turn) -> Sequence[Turn]:
    """The turns of its conversation that the model was told of."""
    query = (
        select(Turn)
        .where(Turn.conversation_id == turn.conversation_id, col(Turn.message_ts) < turn.message_ts)
        .order_by(col(Turn.message_ts).desc())
        .limit(HISTORY)
    )
    return session.exec(query).all()


def _typed(turn: Turn, told: Sequence[Turn]) -> list[Labelled]:
    """The request, the thread before it, and earlier requests the model was told again."""
    texts = _words_of(turn, Origin.REQUESTER)
    for message in turn.context:
        texts += written(_author(message, turn), str(message.get("text", "")))
    for earlier in told:
        own = earlier.principal_id == turn.principal_id
        texts += _words_of(earlier, Origin.REQUESTER if own else Origin.COLLEAGUE)
    return texts


def _words_of(turn: Turn, typed_by: Origin) -> list[Labelled]:
    """What was typed; of what a rule asks only the file's own words, the rest is an event's."""
    if turn.happened is None:
        return written(typed_by, turn.text)
    happened = Happened.from_json(turn.happened)
    told = json.dumps(dict(happened.fields), ensure_ascii=False)
    own = [Labelled(typed_by, piece) for piece in happened.own_words]
    return [*own, Labelled(Origin.EVENT, told)]


def _author(message: Mapping[str, Any], turn: Turn) -> Origin:
    if message.get("author_id") == turn.principal_id:
        return Origin.REQUESTER
    # Guests, bots and strangers are as little ours as a web page.
    return Origin.COLLEAGUE if message.get("trusted") else Origin.WEB


def _carried(session: Session, registry: Registry, turn: Turn) -> list[Labelled]:
    """What tools answered in the steps a forked turn goes on from."""
    texts: list[Labelled] = []
    while (fork := forked_from(turn)) is not None:
        turn = session.get_one(Turn, fork[0])
        texts += _results(session, registry, [turn.id], fork[1])
    return texts


def _results(
    session: Session, registry: Registry, turns: Sequence[str], steps: int | None
) -> list[Labelled]:
    """What tools answered in (so many steps of) these turns, under the origin each result has.

    `source` is left out: it may repeat the model's own arguments, which nobody vouched for.
    """
    query = select(Action).where(col(Action.turn_id).in_(turns), Action.status == "succeeded")
    if steps is not None:
        query = query.where(col(Action.step) < steps)
    texts: list[Labelled] = []
    for action in session.exec(query):
        tool = registry.tool(action.tool)
        outcome = action.outcome or {}
        result = outcome.get("result")
        if tool is None or result is None:
            continue
        texts += vouched(
            {name: value for name, value in result.items() if name != "source"},
            yields=tool.yields,
            whole=Origin(outcome.get("origin", tool.yields)),
            args=action.args,
            origins=action.origins,
        )
    return texts


def _directory(people: People) -> list[Labelled]:
    entries = [f"{person.name} {person.email or ''}" for person in people.everyone]
    return [Labelled(Origin.FIRST_PARTY, entry) for entry in entries]
