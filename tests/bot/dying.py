"""A worker process that sends one post and is killed just before its nth write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from approvals.people import People
from audit.keys import KeyRing
from audit.log import Log
from bot.deps import Identity
from bot.posts.posting import Poster
from bot.render import Renderer
from bot.web import make_web
from core.clock import HeldClock
from core.db import open_database
from tests.dying import Countdown, killed


@dataclass(frozen=True)
class Sending:
    """What a worker needs to send this post, at this time."""

    database: str
    api_url: str
    key_file: Path
    people: Path
    at: datetime
    post_id: str


def send_until(sending: Sending, nth: int) -> bool:
    """Send it, and die before the nth write. False when there were fewer."""
    return killed(_send, sending, nth)


def _send(sending: Sending, nth: int) -> None:
    web = make_web("xoxb-practice", sending.api_url)
    db = open_database(sending.database)
    poster = Poster(
        db=db,
        log=Log(keys=KeyRing.load_or_create(sending.key_file)),
        clock=HeldClock(sending.at),
        web=web,
        identity=Identity.of(web.auth_test().data),
        renderer=Renderer(People.load(sending.people)),
    )
    countdown = Countdown(nth)
    countdown.commits(db.engine)
    countdown.requests()
    poster.send(sending.post_id)
