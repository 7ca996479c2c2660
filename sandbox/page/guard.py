"""Nobody else's page may drive this workspace.

The control API needs no password, so a web site open in the same browser could reach it: by a
cross-site request (refused by its Origin) or by pointing its own name at 127.0.0.1 (refused by the
Host header). Tools and tests send no Origin and are let through.
"""

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

#: Slack's own API is not here: it has tokens and signatures.
_GUARDED = ("/control/", "/fragments/", "/events", "/connect", "/files/")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """403 with a reason for a foreign Origin or a Host that is not this machine."""
    if guarded(request.path):
        reason = refusal(request.host, request.headers.get("Origin"))
        if reason:
            return web.json_response({"ok": False, "error": reason}, status=403)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: the page loads and runs nothing but its own files."""
    if guarded(request.path) or request.path.startswith("/static/"):
        response.headers.update(_HEADERS)


def guarded(path: str) -> bool:
    return path == "/" or path.startswith(_GUARDED)


def refusal(host: str, origin: str | None) -> str:
    """Why a request with these headers is refused; empty when it is welcome."""
    if _hostname(f"//{host}") not in _LOOPBACK:
        return (
            "This workspace answers on 127.0.0.1 and localhost only. "
            "Open it by the address that `make demo` printed."
        )
    if origin is not None and origin != f"http://{host}":
        return "This request comes from another web page, so nothing was done."
    return ""


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
