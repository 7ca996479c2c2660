"""The addresses of the control API."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.slack.control.clicks import Clicks
from sandbox.slack.control.deliver import Deliver
from sandbox.slack.control.looking import Looking
from sandbox.slack.control.people_act import PeopleAct
from sandbox.slack.control.refusal import Refused
from sandbox.slack.control.stopping import Stopping
from sandbox.slack.control.submissions import Submissions
from sandbox.slack.control.trouble import Trouble
from sandbox.slack.delivery.socket_mode import SocketMode
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace

_Act = Callable[[web.Request], Awaitable[Json]]


def add_control(app: web.Application, workspace: Workspace, socket_mode: SocketMode) -> None:
    """Adds everything under /control/."""
    looking, acting = Looking(workspace), PeopleAct(workspace)
    trouble = Trouble(workspace, socket_mode)
    gets = {
        "workspace": looking.workspace,
        "messages": looking.messages,
        "views": looking.views,
        "status": looking.status,
        "calls": looking.calls,
        "deliveries": looking.deliveries,
        "clock": trouble.clock,
    }
    posts = {
        "messages": acting.message,
        "commands": acting.command,
        "shortcuts": acting.shortcut,
        "home": acting.home,
        "members": acting.members,
        "usergroups": acting.usergroups,
        "actions": Clicks(workspace).act,
        "stop": Stopping(workspace).stop,
        "views": Submissions(workspace).submit,
        "deliver": Deliver(workspace).deliver,
        "faults": trouble.faults,
        "clock": trouble.clock,
    }
    app.router.add_get("/control/ready", looking.ready)
    for name, act in gets.items():
        app.router.add_get(f"/control/{name}", _answering(act))
    for name, act in posts.items():
        app.router.add_post(f"/control/{name}", _answering(act))


def _answering(act: _Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await act(request))
        except Refused as refused:
            body = {"ok": False, "error": refused.sentence}
            return web.json_response(body, status=refused.status)

    return handler
