"""POST deliver: brings any payload to the app, for attacks that no real click can make."""

from aiohttp import web

from sandbox.slack.control.people_act import acknowledged
from sandbox.slack.control.refusal import Refused, body_of, needed
from sandbox.slack.delivery.parcel import KINDS, SIGNS, Parcel
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


class Deliver:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def deliver(self, request: web.Request) -> Json:
        """`sign` bad, old or none forges the signature; that exists over HTTP only."""
        body = await body_of(request, "payload", "type", "sign")
        kind, sign = needed(body, "type"), body.get("sign", "good")
        payload = body.get("payload")
        if kind not in KINDS:
            raise Refused(f"`type` must be one of {', '.join(KINDS)}.")
        if sign not in SIGNS:
            raise Refused(f"`sign` must be one of {', '.join(SIGNS)}.")
        if not isinstance(payload, dict):
            raise Refused("`payload` must be an object.")
        dispatcher = self._workspace.dispatcher
        if sign != "good" and dispatcher.transport.name != "http":
            raise Refused("Signatures exist over HTTP only; start with --request-url.")
        parcel = Parcel(kind, payload, sign)
        attempt = await dispatcher.send(parcel)
        return {**acknowledged(attempt), "status": attempt.status}
