"""`/signoff back LINK`: whoever asked for something goes back to before what a message tells of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from approvals.tables import Action
from bot.blocks.text import escape
from bot.slash.command import Command
from bot.slash.links import Link, read_link
from core.posts import Post
from graphs.runtime.back import CannotGoBack, ask_back
from graphs.runtime.fork import Who
from graphs.runtime.tables import Turn

USAGE = (
    "Write /signoff back LINK, with the link (Copy link) of the card before which you want to go "
    "back, or of your own message or my answer to begin anew."
)


_ASKED = "I ask you in its thread whether to undo what was done since then."


def back_lines(asked: Command) -> Sequence[str]:
    """Ask in the thread whether what was done since then is to be undone; what to tell."""
    link = read_link(asked.words)
    if link is None:
        return [USAGE]
    found = _place(asked, link)
    if asked.again:
        return [_ASKED]
    # Whose it is instead is not told: the link may lead where this person cannot look.
    if found is None:
        return ["That message tells of nothing that I did for you. " + USAGE]
    turn, step = found
    try:
        ask_back(
            asked.session,
            asked.deps.log,
            turn,
            step,
            who=Who(asked.person.id, asked.person.first_name),
            now=asked.now,
        )
    except CannotGoBack as refusal:
        return [escape(refusal.sentence)]
    return [_ASKED]


def _place(asked: Command, link: Link) -> tuple[Turn, int] | None:
    """The turn of this person's that the message tells of, locked, and how many of its steps come
    before that."""
    session, team = asked.session, asked.deps.identity.team_id
    query = select(Post).where(
        Post.workspace_id == team, Post.sent_channel == link.channel, Post.ts == link.ts
    )
    post = session.exec(query).first()
    action = session.get(Action, post.subject) if post is not None else None
    if action is not None:
        turn_id, step = action.turn_id, action.step
    else:
        turn_id, step = post.subject if post is not None else _asked_in(session, team, link), 0
    turn = session.get(Turn, turn_id, with_for_update=True) if turn_id else None
    if turn is None or turn.workspace_id != team or turn.principal_id != asked.person.id:
        return None
    return turn, step


def _asked_in(session: Session, team: str, link: Link) -> str | None:
    """The first turn that was made of this message."""
    query = select(Turn.id).where(
        Turn.workspace_id == team, Turn.channel == link.channel, Turn.message_ts == link.ts
    )
    return session.exec(query.order_by(col(Turn.created_at))).first()
