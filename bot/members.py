"""Who is served: full members who are in config/people.yaml, and nobody else."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from approvals.people import People, Principal
from core.clock import Clock

#: How long an answer of users.info is believed.
FRESH = timedelta(minutes=10)

_STRANGER = (
    "Sorry, I only work for members of this workspace, and you are here from a connected one. "
    "Somebody who is a member here can ask me for you."
)

_APPS = "Sorry, I work for people only, not for other apps."

_AMBIGUOUS = (
    "Sorry, I cannot tell which of two people you are, so I cannot work for you now. "
    "I have told the owner what to mend."
)

log = structlog.get_logger()


@dataclass(frozen=True)
class Account:
    """A Slack account as we treat it: served with a principal, else `refusal` says why not."""

    user: str
    principal: Principal | None
    refusal: str
    #: What the owner must mend, where it is open which of two people this is.
    problem: str | None = None


class Members:
    """Looks accounts up in Slack, ten minutes at a time. Belongs to one event loop."""

    def __init__(self, web: AsyncWebClient, team_id: str, people: People, clock: Clock) -> None:
        self._web, self._team, self._people, self._clock = web, team_id, people, clock
        self._seen: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def look(self, user: str) -> Account:
        """The account behind this user id. Raises what Slack raises: unknown is not served."""
        async with self._locks[user]:
            found = self._seen.get(user)
            now = self._clock.now()
            if found is None or not found[0] <= now < found[0] + FRESH:
                found = (now, await self._ask(user))
                self._seen[user] = found
        return judge(user, found[1], self._team, self._people)

    async def _ask(self, user: str) -> dict[str, Any]:
        try:
            answer = await self._web.users_info(user=user)
        except SlackApiError as error:
            # Slack hides some accounts of connected workspaces from us: those are strangers.
            if error.response.get("error") in ("user_not_found", "user_not_visible"):
                return {"is_stranger": True}
            raise
        return dict(answer["user"])


def judge(user: str, info: dict[str, Any], team: str, people: People) -> Account:
    """What `users.info` makes of this account. Pure."""
    refusal = _refusal(info, team)
    principal = None if refusal else people.by_slack(user)
    other = principal and _somebody_else(principal, info, people)
    if principal is not None and other is not None:
        problem = (
            f"The Slack account {user} is {principal.name}'s by its id and {other.name}'s by its "
            "mail address."
        )
        return Account(user, None, _AMBIGUOUS, problem)
    if refusal is None and principal is None:
        refusal = (
            f"I don't know you yet. Please ask {_operators(people)} to add you to "
            "config/people.yaml; then I can work for you."
        )
    return Account(user, principal, refusal or "")


def _somebody_else(principal: Principal, info: dict[str, Any], people: People) -> Principal | None:
    """Whose mail address this account has, where that is another person than its id says."""
    email = str((info.get("profile") or {}).get("email") or "").casefold()
    found = (p for p in people.everyone if p.email and p.email.casefold() == email)
    return next((person for person in found if person.id != principal.id), None)


def stranger(user: str) -> Account:
    """Somebody from a connected workspace."""
    return Account(user, None, _STRANGER)


def app_of(user: str) -> Account:
    """An app that wrote in somebody's name."""
    return Account(user, None, _APPS)


def _refusal(info: dict[str, Any], team: str) -> str | None:
    if info.get("is_bot") or info.get("is_app_user"):
        return _APPS
    if info.get("deleted"):
        return "Sorry, this account is deactivated, so I cannot work for it."
    if info.get("is_stranger") or info.get("team_id", team) != team:
        return _STRANGER
    if info.get("is_restricted") or info.get("is_ultra_restricted"):
        return (
            "Sorry, I only work for full members of this workspace, and you are here as a guest. "
            "A colleague who is a full member can ask me for you."
        )
    return None


def _operators(people: People) -> str:
    names = [f"{person.first_name} (operator)" for person in people.everyone if person.operator]
    return " or ".join(names) or "whoever runs me"
