"""`users.*`, `bots.*`, `team.*` and `auth.test`."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.methods.pages import page
from sandbox.slack.people import Person
from sandbox.slack.shapes import (
    APP,
    BOT,
    BOT_NAME,
    BOT_USER,
    TEAM,
    TEAM_DOMAIN,
    TEAM_NAME,
    Json,
)

_UPDATED = 1_700_000_000


def auth_test(call: Call) -> Json:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": "signoff",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def info(call: Call) -> Json:
    person = call.workspace.people.get(call.text("user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": as_slack(call, person)}


def list_(call: Call) -> Json:
    shown, rest = page(call, list(call.workspace.people.values()))
    members = [as_slack(call, person) for person in shown]
    return {"members": members, "cache_ts": int(call.workspace.now()), **rest}


def bot_info(call: Call) -> Json:
    if call.text("bot") not in ("", BOT):
        raise ApiError("bot_not_found")
    return {
        "bot": {
            "id": BOT,
            "deleted": False,
            "name": BOT_NAME,
            "updated": _UPDATED,
            "app_id": APP,
            "user_id": BOT_USER,
            "icons": {},
        }
    }


def team(call: Call) -> Json:
    if call.text("team") not in ("", TEAM) or call.text("domain") not in ("", TEAM_DOMAIN):
        raise ApiError("team_not_found")
    return {
        "team": {
            "id": TEAM,
            "name": TEAM_NAME,
            "url": f"https://{TEAM_DOMAIN}.slack.com/",
            "domain": TEAM_DOMAIN,
            "email_domain": "lindqvist.example",
            "icon": {"image_default": True},
        }
    }


def as_slack(call: Call, person: Person) -> Json:
    """The account as `users.info` shows it. The address only with the scope for it."""
    shown: Json = {
        "id": person.id,
        "team_id": person.team,
        "name": person.handle,
        "deleted": person.deleted,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": _UPDATED,
        "profile": _profile(call, person),
    }
    if person.is_stranger:
        shown["is_stranger"] = True
    if person.deleted:
        return shown
    return {
        **shown,
        "real_name": person.name,
        "color": "9f69e7",
        **_zone(call, person.tz),
        "is_admin": person.is_owner,
        "is_owner": person.is_owner,
        "is_primary_owner": person.is_owner,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_email_confirmed": bool(person.email),
        "who_can_share_contact_card": "EVERYONE",
    }


def _profile(call: Call, person: Person) -> Json:
    profile: Json = {
        "title": person.title,
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": person.handle,
        "display_name_normalized": person.handle,
        "first_name": person.name.split()[0],
        "status_text": "",
        "status_emoji": "",
        "team": person.team,
    }
    scopes = call.workspace.settings.manifest.scopes
    if person.email and (scopes is None or "users:read.email" in scopes):
        profile["email"] = person.email
    if person.is_bot:
        profile["bot_id"] = BOT if person.id == BOT_USER else "B0BOTTY"
        profile["api_app_id"] = APP if person.id == BOT_USER else "A0BOTTY"
    return profile


def _zone(call: Call, tz: str) -> Json:
    now = datetime.fromtimestamp(call.workspace.now(), ZoneInfo(tz))
    offset = now.utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    return {"tz": tz, "tz_label": now.tzname() or tz, "tz_offset": seconds}
