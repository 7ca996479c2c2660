"""Every answer of a model is a row, unique on (turn, step), before anything follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from llm.calls import clean
from llm.client import Answer
from llm.tables import ModelResponse


def recorded(session: Session, turn_id: str, step: int) -> ModelResponse | None:
    """The answer given at this step, if there was one: then the model is not asked again."""
    query = select(ModelResponse).where(
        ModelResponse.turn_id == turn_id, ModelResponse.step == step
    )
    return session.exec(query).one_or_none()


def record(
    session: Session,
    log: Log,
    *,
    workspace_id: str,
    turn_id: str,
    principal_id: str,
    step: int,
    prompt: str,
    messages: Sequence[dict[str, Any]],
    answer: Answer,
    now: datetime,
) -> ModelResponse:
    """Store the answer with its event; where one stands already, that one counts and is returned.

    `messages` (what was asked) goes encrypted into the event's body.
    """
    row = ModelResponse(
        id=derive_id("resp", turn_id, step),
        workspace_id=workspace_id,
        turn_id=turn_id,
        step=step,
        tier=answer.tier,
        model=answer.model,
        prompt=prompt,
        message=_message(answer),
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_micros=answer.cost_micros,
        duration_ms=answer.duration_ms,
        at=now,
    )
    if not insert_once(session, row):
        first = recorded(session, turn_id, step)
        assert first is not None  # it was just refused for standing there
        return first
    log.record(
        session,
        workspace_id=workspace_id,
        type="llm:response:recorded",
        subject=row.id,
        actor=f"model:{answer.model}",
        about=principal_id,
        at=now,
        reason=_sentence(answer),
        turn_id=turn_id,
        versions={"prompt": prompt, "model": answer.model},
        body={"messages": list(messages), "answer": row.message},
    )
    return row


def record_left(
    session: Session,
    log: Log,
    *,
    workspace_id: str,
    turn_id: str,
    principal_id: str,
    step: int,
    prompt: str,
    model: str,
    messages: Sequence[dict[str, Any]],
    heard: str,
    now: datetime,
) -> None:
    """Log an answer that was left in the middle: people may have seen what was `heard` of it. It is
    no row: nothing follows from it, and its tokens are not known."""
    log.record(
        session,
        workspace_id=workspace_id,
        type="llm:response:left",
        subject=derive_id("resp", turn_id, step),
        actor=f"model:{model}",
        about=principal_id,
        at=now,
        reason="The model was left in the middle of its answer",
        turn_id=turn_id,
        versions={"prompt": prompt, "model": model},
        body={"messages": list(messages), "answer": {"content": clean(heard)}},
    )


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "content": answer.content,
        "calls": [asdict(call) for call in answer.calls],
        "problems": list(answer.problems),
    }


def _sentence(answer: Answer) -> str:
    if answer.problems:
        return "The model's answer could not be used"
    if answer.calls:
        return f"The model asked for {', '.join(call.tool for call in answer.calls)}"
    return "The model answered in words"
