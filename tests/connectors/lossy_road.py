"""A road to a counterpart that loses replies: requests pass, chosen answers do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_DROPPED = {"host", "content-length", "transfer-encoding", "connection"}


@dataclass
class Road:
    url: str
    #: Methods whose next reply is lost.
    losing: list[str] = field(default_factory=list)
    #: Methods answered with this body and status 207 instead.
    nonsense: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def lossy_road(target: str) -> Iterator[Road]:
    """A server on a free port that passes everything on to `target`."""
    road = Road("")

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _DROPPED}
            answer = httpx.request(
                self.command, target + self.path, headers=headers, content=body, trust_env=False
            )
            self.close_connection = True
            if self.command in road.losing:
                road.losing.remove(self.command)
                return
            content = road.nonsense.pop(self.command, answer.content)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "ETag"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = do_REPORT = do_PROPFIND = pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    road.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield road
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
