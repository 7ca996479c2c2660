"""From a reminder's row to what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.directory import as_of
from approvals.disclosing import names_of
from approvals.entitlement import places, stage_of
from approvals.people import People
from approvals.tables import Action, Disclosure, Request, title_of
from bot.blocks.reminder import Reminder
from bot.cards import Unrenderable, asked_by, place_of
from bot.homes import card_link, post_link
from bot.words import day_time
from core.posts import post_id


def reminder_view(
    session: Session, people: People, body: Mapping[str, Any], *, url: str, now: datetime
) -> Reminder:
    """What this reminder tells now; `url` is the workspace's address. Raises `Unrenderable`."""
    request = session.get(Request, str(body.get("request_id")))
    person = people.by_id(str(body.get("person_id")))
    if request is None or person is None:
        raise Unrenderable()
    action = session.get_one(Action, request.action_id)
    link = card_link(session, url, action.id, person)
    asked = session.get(Disclosure, str(body.get("disclosure_id")))
    if asked is not None:
        link = post_link(session, url, post_id(action.id, "disclosure", asked.n))
    taken = places(as_of(session, people, now=now), action, stage_of(request), person)
    return Reminder(
        title=title_of(action),
        asked_by=asked_by(people, action),
        channel=place_of(session, action),
        expires=day_time(request.expires_at, person.tz, now),
        link=link,
        instead_of=tuple(place.first_name for place in taken if place.id != person.id),
        may_see=names_of(people, asked) if asked else "",
        settled=request.status != "pending" or (asked is not None and asked.status != "asked"),
    )
