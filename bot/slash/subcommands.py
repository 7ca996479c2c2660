"""What `/signoff` can be asked. Each answers with lines of mrkdwn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sqlmodel import col, select

from approvals.policy.versions import current
from audit.story import story
from bot.blocks.help import HELP, unknown
from bot.blocks.home import lines
from bot.blocks.text import escape, words
from bot.homes import given_items, waiting_items
from bot.slash.absences import delegate_lines, hand_lines
from bot.slash.admitting import connector_lines
from bot.slash.command import Command
from bot.slash.digests import ask_digest
from bot.slash.elevating import elevate_lines
from bot.slash.going_back import back_lines
from bot.slash.held import end
from bot.slash.switching import resume_named, stop_named, stops_in_force
from bot.stories import action_to_explain, told, was_there
from bot.upkeep import upkeep
from graphs.runtime.states import TERMINAL
from graphs.runtime.status import status
from graphs.runtime.tables import Turn

#: A channel that a rule names, as `escape` leaves it, and as Slack shows it by its name.
_CHANNEL, _LINKED = re.compile(r"&lt;#([CG][A-Z0-9]+)&gt;"), r"<#\1>"


def answer(asked: Command, subcommand: str) -> Sequence[str]:
    """The answer's lines, ready for mrkdwn."""
    handler = _HANDLERS.get(subcommand or "help")
    return [escape(unknown(subcommand))] if handler is None else handler(asked)


def _help(asked: Command) -> Sequence[str]:
    return [HELP]


def _status(asked: Command) -> Sequence[str]:
    doing = status(
        asked.session,
        asked.deps.people,
        workspace_id=asked.team,
        principal_id=asked.person.id,
        channel=asked.channel,
    )
    held = [
        *stops_in_force(asked),
        *map(escape, upkeep(asked.session, asked.deps, asked.person, now=asked.now)),
    ]
    if not doing:
        return [*held, "I am doing nothing for you or in this channel right now."]
    found = []
    for each in doing:
        found.append(f"• {escape(each.line)}")
        found += [f"   waits: {escape(line)}" for line in each.waiting]
    return [*held, *found]


def _approvals(asked: Command) -> Sequence[str]:
    items = waiting_items(asked.session, asked.deps, asked.person)
    given = given_items(asked.session, asked.deps, asked.person)
    found = lines(tuple(items)).splitlines() or ["Nothing waits for you."]
    if not given:
        return found
    return [*found, "Given for a time (revoke it in my Home):", *lines(tuple(given)).splitlines()]


def _stop(asked: Command) -> Sequence[str]:
    if asked.again:
        return ["I have stopped already."]
    if asked.words:
        return stop_named(asked, asked.words)
    stopped = [turn for turn in _unfinished(asked) if end(asked, turn)]
    if not stopped:
        return ["There is nothing to stop: I am doing nothing for you or in this channel."]
    many = "piece of work" if len(stopped) == 1 else "pieces of work"
    return [f"Stopped {len(stopped)} {many}. What had begun already ends by itself and is told."]


def _resume(asked: Command) -> Sequence[str]:
    if not asked.words:
        return ["After resume say what: all, an automation's name, or a link to a conversation."]
    return ["I go on already."] if asked.again else resume_named(asked, asked.words)


def _why(asked: Command) -> Sequence[str]:
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
    return [
        f"*{words(title)}*",
        *(words_whole(line) for line in rest),
        f"To read it again: `/signoff why {action.id}`",
    ]


def _can(asked: Command) -> Sequence[str]:
    policy = current(asked.session, workspace_id=asked.team, file=asked.deps.policy)
    sentences = policy.sentences(asked.deps.people, asked.deps.registry.tools)
    return [f"• {_CHANNEL.sub(_LINKED, escape(sentence))}" for sentence in sentences]


def _digest(asked: Command) -> Sequence[str]:
    if not asked.again:
        ask_digest(
            asked.session,
            workspace_id=asked.team,
            channel=asked.channel,
            tz=asked.person.tz,
            now=asked.now,
        )
    return ["I am writing today's digest; it comes into this channel in a moment."]


def _policy(asked: Command) -> Sequence[str]:
    return ["I open the policy in a form."]


def words_whole(line: str) -> str:
    """A line of a story, escaped but not cut."""
    return escape(line)


def _unfinished(asked: Command) -> Sequence[Turn]:
    query = select(Turn).where(
        Turn.workspace_id == asked.team,
        col(Turn.status).not_in(TERMINAL),
        (col(Turn.principal_id) == asked.person.id) | (col(Turn.channel) == asked.channel),
    )
    return asked.session.exec(query).all()


_HANDLERS: Mapping[str, Callable[[Command], Sequence[str]]] = {
    "help": _help,
    "status": _status,
    "approvals": _approvals,
    "stop": _stop,
    "resume": _resume,
    "back": back_lines,
    "why": _why,
    "can": _can,
    "digest": _digest,
    "delegate": delegate_lines,
    "elevate": elevate_lines,
    "policy": _policy,
    "connector": connector_lines,
    "hand": hand_lines,
}
