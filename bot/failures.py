"""A job's try that failed: counted in SQL, and when it was the last, told to the operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from approvals.people import People
from audit.log import Log
from core.clock import Clock
from core.db import Database
from core.dead import DeadLetter, Patience, job_failed
from core.errors import InvalidTransition, LeaseLost, SignoffError, StorageError
from tools.findings import tell_operators

log = structlog.get_logger()

#: Not the job's own failure: somebody else has it, or the database cannot be reached.
NO_FAILURES = (InvalidTransition, LeaseLost, StorageError)


@dataclass(frozen=True)
class Failures:
    db: Database
    log: Log
    people: People
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311

    def note(self, job: str, args: Mapping[str, Any], error: BaseException) -> None:
        """Count it. Never raises: what could not be counted stays open and is tried again."""
        subject = next(iter(args.values()), None)  # every job takes its subject's id
        if isinstance(error, NO_FAILURES) or not isinstance(subject, str):
            return
        try:
            self._note(job, subject, type(error).__name__)
        except SignoffError as failed:
            log.warning("failure_not_counted", job=job, error=type(failed).__name__)

    def _note(self, job: str, subject: str, why: str) -> None:
        now = self.clock.now()
        with self.db.transaction() as session:
            letters = job_failed(
                session,
                job=job,
                subject=subject,
                why=why,
                patience=self.patience,
                chance=self.chance(),
                now=now,
            )
            for letter in letters:
                log.error("job_dead", job=job, subject=subject, letter=letter.id, why=why)
                self.log.record(
                    session,
                    workspace_id=letter.workspace_id,
                    type="bot:job:dead",
                    subject=letter.id,
                    actor="system:bot",
                    at=now,
                    reason=f"Given up after {letter.tries} tries: {job}",
                    action_id=subject if subject.startswith("act_") else None,
                )
                tell_operators(
                    session, self.people, subject=letter.id, text=_sentence(letter), now=now
                )


def _sentence(letter: DeadLetter) -> str:
    return (
        f"I gave up on a job after {letter.tries} tries: {letter.job} for {letter.subject} "
        f"({letter.why}; the worker's log says more). When what was wrong is mended: signoff dead "
        f"replay {letter.id}. If it is not to be done: signoff dead drop {letter.id} --reason …"
    )
