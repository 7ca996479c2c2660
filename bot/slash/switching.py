"""`/signoff stop …` and `/signoff resume …`: what is meant, who may, and what it holds.

Stopping holds what was permitted and not begun, ends what is being thought or written, and leaves
everything else alone. Resuming lets what was held go on: it is checked again before it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from approvals import switches
from approvals.elevation import ASSISTANT
from approvals.rights_tables import Switch
from approvals.tables import title_of
from bot.blocks.text import escape, words
from bot.slash.command import Place
from bot.slash.held import at_work, end, held_in, redraw, wake
from bot.slash.held_events import begun_now, waiting_line
from bot.slash.links import read_link
from bot.tables import Schedule
from core.ids import derive_id
from graphs.runtime.tables import Conversation, Turn

_LISTED = 10


@dataclass(frozen=True)
class _Target:
    """What is meant. `owners` may let it go on besides the operators; `seen` whether this person
    can see it."""

    scope: str
    owners: tuple[str, ...]
    seen: bool


def stop_named(place: Place, name: str) -> Sequence[str]:
    """Stop what is named: everything, an automation, or the conversation a link leads to."""
    target = _target(place, name)
    if isinstance(target, str):
        return [target]
    return _stop(place, target, name)


def _stop(place: Place, target: _Target, name: str) -> Sequence[str]:
    if not (place.person.operator or target.seen):
        return [_UNSEEN[target.scope.partition(":")[0]]]
    if not _press(place, target.scope):
        return [f"{_stopped_already(place, target.scope)} {_how_to_resume(place, target, name)}"]
    ended = [turn for turn in at_work(place, target.scope) if end(place, turn)]
    held = held_in(place, target.scope)
    redraw(place, held)
    told = [f"Stopped: {escape(switches.words_of(target.scope))}. The rest goes on."]
    if target.scope == switches.ALL:
        told = ["Stopped: everything."]
    if ended:
        told.append(f"Ended, and told in its place: {_pieces(len(ended))}.")
    told += [f"• Held: {words(title_of(action))}" for action in held[:_LISTED]]
    if len(held) > _LISTED:
        told.append(f"• and {len(held) - _LISTED} more")
    told.append("What had begun already ends by itself. " + _how_to_resume(place, target, name))
    return told


def stop_conversation(place: Place, channel: str, thread_ts: str) -> Sequence[str]:
    """Stop the conversation of this thread, from a message of it that this person sees."""
    target = _conversation(place, channel, thread_ts)
    if isinstance(target, str):
        return [target]
    link = f"{place.deps.identity.url}archives/{channel}/p{thread_ts.replace('.', '')}"
    return _stop(place, target, link if thread_ts else "here")


def resume_named(place: Place, name: str) -> Sequence[str]:
    """Let what is named go on, where this person may."""
    target = _target(place, name)
    if isinstance(target, str):
        return [target]
    if not (place.person.operator or place.person.id in target.owners):
        if target.scope.startswith("conversation:") and not target.seen:
            return ["You cannot let this go on: whoever began it, or an operator, can."]
        return [f"You cannot let this go on. {_how_to_resume(place, target, name)}"]
    released = switches.release(
        place.session,
        place.deps.log,
        scope=target.scope,
        workspace_id=place.team,
        by=place.person.id,
        now=place.now,
    )
    if not released:
        return [f"Nobody has stopped {escape(switches.words_of(target.scope))}."]
    held = held_in(place, target.scope)
    redraw(place, held)
    wake(place)
    told = [f"Going on: {escape(switches.words_of(target.scope))}."]
    told += [f"• Checked again, then done: {words(title_of(one))}" for one in held[:_LISTED]]
    if len(held) > _LISTED:
        told.append(f"• and {len(held) - _LISTED} more")
    return [*told, *begun_now(place, target.scope)]


def stops_in_force(place: Place) -> Sequence[str]:
    """What is stopped now, for `/signoff status`: a line each."""
    query = select(Switch).where(
        Switch.workspace_id == place.team,
        col(Switch.released_at).is_(None),
        ~col(Switch.scope).startswith("turn:"),
    )
    found = []
    for row in place.session.exec(query.order_by(col(Switch.stopped_at))):
        person = place.deps.people.by_id(row.stopped_by)
        who = person.first_name if person else row.stopped_by
        if row.scope.startswith("conversation:"):
            conversation = place.session.get(Conversation, row.scope.partition(":")[2])
            where = (conversation.place if conversation else "") or "Slack"
            if not (place.person.operator or _takes_part(place, conversation)):
                continue  # that it exists, and what its channel is called, is not for everybody
            found.append(f"Stopped: {escape(who)} stopped a conversation in {escape(where)}.")
            continue
        name = "all" if row.scope == switches.ALL else row.scope.partition(":")[2]
        what = escape(switches.words_of(row.scope))
        found.append(
            f"Stopped: {escape(who)} stopped {what}. /signoff resume {escape(name)} lets it go on."
        )
        found += waiting_line(place, row.scope)
    return found


def _takes_part(place: Place, conversation: Conversation | None) -> bool:
    """Whether it stands where this is typed, or this person asked something in it."""
    if conversation is None or conversation.channel == place.channel:
        return conversation is not None
    mine = select(Turn.id).where(
        Turn.conversation_id == conversation.id, Turn.principal_id == place.person.id
    )
    return place.session.exec(mine).first() is not None


def _target(place: Place, name: str) -> _Target | str:
    """What a person means, or a sentence that says what they can write."""
    if name in ("all", "everything"):
        return _Target(switches.ALL, (), seen=False)
    if name == "here" and place.channel.startswith("D"):
        return _conversation(place, place.channel, "")
    link = read_link(name)
    if link is not None:
        return _conversation(place, link.channel, link.root or link.ts)
    if name == ASSISTANT:
        return _Target(switches.automation_scope(ASSISTANT), (), seen=False)
    schedule = place.session.exec(
        select(Schedule).where(
            Schedule.workspace_id == place.team,
            Schedule.automation == name,
            col(Schedule.active),
        )
    ).first()
    rule = next((one for one in place.deps.event_rules if one.name == name), None)
    if rule is not None:
        seen = rule.entry.channel == place.channel or place.person.id == rule.entry.owner
        return _Target(switches.automation_scope(name), (rule.entry.owner,), seen)
    if schedule is None:
        return _unknown(place, name)
    owner = (schedule.owner,) if schedule.owner else ()
    seen = schedule.channel == place.channel or place.person.id in owner
    return _Target(switches.automation_scope(schedule.automation), owner, seen)


def _conversation(place: Place, channel: str, thread_ts: str) -> _Target | str:
    conversation_id = derive_id("conv", place.team, channel, thread_ts)
    query = select(Turn.principal_id).where(Turn.conversation_id == conversation_id)
    askers = list(dict.fromkeys(place.session.exec(query.order_by(col(Turn.message_ts)))))
    if not askers:
        return "I take no part in that conversation. Copy the link of a message in its thread."
    # Whoever began it owns it. Typing the command in its channel shows that one can read there.
    seen = channel == place.channel or place.person.id in askers
    return _Target(switches.conversation_scope(conversation_id), (askers[0],), seen)


def _unknown(place: Place, name: str) -> str:
    query = select(Schedule.automation).where(
        Schedule.workspace_id == place.team, col(Schedule.active)
    )
    rules = [rule.name for rule in place.deps.event_rules]
    names = ", ".join([ASSISTANT, *sorted([*place.session.exec(query), *rules])])
    return (
        f"I know no automation “{words(name)}”. After stop or resume you can write: all, a link to "
        f"a message of a conversation, or one of {escape(names)}."
    )


def _press(place: Place, scope: str) -> bool:
    return switches.stop(
        place.session,
        place.deps.log,
        scope=scope,
        workspace_id=place.team,
        by=place.person.id,
        now=place.now,
    )


def _stopped_already(place: Place, scope: str) -> str:
    found = switches.in_force(
        place.session, workspace_id=place.team, scopes=[scope], people=place.deps.people
    )
    return f"{escape(found.sentence)} already." if found else "This is stopped already."


def _how_to_resume(place: Place, target: _Target, name: str) -> str:
    known = [place.deps.people.by_id(one) for one in target.owners]
    names = [person.first_name for person in known if person is not None]
    who = " or ".join([*names, "an operator"])
    return f"{escape(who)} lets it go on with `/signoff resume {escape(name)}`."


def _pieces(count: int) -> str:
    return f"{count} piece{'' if count == 1 else 's'} of work"


_UNSEEN = {
    "all": "Only an operator can stop everything. /signoff stop stops what I do here.",
    "automation": "You can stop an automation in the channel it writes to, or as its owner; "
    "operators can anywhere.",
    "conversation": "You can stop a conversation in its own channel, or where you take part in it; "
    "operators can anywhere.",
}
