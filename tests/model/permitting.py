"""Signoff's own tools in the model: the product's code over the same rows, behind gates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from approvals.people import People
from audit.log import Log
from bot.permissions import PermissionsInSql
from core.clock import HeldClock
from core.db import Database
from tests.model.gates import Died, GatedDatabase, gate
from tools.connectors import signoff
from tools.contract import Connector, Ports, Refused, Unavailable

_TIMEOUT = timedelta(seconds=30)


def permitting(db: GatedDatabase, log: Log, people: People, clock: HeldClock) -> Connector:
    """The connector `signoff` as it is when these files are in force."""
    plain = Database(db.engine)  # what it commits is one step of the call, like the other system's
    ports = Ports(
        setting=str,
        clock=clock,
        directory=None,  # type: ignore[arg-type]
        notes=None,  # type: ignore[arg-type]
        permissions=_Reached(plain, log, people, clock, db),
    )
    return signoff.make(ports)


class _Reached(PermissionsInSql):
    """Answers as the model says: what was changed may not be heard of, or not be reached at all."""

    def __init__(
        self, db: Database, log: Log, people: People, clock: HeldClock, gated: GatedDatabase
    ) -> None:
        super().__init__(db, log, people)
        self._clock, self._gated = clock, gated

    def change(self, what: str, args: Mapping[str, Any], *, action_id: str, now: datetime) -> str:
        asked = self._clock.now()
        fate = gate("give") or "answered"
        # As with the other system: nothing can stop a process between its last look and the send.
        if self._clock.now() >= asked + _TIMEOUT:
            raise Died()
        if fate == "down":
            raise Unavailable("It does not answer.", reached=False)
        if fate == "refused":
            raise Refused("Not now.")
        self._gated.version += 1
        made = super().change(what, args, action_id=action_id, now=now)
        if fate == "reply lost":
            raise Unavailable("It does not answer.", reached=True)
        gate("replied")
        return made
