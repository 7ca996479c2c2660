"""What the page's answers say to the browser: it loads and runs nothing but its own files."""

from aiohttp import web

_PAGE = ("/control/", "/fragments/", "/events", "/connect", "/files/", "/static/")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`."""
    if request.path == "/" or request.path.startswith(_PAGE):
        response.headers.update(_HEADERS)
