"""What `/signoff` can be asked. Each takes an open session and returns lines of mrkdwn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.policy.versions import current
from audit.story import story
from bot.blocks.help import HELP, unknown
from bot.blocks.home import lines
from bot.blocks.text import escape, words
from bot.deps import BotDeps
from bot.homes import given_items, waiting_items
from bot.slash.absences import Command, delegate_lines, hand_lines
from bot.slash.admitting import connector_lines
from bot.slash.digests import ask_digest
from bot.slash.elevating import elevate_lines
from bot.slash.going_back import back_lines
from bot.slash.switching import Place, resume_named, stop_named, stops_in_force
from bot.stories import action_to_explain, told, was_there
from bot.upkeep import upkeep
from graphs.runtime.states import TERMINAL
from graphs.runtime.status import status
from graphs.runtime.tables import Turn
from graphs.runtime.turns import stop


@dataclass(frozen=True)
class Asked:
    """One slash command. `words` is what stands after the subcommand."""

    session: Session
    deps: BotDeps
    person: Principal
    channel: str
    words: str
    #: Whether this very command was recorded before: then nothing is changed again.
    again: bool
    now: datetime
    #: Tells this command from every other one.
    key: str

    @property
    def team(self) -> str:
        return self.deps.identity.team_id


def answer(asked: Asked, subcommand: str) -> Sequence[str]:
    """The answer's lines, ready for mrkdwn."""
    handler = _HANDLERS.get(subcommand or "help")
    return [escape(unknown(subcommand))] if handler is None else handler(asked)


def _help(asked: Asked) -> Sequence[str]:
    return [HELP]


def _status(asked: Asked) -> Sequence[str]:
    doing = status(
        asked.session,
        asked.deps.people,
        workspace_id=asked.team,
        principal_id=asked.person.id,
        channel=asked.channel,
    )
    held = [
        *stops_in_force(_place(asked)),
        *map(escape, upkeep(asked.session, asked.deps, asked.person, now=asked.now)),
    ]
    if not doing:
        return [*held, "I am doing nothing for you or in this channel right now."]
    found = []
    for each in doing:
        found.append(f"• {escape(each.line)}")
        found += [f"   waits: {escape(line)}" for line in each.waiting]
    return [*held, *found]


def _approvals(asked: Asked) -> Sequence[str]:
    items = waiting_items(asked.session, asked.deps, asked.person)
    given = given_items(asked.session, asked.deps, asked.person)
    found = lines(tuple(items)).splitlines() or ["Nothing waits for you."]
    if not given:
        return found
    return [*found, "Given for a time (revoke it in my Home):", *lines(tuple(given)).splitlines()]


def _stop(asked: Asked) -> Sequence[str]:
    if asked.again:
        return ["I have stopped already."]
    if asked.words:
        return stop_named(_place(asked), asked.words)
    stopped = [turn for turn in _unfinished(asked) if _stopped(asked, turn)]
    if not stopped:
        return ["There is nothing to stop: I am doing nothing for you or in this channel."]
    many = "piece of work" if len(stopped) == 1 else "pieces of work"
    return [f"Stopped {len(stopped)} {many}. What had begun already ends by itself and is told."]


def _resume(asked: Asked) -> Sequence[str]:
    if not asked.words:
        return ["After resume say what: all, an automation's name, or a link to a conversation."]
    return ["I go on already."] if asked.again else resume_named(_place(asked), asked.words)


def _back(asked: Asked) -> Sequence[str]:
    return back_lines(_command(asked))


def _place(asked: Asked) -> Place:
    return Place(asked.session, asked.deps, asked.person, asked.channel, asked.now)


def _why(asked: Asked) -> Sequence[str]:
    action = action_to_explain(asked.session, asked.deps, asked.person, asked.channel, asked.words)
    if action is None:
        known = f"I know no action “{words(asked.words)}” that you may see. " if asked.words else ""
        return [f"{known}There is nothing to tell about you or this channel yet."]
    here = action.channel == asked.channel
    inside = here or was_there(asked.session, action, asked.person)
    found = story(asked.session, asked.deps.log, action.id, with_message=inside)
    if found is None:
        return ["The log tells nothing about this."]
    title, *rest = told(found, asked.deps, asked.person)
    return [f"*{words(title)}*", *(words_whole(line) for line in rest), f"`{action.id}`"]


def _can(asked: Asked) -> Sequence[str]:
    policy = current(asked.session, workspace_id=asked.team, file=asked.deps.policy)
    sentences = policy.sentences(asked.deps.people, asked.deps.registry.tools)
    return [f"• {escape(sentence)}" for sentence in sentences]


def _digest(asked: Asked) -> Sequence[str]:
    if not asked.again:
        ask_digest(
            asked.session,
            workspace_id=asked.team,
            channel=asked.channel,
            tz=asked.person.tz,
            now=asked.now,
        )
    return ["I am writing today's digest; it comes into this channel in a moment."]


def _delegate(asked: Asked) -> Sequence[str]:
    return delegate_lines(_command(asked))


def _hand(asked: Asked) -> Sequence[str]:
    return hand_lines(_command(asked))


def _policy(asked: Asked) -> Sequence[str]:
    return ["I open the policy in a form."]


def _elevate(asked: Asked) -> Sequence[str]:
    return elevate_lines(_command(asked), channel=asked.channel, key=asked.key)


def _connector(asked: Asked) -> Sequence[str]:
    return connector_lines(_command(asked), channel=asked.channel, key=asked.key)


def _command(asked: Asked) -> Command:
    return Command(asked.session, asked.deps, asked.person, asked.words, asked.again, asked.now)


def words_whole(line: str) -> str:
    """A line of a story, escaped but not cut."""
    return escape(line)


def _unfinished(asked: Asked) -> Sequence[Turn]:
    query = select(Turn).where(
        Turn.workspace_id == asked.team,
        col(Turn.status).not_in(TERMINAL),
        (col(Turn.principal_id) == asked.person.id) | (col(Turn.channel) == asked.channel),
    )
    return asked.session.exec(query).all()


def _stopped(asked: Asked, turn: Turn) -> bool:
    return stop(
        asked.session,
        asked.deps.log,
        turn_id=turn.id,
        by=asked.person.id,
        name=asked.person.first_name,
        now=asked.now,
    )


_HANDLERS: Mapping[str, Callable[[Asked], Sequence[str]]] = {
    "help": _help,
    "status": _status,
    "approvals": _approvals,
    "stop": _stop,
    "resume": _resume,
    "back": _back,
    "why": _why,
    "can": _can,
    "digest": _digest,
    "delegate": _delegate,
    "elevate": _elevate,
    "policy": _policy,
    "connector": _connector,
    "hand": _hand,
}
