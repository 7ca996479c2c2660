"""What each `posts` row looks like now: rows in, messages out. Reads SQL, never Slack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.people import People
from bot.blocks import answer, card, digest, question
from bot.blocks.parts import Message
from bot.blocks.text import one_line
from bot.cards import card_view
from bot.questions import question_view
from core.errors import SignoffError
from core.posts import Post
from tools.registry import Registry


class Unrenderable(SignoffError):
    """This message cannot be shown: what it is about is gone."""


@dataclass(frozen=True)
class Renderer:
    """Builds the messages of a post: one, or several where an answer is too long for one."""

    people: People
    registry: Registry

    def messages(self, session: Session, post: Post, *, now: datetime) -> list[Message]:
        """Every part, in order; part n is the post with that `n`. Raises `Unrenderable`."""
        body = post.body
        if post.kind == "answer":
            return answer.build(
                answer.Answer(
                    text=str(body.get("text") or ""),
                    sources=tuple(one_line(str(s)) for s in body.get("sources") or ()),
                    cost_micros=body.get("cost_micros"),
                    story=post.subject,
                )
            )
        if post.kind == "notice":
            return [answer.build_notice(str(body.get("text") or ""))]
        if post.kind == "digest":
            return digest.build(str(body.get("text") or ""))
        if post.kind == "card":
            return [card.build(card_view(session, self.people, post.subject, now=now))]
        if post.kind == "question":
            view = question_view(session, self.people, self.registry, post.subject)
            return [question.build(view)]
        raise Unrenderable(f"nobody knows how to show a {post.kind}")
