"""What the graph worker does: run turns, send posts, make digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient
from sqlmodel import Session

from approvals.people import People
from approvals.policy.versions import PolicyInForce
from approvals.tables import Action
from bot.accounts import AccountReader
from bot.bootstrap import Floor, make_models
from bot.broker import Handler
from bot.context import fetch_context
from bot.deps import Identity
from bot.events.again import Again
from bot.events.opening import Openings
from bot.events.rules import load_event_rules
from bot.posts.channel import SlackChannel
from bot.posts.posting import Poster
from bot.posts.preview_rows import PreviewRows
from bot.posts.preview_slack import PreviewSlack
from bot.posts.previews import Previews
from bot.progress import SlackProgress
from bot.render import Renderer
from bot.schedules import stop_of
from bot.tables import Schedule, ScheduleRun
from bot.user_groups import UserGroupReader
from bot.web import make_web, who_we_are
from core.clock import Clock
from core.db import Database
from core.outbox import finish, open_rows
from core.posts import Post
from graphs.checkpoint.connect import open_saver
from graphs.digest import DigestMaker
from graphs.digest_facts import Order
from graphs.runtime.back import GoBack
from graphs.runtime.budget import Budget
from graphs.runtime.claim import Limits as TurnLimits
from graphs.runtime.drain import Drain
from graphs.runtime.places import require_places
from graphs.runtime.run import TurnRunner
from graphs.runtime.states import RECEIVED, TERMINAL
from graphs.runtime.tables import Turn
from graphs.runtime.waiting import tools_busy
from graphs.runtime.work import Desk
from graphs.versions import ASSISTANT
from llm.config import Tier

#: What stands in the place of a turn's preview while people are asked.
_ASKING = frozenset({"card", "question", "status", "disclosure"})
_TIER: Tier = "large"
#: Seconds one call about a preview may take.
_PREVIEW_S = 5
_THINKING = "is looking into it…"
#: Something it needs (model, store) does not answer; the sweeper brings the turn back.
_STILL_TRYING = "is still trying: something does not answer…"
#: A turn stopped while it waited leaves its checkpoints; any that still waits is rebuilt from SQL.
_WAITING = timedelta(days=30)


def check_start(floor: Floor) -> None:
    """Raise `ConfigError` for what a graph worker cannot serve with, `PlaceMissing` when turns are
    under way that this code cannot go on with."""
    floor.settings.posting()
    _desk(floor)
    require_places(floor.db)


def graph_jobs(floor: Floor, drain: Drain) -> Mapping[str, Handler]:
    """The handlers of the queue `graphs`, by job; `drain` says when this process is to end."""
    settings = floor.settings
    web = make_web(settings.posting(), settings.slack_api_url)
    identity = who_we_are(web)
    lease = timedelta(seconds=settings.limits.get("turn_lease_s", 15.0))
    saver = open_saver(settings.redis_url, waiting=_WAITING)
    progress = SlackProgress(web)
    previews = _previews(floor, web, identity, lease, progress)
    progress.start()
    previews.start()
    poster = Poster(
        db=floor.db,
        log=floor.log,
        clock=floor.clock,
        web=web,
        identity=identity,
        renderer=Renderer(floor.people, identity.url),
        lease=lease,
    )
    desk = replace(_desk(floor), preview=previews, drain=drain, deliver=poster.send)
    runner = TurnRunner(desk, floor.people, saver, TurnLimits(lease=lease))
    turns = _Turns(floor.db, floor.people, web, identity, runner, progress, previews)
    posts = _Posts(floor.db, poster, previews, progress)
    digests = _Digests(floor.db, floor.clock, DigestMaker(floor.db, floor.clock))
    openings = Openings(floor.db, floor.log, floor.clock, floor.people, poster)
    rules = load_event_rules(settings.config / "automations.yaml", floor.people)
    in_force = PolicyInForce(floor.db, workspace_id=floor.people.workspace_id, file=floor.policy)
    accounts = AccountReader(
        db=floor.db, log=floor.log, clock=floor.clock, web=web, people=floor.people,
        policy=in_force,
    )  # fmt: skip
    groups = UserGroupReader(
        db=floor.db, log=floor.log, clock=floor.clock, web=web, people=floor.people
    )
    return {
        "run_turn": turns.run,
        "send_post": posts.send,
        "run_digest": digests.run,
        "open_event": openings.run,
        "play_event": Again(floor.db, floor.log, floor.clock, floor.people, web, rules).run,
        "go_back": GoBack(floor.db, floor.log, floor.clock, floor.people, ASSISTANT).run,
        "read_usergroup": groups.run,
        "read_accounts": accounts.run,
    }


def _desk(floor: Floor) -> Desk:
    models, path = make_models(floor.settings), floor.settings.config / "limits.yaml"
    budget = Budget.load(path)
    budget.require_prices(models.config.tier(_TIER), path)
    digests = {"policy": floor.policy.digest, "people": floor.people.digest}
    return Desk(floor.db, floor.log, floor.clock, models, floor.registry, _TIER, budget, digests)


def _previews(
    floor: Floor, web: WebClient, identity: Identity, lease: timedelta, progress: SlackProgress
) -> Previews:
    settings = floor.settings
    # All previews share one thread: no call of it waits long for Slack, or out a rate limit.
    hasty = make_web(settings.posting(), settings.slack_api_url, timeout_s=_PREVIEW_S, patience=0)
    channel, taking = SlackChannel(hasty, identity), SlackChannel(web, identity)
    rows = PreviewRows(floor.db, floor.clock, lease)
    slack = PreviewSlack(channel, taking, rows, floor.people, lambda: progress.shows_stop)
    return Previews(slack)


@dataclass(frozen=True)
class _Posts:
    """`send_post`: what asks a person takes the place of the turn's preview and its status."""

    db: Database
    poster: Poster
    previews: Previews
    progress: SlackProgress

    def send(self, *, post_id: str) -> None:
        with self.db.read() as session:
            post = session.get(Post, post_id)
            asks = post is not None and post.shown == 0 and post.kind in _ASKING
            action = session.get(Action, post.subject) if post and asks else None
            turn = session.get(Turn, action.turn_id) if action and action.turn_id else None
        if turn is not None:
            self.previews.make_room(turn.id)
        self.poster.send(post_id)
        if turn is not None:
            self.progress.clear(turn)


@dataclass(frozen=True)
class _Turns:
    """`run_turn`: the thread before the message is read once, then the turn is run."""

    db: Database
    people: People
    web: WebClient
    identity: Identity
    runner: TurnRunner
    progress: SlackProgress
    previews: Previews

    def run(self, *, turn_id: str) -> None:
        with self.db.read() as session:
            turn = session.get(Turn, turn_id)
        found: Sequence[Mapping[str, Any]] = ()
        if turn is not None and turn.status == RECEIVED:
            self.progress.set(turn, _THINKING)
            found = self._thread_before(turn)
        outcome = self.runner.run(turn_id, found)
        if found and turn is not None and outcome == "held":
            self._keep(turn, found)
        if outcome in TERMINAL:
            self.previews.end(turn_id)
        else:
            self.previews.rest(turn_id)
        if turn is None or outcome == "held":
            return
        if outcome == "later":
            self.progress.set(turn, _STILL_TRYING)
        elif outcome == "waiting" and self._tools_work(turn):
            self.progress.leave(turn)
        else:
            self.progress.clear(turn)

    def _tools_work(self, turn: Turn) -> bool:
        with self.db.read() as session:
            return tools_busy(session, turn.id)

    def _thread_before(self, turn: Turn) -> Sequence[Mapping[str, Any]]:
        if turn.context or turn.thread_ts in (None, turn.message_ts):
            return ()
        return fetch_context(self.web, turn, people=self.people, identity=self.identity)

    def _keep(self, turn: Turn, found: Sequence[Mapping[str, Any]]) -> None:
        """Not to be read again: Slack lets a thread be read some fifty times a minute."""
        with self.db.transaction() as session:
            row = session.get_one(Turn, turn.id, with_for_update=True)
            if row.status == RECEIVED and not row.context:
                row.context = [dict(item) for item in found]


class _Digests:
    """`run_digest`: one post per due time."""

    def __init__(self, db: Database, clock: Clock, maker: DigestMaker) -> None:
        self._db, self._clock, self._maker = db, clock, maker

    def run(self, *, run_id: str) -> None:
        with self._db.read() as session:
            run = session.get_one(ScheduleRun, run_id)
            schedule = session.get_one(Schedule, run.schedule_id)
            rows = open_rows(session, job="run_digest", subject=run_id)
            held = stop_of(session, schedule)
        if held is not None:
            return  # its row stays open: it is made once the stop is lifted
        order = Order(
            run_id=run.id,
            workspace_id=run.workspace_id,
            channel=schedule.channel,
            since=run.since,
            until=run.due_at,
            tz=schedule.tz,
        )

        def done(session: Session) -> None:
            session.get_one(ScheduleRun, run_id).status = "made"
            finish(session, rows, now=self._clock.now())

        self._maker.run(order, done)
