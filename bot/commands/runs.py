"""`signoff runs show | rewind | diff | fork | back`: what a turn did, its states, a new try.

*show* tells the steps from SQL. *rewind* takes the turn back to the state after a step, in memory,
from what was recorded: it changes nothing, asks no model and posts nothing. *diff* compares two
such states. *fork* has a new turn go on from one; *back* asks whether to undo first what was done
after it. Each is an event that names who asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from approvals.people import People
from approvals.tables import Action, title_of
from audit.log import Log
from bot.bootstrap import make_clock
from bot.commands import settings_for
from bot.commands.looking import opened, who_asks
from bot.commands.runs_text import changes, state_lines, turn_lines
from core.db import Database
from core.errors import ConfigError
from graphs.runtime.back import ask_back
from graphs.runtime.fork import Who, fork, refusal, require_state
from graphs.runtime.history import history
from graphs.runtime.replay import Archive
from graphs.runtime.tables import Conversation, Turn
from graphs.versions import ASSISTANT

#: What to do -> how many steps it is given.
STEPS = {"show": 0, "rewind": 1, "fork": 1, "back": 1, "diff": 2}


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what was asked for. Raises a `SignoffError` whose sentence says what is wrong."""
    wanted = STEPS[args.what]
    if len(args.step) != wanted:
        steps = ("no step", "one step", "two steps")[wanted]
        raise ConfigError(f"`signoff runs {args.what}` takes a turn and {steps}.")
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    who = who_asks(people, args.asked_by)
    with opened(settings) as (db, log):
        archive = Archive(db, log, people, ASSISTANT)
        desk = _Desk(db, log, people, archive, who, make_clock(settings).now())
        turn = desk.turn(args.turn)
        commands: Mapping[str, Callable[..., Iterable[str]]]
        commands = {"show": desk.show, "rewind": desk.rewind, "diff": desk.diff}
        commands = {**commands, "fork": desk.fork, "back": desk.back}
        for line in commands[args.what](turn, *args.step):
            print(line)
    return 0


@dataclass(frozen=True)
class _Desk:
    db: Database
    log: Log
    people: People
    archive: Archive
    who: Who
    now: datetime

    def show(self, turn: Turn) -> Iterable[str]:
        self._note(turn, "shown", "looked at the steps of this")
        with self.db.read() as session:
            where = session.get_one(Conversation, turn.conversation_id).place
            return list(turn_lines(turn, where, history(session, turn), self.people))

    def rewind(self, turn: Turn, step: int) -> Iterable[str]:
        state = self.archive.state_at(turn, step, now=self.now)
        self._note(turn, "rewound", f"looked at the state of this after step {step}")
        yield f"{turn.id} after step {step}, from what was recorded. Nothing was changed."
        yield from state_lines(state)
        with self.db.read() as session:
            why = refusal(session, turn, step)
        again = f"signoff runs fork {turn.id} {step}"
        yield f"To go on from here in a new turn: {again}" if why is None else f"No fork: {why}"

    def diff(self, turn: Turn, one: int, other: int) -> Iterable[str]:
        before = self.archive.state_at(turn, one, now=self.now)
        after = self.archive.state_at(turn, other, now=self.now)
        self._note(turn, "compared", f"compared the states of this after steps {one} and {other}")
        return [f"{turn.id}: from step {one} to step {other}", *changes(before, after)]

    def fork(self, turn: Turn, step: int) -> Iterable[str]:
        require_state(self.archive, turn, step, now=self.now)
        with self.db.transaction() as session:
            row = session.get_one(Turn, turn.id, with_for_update=True)
            made = fork(session, self.log, row, step, who=self.who, now=self.now)
        return [
            f"{made.id} goes on from step {step} of {turn.id}.",
            "Its thread was told. Whatever it proposes needs its own permission.",
            f"Look at it with: signoff runs show {made.id}",
        ]

    def back(self, turn: Turn, step: int) -> Iterable[str]:
        require_state(self.archive, turn, step, now=self.now)
        with self.db.transaction() as session:
            row = session.get_one(Turn, turn.id, with_for_update=True)
            asked = ask_back(session, self.log, row, step, who=self.who, now=self.now)
            titles = [title_of(session.get_one(Action, one)) for one in asked.steps]
        asker = self.people.by_id(turn.principal_id)
        yield f"Asked {asker.name if asker else turn.principal_id} in the thread of {turn.id}."
        yield "Once they agree, this is undone, the last first, each as policy says:"
        yield from (f"  {title}" for title in titles)
        yield f"Then a new turn goes on from step {step}. It is told in that thread."

    def turn(self, wanted: str) -> Turn:
        with self.db.read() as session:
            ours = select(Turn).where(Turn.workspace_id == self.people.workspace_id)
            newest = ours.order_by(col(Turn.created_at).desc(), col(Turn.id).desc())
            query = newest if wanted == "last" else ours.where(Turn.id == wanted)
            found = session.exec(query.limit(1)).first()
        if found is None:
            raise ConfigError(
                "Nobody has asked for anything yet."
                if wanted == "last"
                else f"There is no turn {wanted}. `signoff runs show last` shows the newest."
            )
        return found

    def _note(self, turn: Turn, what: str, did: str) -> None:
        with self.db.transaction() as session:
            self.log.record(
                session,
                workspace_id=turn.workspace_id,
                type=f"graphs:run:{what}",
                subject=turn.id,
                actor=self.who.actor,
                at=self.now,
                reason=f"{self.who.name} {did}",
                turn_id=turn.id,
                versions=turn.versions,
            )
