"""What each `posts` row looks like now: rows in, one message out. Reads SQL, never Slack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.people import People
from bot.blocks import (
    answer,
    batch,
    card,
    compensation,
    digest,
    event,
    inquiry,
    question,
    reminder,
    undo,
)
from bot.blocks.parts import Message
from bot.blocks.text import one_line
from bot.cards import Unrenderable, card_view
from bot.presses.batches import batch_view
from bot.presses.compensations import offer_view
from bot.presses.elsewhere import elsewhere
from bot.presses.inquiries import inquiry_view
from bot.presses.undoing import held_view, not_undone_view, undoable_of_turn
from bot.questions import question_view
from bot.refused import refused_of_turn
from bot.reminders import reminder_view
from core.posts import Post, post_id
from graphs.runtime.happened import Happened


@dataclass(frozen=True)
class Rendered:
    """`more`: the text goes on in a further post, the one with the next `n`."""

    message: Message
    more: bool = False


@dataclass(frozen=True)
class Renderer:
    """Builds the message of a post as things stand.

    An answer or a digest too long for one message is as many posts, numbered by `n`; all other
    kinds show the same in every post of theirs (a card may stand in several places).
    """

    people: People
    #: The workspace's address with a slash at its end, for links to messages.
    url: str = ""

    def render(self, session: Session, post: Post, *, now: datetime) -> Rendered:
        """Raises `Unrenderable`."""
        people = self.people
        if post.kind in ("answer", "digest"):
            parts = _parts(session, people, post, now=now)
            if post.n >= len(parts):
                raise Unrenderable()
            return Rendered(parts[post.n], more=post.n + 1 < len(parts))
        if post.kind in ("notice", "event"):
            return Rendered(_told(post))
        if post.kind == "card":
            return Rendered(card.build(card_view(session, self.people, post.subject, now=now)))
        if post.kind == "compensation":
            return Rendered(compensation.build(offer_view(session, people, post.subject)))
        if post.kind == "held":
            return Rendered(undo.build_held(held_view(session, people, post.subject, now=now)))
        if post.kind == "not_undone":
            view = not_undone_view(session, people, post.subject, now=now)
            return Rendered(undo.build_not_undone(view))
        if post.kind == "question":
            return Rendered(question.build(question_view(session, people, post.subject, now=now)))
        if post.kind in ("status", "disclosure"):
            return Rendered(elsewhere(session, self.people, post, now=now))
        if post.kind == "inquiry":
            return Rendered(inquiry.build(inquiry_view(session, self.people, post.subject)))
        if post.kind == "batch":
            return Rendered(batch.build(batch_view(session, self.people, post.subject, now=now)))
        if post.kind == "reminder":
            shown = reminder_view(session, self.people, post.body, url=self.url, now=now)
            return Rendered(reminder.build(shown))
        raise Unrenderable(f"nobody knows how to show a {post.kind}")


def _told(post: Post) -> Message:
    if post.kind == "notice":
        return answer.build_notice(str(post.body.get("text") or ""))
    again = post.body.get("again")
    return event.build(Happened.from_json(post.body["happened"]), str(post.body["owner"]), again)


def _parts(session: Session, people: People, post: Post, *, now: datetime) -> list[Message]:
    # The text lies in the first post; the others are cut from it.
    body = session.get_one(Post, post_id(post.subject, post.kind)).body if post.n else post.body
    text = str(body.get("text") or "")
    if post.kind == "digest":
        return digest.build(text)
    # An answer that rests on no call has nothing to take back, and nothing was refused.
    called = bool(body.get("action_ids", True))
    undo = undoable_of_turn(session, people, post.subject, now=now) if called else ()
    refused = refused_of_turn(session, post.subject) if called else ()
    return answer.build(
        answer.Answer(
            text=text,
            sources=tuple(one_line(str(source)) for source in body.get("sources") or ()),
            cost_micros=body.get("cost_micros"),
            model=str(body.get("model") or ""),
            story=post.subject,
            undo=tuple(undo),
            refused=tuple(refused),
        )
    )
