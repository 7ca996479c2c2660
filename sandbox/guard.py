"""No web page may drive what listens here: the workspace, its control API, the model's script.

Nothing here needs a password that is not in the source, so a web site open in the same browser
could reach it: by a cross-site request (refused by its Origin, or by what the browser says of where
it comes from) or by pointing its own name at 127.0.0.1 (refused by the Host header). Programs (the
app, slack_sdk, tools, tests) send neither Origin nor Sec-Fetch-Site and are let through.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Sec-Fetch-Site (w3.org/TR/fetch-metadata): our own page, or a person who typed the address.
_OURS = (None, "same-origin", "none")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """403 with a reason where `refusal` gives one."""
    reason = refusal(request.headers, host=request.host, path=request.path)
    if reason:
        return web.json_response({"ok": False, "error": reason}, status=403)
    return await handler(request)


def refusal(headers: Mapping[str, str], *, host: str, path: str) -> str:
    """Why a request with these headers is refused; empty when it is welcome."""
    if _hostname(f"//{host}") not in _LOOPBACK:
        return (
            "This workspace answers on 127.0.0.1 and localhost only. "
            "Open it by the address that `make demo` printed."
        )
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    # A link elsewhere may lead to the page, which does nothing by being opened.
    followed = path == "/" and headers.get("Sec-Fetch-Mode") == "navigate"
    if origin not in (None, f"http://{host}") or (site not in _OURS and not followed):
        return "This request comes from another web page, so nothing was done."
    return ""


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
