"""Stories as people read them: `14:02 Finn approved`."""

from __future__ import annotations

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.seeing import can_read, readers_now
from approvals.tables import Action, Request
from audit.story import Story, story, turn_story
from bot.deps import BotDeps
from bot.words import day_time
from graphs.runtime.evidence import readers_of
from graphs.runtime.tables import Turn
from graphs.runtime.turns import conversation_id

_NOTHING = "The log tells nothing about this."


def story_lines(deps: BotDeps, subject: str, slack_user: str) -> list[str]:
    """The story of an action or of a whole turn, in the reader's own time zone."""
    person = deps.people.by_slack(slack_user)
    with deps.db.read() as session:
        found = _story(session, deps, subject, person)
    return [_NOTHING] if found is None else told(found, deps, person)


def told(found: Story, deps: BotDeps, person: Principal | None) -> list[str]:
    """Title and lines, each with its time."""
    tz, now = person.tz if person else "UTC", deps.clock.now()
    lines = [f"{day_time(line.at, tz, now)}  {line.text}" for line in found.lines]
    return [found.title, *lines]


def action_to_explain(
    session: Session, deps: BotDeps, person: Principal, channel: str, wanted: str
) -> Action | None:
    """The action named, or the newest one of this person or channel. None where there is none
    that this person may see: their own, this channel's, and all of them for operators."""
    if wanted not in ("", "last"):
        found = session.get(Action, wanted)
        visible = found is not None and _may_see(found, deps, person, channel)
        return found if visible else None
    query = (
        select(Action)
        .where(
            Action.workspace_id == deps.identity.team_id,
            (col(Action.principal_id) == person.id) | (col(Action.channel) == channel),
        )
        .order_by(col(Action.created_at).desc(), col(Action.step).desc(), col(Action.call).desc())
    )
    return session.exec(query).first()


def thread_actions(session: Session, team: str, channel: str, thread_ts: str) -> list[Action]:
    """Every action asked for in this thread, oldest first; a direct message's top has no thread,
    there `thread_ts` is the message's own."""
    conversation = conversation_id(team, channel, thread_ts)
    query = (
        select(Action)
        .join(Turn, col(Turn.id) == col(Action.turn_id))
        .where(
            (col(Turn.conversation_id) == conversation)
            | ((col(Turn.channel) == channel) & (col(Turn.message_ts) == thread_ts))
        )
        .order_by(col(Action.created_at), col(Action.step), col(Action.call))
    )
    return list(session.exec(query))


def _story(session: Session, deps: BotDeps, subject: str, person: Principal | None) -> Story | None:
    if subject.startswith("turn_"):
        return turn_story(session, deps.log, subject)
    action = session.get(Action, subject)
    inside = action is not None and was_there(session, action, person)
    return story(session, deps.log, subject, with_message=inside)


def was_there(session: Session, action: Action, person: Principal | None) -> bool:
    """Whether this person can read what was said to us. Who cannot was shown the card at most."""
    query = select(Request).where(Request.action_id == action.id)
    request = session.exec(query).first()
    if request is not None and request.readers is None:
        return True
    if person is not None and person.id == action.principal_id:
        return True
    if request is not None:
        return person is not None and can_read(session, request, action, person)
    # Nobody was asked about it: as few can read it as could when it was said.
    readers = readers_now(session, action, readers_of(session, action))
    return readers is None or (person is not None and person.slack_id in readers)


def _may_see(action: Action, deps: BotDeps, person: Principal, channel: str) -> bool:
    if action.workspace_id != deps.identity.team_id:
        return False
    return person.operator or action.principal_id == person.id or action.channel == channel
