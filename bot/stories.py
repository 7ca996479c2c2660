"""Stories as people read them: `14:02 Finn approved`."""

from __future__ import annotations

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.tables import Action
from audit.story import Story, story, turn_story
from bot.deps import BotDeps
from bot.words import day_time
from graphs.runtime.tables import Turn
from graphs.runtime.turns import conversation_id

_NOTHING = "The log tells nothing about this."


def story_lines(deps: BotDeps, subject: str, slack_user: str) -> list[str]:
    """The story of an action or of a whole turn, in the reader's own time zone."""
    person = deps.people.by_slack(slack_user)
    with deps.db.read() as session:
        found = _story(session, deps, subject)
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


def _story(session: Session, deps: BotDeps, subject: str) -> Story | None:
    if subject.startswith("turn_"):
        return turn_story(session, deps.log, subject)
    return story(session, deps.log, subject)


def _may_see(action: Action, deps: BotDeps, person: Principal, channel: str) -> bool:
    if action.workspace_id != deps.identity.team_id:
        return False
    return person.operator or action.principal_id == person.id or action.channel == channel
