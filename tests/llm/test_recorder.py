from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlmodel import select

from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from core.clock import HeldClock
from core.db import Database
from llm.calls import ToolCall
from llm.client import Answer
from llm.recorder import record, recorded
from llm.tables import ModelResponse

ANSWER = Answer(
    content=None,
    calls=(ToolCall("c1", "shop.find_order", {"order": "4711"}),),
    problems=(),
    model="rehearsal-small",
    tier="small",
    input_tokens=10,
    output_tokens=5,
    cost_micros=None,
    duration_ms=3,
)


def test_the_first_answer_of_a_step_counts_and_is_logged_once(
    db: Database, clock: HeldClock, tmp_path: Path
) -> None:
    log = Log(keys=KeyRing.load_or_create(tmp_path / "key"))
    asked = [{"role": "user", "content": "where is 4711?"}]

    def keep(answer: Answer) -> ModelResponse:
        with db.transaction() as session:
            return record(
                session,
                log,
                workspace_id="T1",
                turn_id="turn_1",
                principal_id="ana",
                step=0,
                prompt="assistant@1",
                messages=asked,
                answer=answer,
                now=clock.now(),
            )

    first = keep(ANSWER)
    second = keep(replace(ANSWER, content="something else", calls=()))

    with db.read() as session:
        [event] = session.exec(select(Event)).all()
        body = log.body(session, event.id)
        kept = recorded(session, "turn_1", 0)
        missing = recorded(session, "turn_1", 1)
    message = {
        "content": None,
        "calls": [{"id": "c1", "tool": "shop.find_order", "args": {"order": "4711"}}],
        "problems": [],
    }
    assert first.message == second.message == message
    assert kept is not None
    assert (kept.id, kept.cost_micros, missing) == (first.id, None, None)
    assert (event.type, event.reason) == (
        "llm:response:recorded",
        "The model asked for shop.find_order",
    )
    assert event.versions == {"prompt": "assistant@1", "model": "rehearsal-small"}
    assert body == {"messages": asked, "answer": message}
