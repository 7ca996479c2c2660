"""`/api/METHOD`: from the HTTP request to Slack's answer, with limits, faults and the journal."""

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import web

from sandbox.slack.journal import ApiCall
from sandbox.slack.limits import Limits
from sandbox.slack.messages import Channel
from sandbox.slack.methods.arguments import convert, read_body, take_token
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.methods.handlers import HANDLERS
from sandbox.slack.methods.row import Method
from sandbox.slack.methods.table import TABLE
from sandbox.slack.shapes import APP_TOKEN, BOT_TOKEN, Json
from sandbox.slack.workspace import Workspace

_TOKENS = {BOT_TOKEN: "bot", APP_TOKEN: "app"}


@dataclass(frozen=True)
class _Answer:
    body: Json
    status: int = 200
    retry_after: int = 0


class WebApi:
    """The Web API of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._limits = Limits(workspace.now)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        args: Json = {}
        await self._delay(name)
        try:
            args = await read_body(request)
            token = take_token(request, args)
            answer = self._answer(name, token, args)
        except ApiError as error:
            answer = _Answer(error.as_json())
        self._note(name, args, answer)
        if answer.status == 200 and self._workspace.faults.take("lost_reply", name):
            return _hang_up(request)
        return self._respond(name, answer)

    def _answer(self, name: str, token: str, raw: Json) -> _Answer:
        method = TABLE.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        wait = self._must_wait(method, raw)
        if wait:
            return _Answer({"ok": False, "error": "ratelimited"}, 429, wait)
        _check_token(method, token)
        args = convert(method, raw)
        self._check_scope(method, args)
        answer = HANDLERS[name](Call(self._workspace, args))
        return _Answer({"ok": True, **answer})

    def _must_wait(self, method: Method, raw: Json) -> int:
        """Seconds of Retry-After; 0 when the call may go on."""
        fault = self._workspace.faults.take("rate_limit", method.name)
        if fault is not None:
            return max(1, round(fault.seconds))
        return self._limits.wait(method, raw) if self._workspace.settings.limits else 0

    def _check_scope(self, method: Method, args: Json) -> None:
        granted = self._workspace.settings.manifest.scopes
        if granted is None or not method.scopes or method.takes == "app":
            return
        channel = self._workspace.channels.get(str(args.get("channel", "")))
        wanted = [_scope(scope, channel) for scope in method.scopes]
        if not granted.intersection(wanted):
            needed, provided = ",".join(wanted), ",".join(sorted(granted))
            raise ApiError("missing_scope", needed=needed, provided=provided)

    async def _delay(self, name: str) -> None:
        fault = self._workspace.faults.take("delay", name)
        if fault is not None:
            await asyncio.sleep(fault.seconds)

    def _note(self, name: str, args: Json, answer: _Answer) -> None:
        calls = self._workspace.calls
        at = self._workspace.now()
        calls.add(ApiCall(calls.number(), name, args, answer.body, answer.status, at))

    def _respond(self, name: str, answer: _Answer) -> web.Response:
        granted = self._workspace.settings.manifest.scopes
        headers = {
            "x-oauth-scopes": ",".join(sorted(granted if granted is not None else _all_scopes())),
            "x-slack-req-id": f"practice-{name}",
        }
        if answer.retry_after:
            headers["Retry-After"] = str(answer.retry_after)
        return web.json_response(answer.body, status=answer.status, headers=headers)


def _check_token(method: Method, token: str) -> None:
    if method.takes == "none":
        return
    if not token:
        raise ApiError("not_authed")
    if token not in _TOKENS:
        raise ApiError("invalid_auth")
    if _TOKENS[token] != method.takes:
        raise ApiError("not_allowed_token_type")


def _scope(template: str, channel: Channel | None) -> str:
    return template.format(kind=channel.kind if channel else "channels")


def _all_scopes() -> set[str]:
    scopes = {scope for row in TABLE.values() for scope in row.scopes if row.takes == "bot"}
    return {scope.format(kind=kind) for scope in scopes for kind in ("channels", "groups", "im")}


def _hang_up(request: web.Request) -> web.Response:
    """The call was done, but its answer never arrives."""
    if request.transport is not None:
        with contextlib.suppress(OSError):
            request.transport.abort()
    return web.Response()
