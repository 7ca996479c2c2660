"""POST views: a person fills in and sends a modal, or closes it."""

from typing import Any

from aiohttp import web

from sandbox.slack import payloads
from sandbox.slack.blocks import inputs_of
from sandbox.slack.control.choices import initial_state, is_empty, state_of
from sandbox.slack.control.people_act import acknowledged
from sandbox.slack.control.refusal import Refused, body_of, needed, person_of
from sandbox.slack.delivery.parcel import Parcel
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.methods.views import checked_view
from sandbox.slack.modals import MAX_STACK, View
from sandbox.slack.people import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace

#: Slack's own words under an input that was left empty.
REQUIRED = "Please complete this required field."


class Submissions:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def submit(self, request: web.Request) -> Json:
        """POST views. `values`: {block_id: {action_id: value}}; `close` true closes instead."""
        body = await body_of(request, "user", "view_id", "values", "close")
        person = person_of(self._workspace, needed(body, "user"))
        view = self._open_view(person, needed(body, "view_id"))
        if body.get("close"):
            return await self._close(person, view)
        state, errors = _filled(view, body.get("values") or {})
        if errors:
            return {"ok": False, "errors": errors}
        payload = {
            **self._interaction(person, "view_submission"),
            "view": {**view.body, "state": {"values": state}},
            "response_urls": [],
        }
        attempt = await self._workspace.dispatcher.send(Parcel("interactive", payload))
        if not attempt.acked:
            return acknowledged(attempt)
        return self._respond(view, attempt.response or {}) or acknowledged(attempt)

    async def _close(self, person: Person, view: View) -> Json:
        clears = bool(view.body["clear_on_close"])
        if clears:
            self._workspace.views.clear(person.id)
        else:
            self._workspace.views.close(view)
        self._workspace.announce("view", user=person.id)
        if not view.body["notify_on_close"]:
            return {"ok": True, "acked": True, "response": None}
        payload = {
            **self._interaction(person, "view_closed"),
            "view": view.body,
            "is_cleared": clears,
        }
        del payload["trigger_id"]
        return acknowledged(await self._workspace.dispatcher.send(Parcel("interactive", payload)))

    def _respond(self, view: View, response: Json) -> Json | None:
        """Does what the app answered; an answer of its own only when there are errors."""
        views, user = self._workspace.views, view.user
        action = response.get("response_action")
        if action == "errors":
            return {"ok": False, "errors": _known_errors(view, response.get("errors"))}
        if action is None:
            views.close(view)
        elif action == "clear":
            views.clear(user)
        elif action == "update":
            views.replace(view, self._given(response, view))
        elif action == "push":
            given = self._given(response, None)
            if len(views.stacks.get(user, ())) >= MAX_STACK:
                raise Refused("The app pushed a fourth modal; Slack shows at most three.", 502)
            views.push(user, given)
        else:
            raise Refused(f"The app answered with an unknown response_action: {action}.", 502)
        self._workspace.announce("view", user=user)
        return None

    def _given(self, response: Json, instead_of: View | None) -> Json:
        view = response.get("view")
        try:
            call = Call(self._workspace, {"view": view if isinstance(view, dict) else {}})
            return checked_view(call, "modal", instead_of=instead_of)
        except ApiError as error:
            reasons = " ".join(error.messages) or error.code
            raise Refused(
                f"The app answered with a view that Slack refuses: {reasons}", 502
            ) from error

    def _interaction(self, person: Person, kind: str) -> Json:
        return payloads.interaction(person, kind, self._workspace.triggers.issue(person.id))

    def _open_view(self, person: Person, view_id: str) -> View:
        stack = self._workspace.views.stacks.get(person.id, [])
        for view in stack:
            if view.id == view_id:
                return view
        raise Refused(f"{person.name} has no open modal {view_id}.", 404)


def _filled(view: View, values: Json) -> tuple[Json, dict[str, str]]:
    """`state.values` as submitted, and what Slack itself says under inputs before it submits."""
    state: dict[str, Any] = {}
    errors: dict[str, str] = {}
    left = {block: dict(given) for block, given in values.items()}
    for block, element in inputs_of(view.body["blocks"]):
        block_id, action_id = block["block_id"], element["action_id"]
        given = left.get(block_id, {})
        held = initial_state(element)
        if action_id in given:
            held = state_of(element, given.pop(action_id))
        if is_empty(held) and not block.get("optional"):
            errors[block_id] = REQUIRED
        elif element["type"] == "plain_text_input":
            _check_length(element, held["value"] or "", block_id, errors)
        state[block_id] = {action_id: held}
    extra = [f"{block}/{action}" for block, given in left.items() for action in given]
    if extra:
        raise Refused(f"The modal has no input {', '.join(extra)}.", 404)
    return state, errors


def _check_length(element: Json, text: str, block_id: str, errors: dict[str, str]) -> None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if text and len(text) < least:
        errors[block_id] = f"Please use at least {least} characters."
    elif len(text) > most:
        errors[block_id] = f"Please use at most {most} characters."


def _known_errors(view: View, errors: Any) -> dict[str, str]:
    blocks = {block["block_id"] for block, _ in inputs_of(view.body["blocks"])}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= blocks:
        raise Refused(f"The app answered with errors for blocks that are no inputs: {errors}.", 502)
    return {str(block): str(text) for block, text in errors.items()}
