"""What people do beyond single cards: stand in, hand on, answer several at once, permit alike
things, give scopes, revoke them, and look after jobs that were given up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from slack_sdk.web.async_client import AsyncWebClient
from sqlmodel import Session, select

from approvals import elevation, standing
from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.delegating import delegate, end_delegation
from approvals.handing import hand_on
from approvals.rights_tables import Elevation, StandingPermission
from approvals.tables import Action, Batch, Request
from bot.deps import BotDeps, Identity
from bot.failures import Failures
from bot.presses.batches import take_batch
from bot.presses.clicks import Click
from core.dead import DeadLetter, Patience, replay
from core.outbox import Message
from core.posts import Post
from tests.model.counterpart import CURRENCY, ONE
from tests.model.files import TEAM
from tests.model.story import Absence, Asked

if TYPE_CHECKING:
    from tests.model.world import World

#: What a standing permission is asked for: so many, each and all of them worth so much, for a day.
USES, EACH, IN_ALL = 2, 2 * ONE, 3 * ONE
#: A job that failed so often is given up.
_PATIENCE = Patience(tries=2)


@dataclass
class Acts:
    world: World
    absences: list[Absence] = field(default_factory=list)
    #: Action -> those to whom its question was handed on.
    handed: dict[str, frozenset[str]] = field(default_factory=dict)
    #: The action that asked -> what it asked for.
    asked: dict[str, Asked] = field(default_factory=dict)
    #: Permissions and scopes that were revoked, by id.
    revoked: set[str] = field(default_factory=set)
    _failed: bool = False
    _numbers: Any = field(default_factory=itertools.count)

    # Who decides

    def away(self, person: str, to: str, seconds: float, *, later: float = 0.0) -> None:
        """Somebody says that they are away, for so long, from now on or from so much later on;
        what they said of that time before ends."""
        now = self.world.clock.now()
        since = now + timedelta(seconds=later)
        absence = Absence(person, to, since, since + timedelta(seconds=seconds))
        with self.world.db.transaction() as session:
            delegate(
                session, self.world.deps.log, self.world.deps.people, person=self._one(person),
                to=self._one(to), since=since, until=absence.until, now=now,
            )  # fmt: skip
        self._forget(person, since, absence.until)
        self.absences.append(absence)

    def back(self, person: str) -> None:
        with self.world.db.transaction() as session:
            end_delegation(
                session, self.world.deps.log, self.world.deps.people, person=self._one(person),
                now=self.world.clock.now(),
            )  # fmt: skip
        self._forget(person, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

    def stands_in_for(self, person: str | None) -> frozenset[str]:
        now = self.world.clock.now()
        return frozenset(
            one.person
            for one in self.absences
            if one.to == person and not one.ended and one.since <= now < one.until
        )

    def hand(self, action: Action, person: str, to: str) -> str:
        """One person hands the question on to another; what became of it."""
        with self.world.db.transaction() as session:
            decided = hand_on(
                session, self.world.deps.log, self.world.deps.people,
                request_id=_request(session, action.id).id, person=self._one(person),
                to=self._one(to), now=self.world.clock.now(),
            )  # fmt: skip
        if decided.outcome == "handed":
            self.handed[action.id] = self.handed.get(action.id, frozenset()) | {to}
        return decided.outcome

    # Several at once

    def batches(self) -> list[Batch]:
        return self.world.rows(Batch)

    def press_batch(self, batch: Batch, person: str) -> None:
        """One press on "Approve all", on the message that the poster has sent."""
        listed = self._sent(batch.id)
        waiting = {action.id for action in self.world.actions("awaiting")}
        for action_id in listed:
            if action_id in waiting:
                self.world.note_click(action_id, person, "approve", "counted")
        press = Click(
            trigger_id=f"press{next(self._numbers)}", user=f"U0{person.upper()}", team=TEAM,
            channel="D0BATCH", ts=batch.id, action_id="approve_batch", value=batch.id,
        )  # fmt: skip
        take_batch(self._bot(), press, self._one(person))

    # Permitting beforehand

    def ask_alike(self, example: Action) -> str:
        """Its asker asks that others like it be done without asking; the id of that action."""
        args = {
            "action_id": example.id, "at_most": {"minor": EACH, "currency": CURRENCY},
            "in_all": {"minor": IN_ALL, "currency": CURRENCY}, "uses": USES, "days": 1,
            "may_differ": ["what"],
        }  # fmt: skip
        asked = Asked(
            example.principal_id, example.tool, USES, IN_ALL, days=1,
            amount=example.args["amount"], rejected=frozenset(self.world.rejected),
            refusals=frozenset(self.world.refusals),
        )  # fmt: skip
        return self._ask("signoff.allow_alike", args, asked)

    def ask_scope(self, person: str, scope: str, minutes: int) -> str:
        """Somebody asks for a scope for a time; the id of that action."""
        args = {"scope": scope, "holder": person, "minutes": minutes}
        return self._ask("signoff.elevate", args, Asked(person, scope=scope, minutes=minutes))

    def revoke(self, permission_id: str, person: str) -> None:
        """One press on Revoke, in somebody's Home."""
        world, now = self.world, self.world.clock.now()
        with world.db.transaction() as session:
            if permission_id.startswith("elev"):
                said = elevation.revoke(
                    session, world.deps.log, elevation_id=permission_id, workspace_id=TEAM,
                    person=self._one(person), now=now,
                )  # fmt: skip
            else:
                said = standing.revoke(
                    session, world.deps.log, world.deps.people, permission_id=permission_id,
                    person=self._one(person), now=now,
                )  # fmt: skip
        if said.startswith("Revoked."):
            self.revoked.add(permission_id)

    def rows(self) -> list[StandingPermission | Elevation]:
        """Every standing permission and every scope that was given."""
        if not self.asked:
            return []
        return [*self.world.rows(StandingPermission), *self.world.rows(Elevation)]

    def permitted(self) -> list[str]:
        """The ids of those that nobody revoked."""
        return [row.id for row in self.rows() if row.ended_at is None]

    # Jobs that fail

    def fail(self, message: Message) -> None:
        """A worker took this job, and it came to nothing."""
        world = self.world
        failures = Failures(
            world.db, world.deps.log, world.deps.people, world.clock, _PATIENCE, lambda: 1.0
        )
        self._failed = True
        failures.note(message.job, message.args, RuntimeError())

    def dead(self) -> list[str]:
        """The jobs that were given up and that nobody dealt with."""
        return [letter.id for letter in self.letters() if letter.status == "dead"]

    def letters(self) -> list[DeadLetter]:
        return self.world.rows(DeadLetter) if self._failed else []

    def replay(self, letter_id: str) -> None:
        """An operator has it tried again."""
        with self.world.db.transaction() as session:
            replay(session, letter_id, by="olga", now=self.world.clock.now())

    def _ask(self, tool: str, args: dict[str, Any], asked: Asked) -> str:
        world = self.world
        with world.db.transaction() as session:
            action = propose_by_hand(
                session, world.deps.log, Proposed(tool, "1.0.0", args),
                key=f"form{next(self._numbers)}", principal_id=asked.person, workspace_id=TEAM,
                channel="C0ROOM", thread_ts=None, now=world.clock.now(),
            )  # fmt: skip
        self.asked[action.id] = asked
        return action.id

    def _sent(self, batch_id: str) -> list[str]:
        """The batch stands in Slack from now on; the actions that it lists."""
        with self.world.db.transaction() as session:
            for post in session.exec(select(Post).where(Post.subject == batch_id)):
                post.sent_channel, post.ts, post.shown = "D0BATCH", batch_id, post.wanted
                session.add(post)
            batch = session.get_one(Batch, batch_id)
            requests = [session.get_one(Request, one) for one in batch.request_ids]
            return [request.action_id for request in requests]

    def _bot(self) -> BotDeps:
        deps, identity = self.world.deps, Identity(TEAM, "U0BOT", "B0BOT", "https://team.example/")
        return BotDeps(
            db=deps.db, log=deps.log, clock=self.world.clock, people=deps.people,
            policy=deps.policy, registry=deps.registry, identity=identity,
            web=AsyncWebClient(),
        )  # fmt: skip

    def _forget(self, person: str, since: datetime, until: datetime) -> None:
        for absence in self.absences:
            meant = absence.person == person and absence.since < until and since < absence.until
            absence.ended |= meant

    def _one(self, person: str) -> Any:
        return self.world.person(person)


def _request(session: Session, action_id: str) -> Request:
    return session.exec(select(Request).where(Request.action_id == action_id)).one()
