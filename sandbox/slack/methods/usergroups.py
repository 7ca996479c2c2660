"""`usergroups.*`: groups of people, mentioned as `<!subteam^ID>`.

https://docs.slack.dev/reference/objects/usergroup-object
"""

from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.people import Group
from sandbox.slack.shapes import TEAM, Json

_CREATED, _DISABLED = 1_700_000_000, 1_710_000_000


def list_(call: Call) -> Json:
    return {"usergroups": [_as_slack(call, group) for group in _groups(call)]}


def users(call: Call) -> Json:
    for group in _groups(call):
        if group.id == call.text("usergroup"):
            return {"users": list(group.members)}
    raise ApiError("no_such_subteam")


def _groups(call: Call) -> list[Group]:
    disabled = call.flag("include_disabled")
    return [group for group in call.workspace.groups if disabled or not group.disabled]


def _as_slack(call: Call, group: Group) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": TEAM,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": _CREATED,
        "date_update": _DISABLED if group.disabled else _CREATED,
        "date_delete": _DISABLED if group.disabled else 0,
        "auto_type": None,
        "auto_provision": False,
        "created_by": "U0OLGA",
        "updated_by": "U0OLGA",
        "deleted_by": "U0OLGA" if group.disabled else None,
        "prefs": {"channels": [], "groups": []},
    }
    if call.flag("include_users"):
        shown["users"] = list(group.members)
    if call.flag("include_count"):
        shown["user_count"] = len(group.members)
    return shown
