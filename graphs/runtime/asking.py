"""Asking the model for one step of a turn: heard while it writes, left when the turn ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import LeaseLost, StorageError
from core.leases import Held, guard
from graphs.runtime.claim import stopped_by
from graphs.runtime.drain import HandedOver
from graphs.runtime.states import RUNNING
from graphs.runtime.tables import Turn
from graphs.runtime.turns import TurnEnded, end_stopped, require_running
from llm.calls import Schema
from llm.client import Answer
from llm.listening import Abandoned, Listener
from llm.prompts import ASSISTANT
from llm.recorder import record_left

if TYPE_CHECKING:
    from graphs.runtime.work import Desk


class Asking:
    """One run of one turn, at the model. `lost` tells whether its lease was taken over."""

    def __init__(self, desk: Desk, turn: Turn, held: Held, lost: Callable[[], bool]) -> None:
        self._desk, self._turn, self._held, self._lost = desk, turn, held, lost

    def ask(
        self, step: int, messages: Sequence[dict[str, Any]], schemas: Sequence[Schema]
    ) -> Answer:
        """The model's answer, shown while it is written.

        Raises `TurnEnded` soon after somebody stopped the turn, `LeaseLost` soon after another
        worker took it over, `HandedOver` when this process ends before the answer does.
        """
        turn, words, said = self._turn, self._desk.preview.words, [""]

        def heard(text: str) -> None:
            said[0] = text
            words(turn, step, text)

        try:
            return self._desk.models.complete(
                messages, schemas, self._desk.tier, Listener(heard, self._wanted)
            )
        except Abandoned:
            self._leave(step, messages, said[0])
            raise TurnEnded(f"turn {turn.id} is not wanted any more") from None

    def _wanted(self) -> bool:
        if self._lost():
            raise LeaseLost(f"{self._held.name} was taken over")
        if self._desk.drain.over:
            raise HandedOver()
        try:
            with self._desk.db.read() as session:
                require_running(session, self._turn.id)
                return stopped_by(session, self._turn) is None
        except TurnEnded:
            return False
        except StorageError:
            return True  # not known; the write that follows the answer will tell

    def _leave(self, step: int, messages: Sequence[dict[str, Any]], heard: str) -> None:
        """Log what was left. Where everything was stopped, which moves no turn, this one ends as it
        would have at its beginning."""
        desk, now = self._desk, self._desk.clock.now()
        with desk.db.transaction() as session:
            guard(session, self._held)
            turn = session.get_one(Turn, self._turn.id)
            record_left(
                session,
                desk.log,
                workspace_id=turn.workspace_id,
                turn_id=turn.id,
                principal_id=turn.principal_id,
                step=step,
                prompt=ASSISTANT,
                model=desk.models.config.tier(desk.tier).model,
                messages=messages,
                heard=heard,
                now=now,
            )
            reason = stopped_by(session, turn)
            if reason is not None and turn.status == RUNNING:
                end_stopped(session, desk.log, turn, by="system:worker", reason=reason, now=now)
