"""What waits for a person, what they asked for, and what was done for them lately."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from approvals import elevation, standing
from approvals.bounds import Bounds
from approvals.entitlement import stage_of
from approvals.people import Principal
from approvals.policy.judge import REQUESTER
from approvals.rights_tables import Elevation, StandingPermission
from approvals.standing_asked import covers
from approvals.tables import Action, Request, title_of
from approvals.waiting import waiting_for, waiting_of
from bot.blocks.home import Home, Item
from bot.cards import asked_by, place_of
from bot.deps import BotDeps
from bot.outcomes import status_words
from bot.presses.disagreements import upkeep_of
from bot.words import day_time, first_name
from core.posts import Post

_RECENT = 10


def home_of(deps: BotDeps, person: Principal) -> Home:
    """One person's Home, read in one session."""
    team = deps.identity.team_id
    with deps.db.read() as session:
        asked = waiting_of(session, person.id, workspace_id=team)
        return Home(
            waiting=tuple(waiting_items(session, deps, person)),
            asked=tuple(
                _item(session, deps, person, request, action)
                for request, action in asked
                # What they confirm themselves waits for them.
                if stage_of(request).who != REQUESTER
            ),
            given=tuple(given_items(session, deps, person)),
            recent=tuple(_recent(session, deps, person)),
            upkeep=upkeep_of(session, deps, person),
        )


def waiting_items(session: Session, deps: BotDeps, person: Principal) -> Sequence[Item]:
    """What this person may decide now, each with a link to its card."""
    team = deps.identity.team_id
    now = deps.clock.now()
    found = waiting_for(session, deps.people, person, now=now, workspace_id=team)
    return [_item(session, deps, person, request, action) for request, action in found]


def given_items(session: Session, deps: BotDeps, person: Principal) -> Sequence[Item]:
    """What is permitted for a time, by or for this person, each with its Revoke."""
    now = deps.clock.now()
    rows = standing.live_ones(
        session, deps.people, person, workspace_id=deps.identity.team_id, now=now
    )
    scopes = elevation.live_ones(session, person, workspace_id=deps.identity.team_id, now=now)
    return [
        *(_standing(session, deps, person, row) for row in rows),
        *(_elevation(session, deps, person, row) for row in scopes),
    ]


def _elevation(session: Session, deps: BotDeps, person: Principal, row: Elevation) -> Item:
    whose = elevation.holder_words(deps.people, row.holder)
    title = f"{whose[:1].upper()}{whose[1:]} may use {row.scope}"
    until = day_time(row.expires_at, person.tz, deps.clock.now())
    link = card_link(session, deps.identity.url, row.action_id, person)
    return Item(title, f"until {until}", link, revokes=row.id)


def _standing(session: Session, deps: BotDeps, person: Principal, row: StandingPermission) -> Item:
    holder = deps.people.by_id(row.principal_id)
    whose = first_name(holder.name) if holder else row.principal_id
    tool = deps.registry.tool(row.tool)
    title = f"{whose} may {tool.can if tool else row.tool} without asking each time"
    until = day_time(row.expires_at, person.tz, deps.clock.now())
    givers = standing.given_by(session, deps.people, row)
    bounds = covers(Bounds.from_json(row.bounds))
    about = f"{bounds} · {standing.left(row)} · given by {givers} · until {until}"
    link = card_link(session, deps.identity.url, row.action_id, person)
    return Item(title, about, link, revokes=row.id)


def card_link(session: Session, url: str, action_id: str, person: Principal) -> str | None:
    """Where this person sees this action's card, in the workspace at `url`; None where nowhere, or
    before it was sent."""
    query = select(Post).where(Post.subject == action_id, Post.kind == "card").order_by(col(Post.n))
    sent = [post for post in session.exec(query) if post.ts and post.sent_channel]
    own = [post for post in sent if post.channel == person.slack_id]
    post = next(iter([*own, *sent]), None)
    return _link(url, post)


def post_link(session: Session, url: str, post_id: str) -> str | None:
    """Where this message stands; None before it was sent."""
    return _link(url, session.get(Post, post_id))


def _link(url: str, post: Post | None) -> str | None:
    if post is None or post.ts is None or post.sent_channel is None:
        return None
    link = f"{url}archives/{post.sent_channel}/p{post.ts.replace('.', '')}"
    if post.thread_ts is None:
        return link
    return f"{link}?thread_ts={post.thread_ts}&cid={post.sent_channel}"


def _item(
    session: Session, deps: BotDeps, person: Principal, request: Request, action: Action
) -> Item:
    asker = asked_by(deps.people, action)
    expires = day_time(request.expires_at, person.tz, deps.clock.now())
    return Item(
        title=title_of(action),
        about=f"asked by {asker} in {place_of(session, action)} · expires {expires}",
        link=card_link(session, deps.identity.url, action.id, person),
    )


def _recent(session: Session, deps: BotDeps, person: Principal) -> Sequence[Item]:
    query = (
        select(Action)
        .where(
            Action.workspace_id == deps.identity.team_id,
            Action.principal_id == person.id,
            Action.status != "superseded",
        )
        .order_by(col(Action.created_at).desc(), col(Action.step).desc(), col(Action.call).desc())
        .limit(_RECENT)
    )
    return [_done(session, deps, person, action) for action in session.exec(query)]


def _done(session: Session, deps: BotDeps, person: Principal, action: Action) -> Item:
    at = day_time(action.settled_at or action.created_at, person.tz, deps.clock.now())
    about = f"{status_words(action)} · {at} · {place_of(session, action)}"
    return Item(title_of(action), about, card_link(session, deps.identity.url, action.id, person))
