"""`views.*`: modals and App Home."""

import json

from sandbox.slack.blocks import normal_blocks, view_problems
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.modals import MAX_STACK, View
from sandbox.slack.shapes import Json

MAX_BYTES = 250_000


def open_(call: Call) -> Json:
    given = checked_view(call, "modal")
    user = _exchanged(call)
    return _shown(call, call.workspace.views.open(user, given))


def push(call: Call) -> Json:
    given = checked_view(call, "modal")
    views = call.workspace.views
    user = _exchanged(call)
    if len(views.stacks.get(user, ())) >= MAX_STACK:
        raise ApiError("push_limit_reached")
    return _shown(call, views.push(user, given))


def update(call: Call) -> Json:
    views = call.workspace.views
    if call.get("external_id"):
        view = views.by_external_id(call.text("external_id"))
    else:
        view = views.find(call.text("view_id"))
    if view is None:
        raise ApiError("not_found")
    _check_hash(call, view)
    given = checked_view(call, str(view.body["type"]), instead_of=view)
    return _shown(call, views.replace(view, given))


def publish(call: Call) -> Json:
    user = call.text("user_id")
    if user not in call.workspace.people:
        raise ApiError("user_not_found")
    known = call.workspace.views.homes.get(user)
    if known is not None:
        _check_hash(call, known)
    given = checked_view(call, "home", instead_of=known)
    view = call.workspace.views.publish(user, given)
    call.workspace.published(view)
    return {"view": view.body}


def checked_view(call: Call, kind: str, *, instead_of: View | None = None) -> Json:
    """The `view` argument as it is stored; `invalid_arguments` with the reasons otherwise."""
    given: Json = call.args["view"]
    problems = view_problems(given, kind=kind)
    if problems:
        raise ApiError("invalid_arguments", problems)
    if len(json.dumps(given)) > MAX_BYTES:
        raise ApiError("view_too_large")
    external = given.get("external_id")
    known = call.workspace.views.by_external_id(external) if external else None
    if known is not None and known is not instead_of:
        raise ApiError("duplicate_external_id")
    present = {key: value for key, value in given.items() if value is not None}
    return {**present, "blocks": normal_blocks(given["blocks"])}


def _exchanged(call: Call) -> str:
    trigger_id = call.text("trigger_id")
    problem = call.workspace.triggers.problem(trigger_id)
    if problem:
        raise ApiError(problem)
    return call.workspace.triggers.exchange(trigger_id)


def _check_hash(call: Call, view: View) -> None:
    if call.get("hash") and call.text("hash") != view.hash:
        raise ApiError("hash_conflict")


def _shown(call: Call, view: View) -> Json:
    call.workspace.announce("view", user=view.user)
    return {"view": view.body}
