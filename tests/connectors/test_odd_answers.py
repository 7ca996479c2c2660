"""Answers that say neither yes nor no: what may have been done is never called refused."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from connector_bench import make_bench

from sandbox.office.testing import Office
from tools.contract import Refused, Unavailable

REFUND = {"order": "4711", "amount": {"minor": 100, "currency": "EUR"}, "reason": "torn"}
MAIL = {"to": ["finn@lindqvist.example"], "subject": "The refund", "body": "It is done."}
MEETING = {"title": "Stocktake", "start": "2026-11-24T10:00", "minutes": 30, "attendees": []}


@contextmanager
def answering(status: int, body: bytes = b"", kind: str = "text/html") -> Iterator[str]:
    """A server that gives every request this answer."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mail_server(last: bytes) -> Iterator[str]:
    """A mail server that takes one letter and ends with this line."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            talk, _ = listening.accept()
            with talk, talk.makefile("rwb") as lines:
                say(lines, b"220 ready")
                for line in lines:
                    if line.upper().startswith(b"DATA"):
                        say(lines, b"354 go on")
                        while lines.readline() != b".\r\n":
                            pass
                        say(lines, last)
                        return
                    say(lines, b"250 fine")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def say(lines: Any, words: bytes) -> None:
    lines.write(words + b"\r\n")
    lines.flush()


def unclear(work: Callable[[], Any]) -> bool:
    """Whether it says that this may have been received and done."""
    with pytest.raises(Unavailable) as answer:
        work()
    return answer.value.reached


@pytest.mark.parametrize("last", [b"<html>Gateway</html>", b"100 go on", b"354 go on", b""])
def test_a_mail_server_that_ends_with_nonsense_may_have_sent(office: Office, last: bytes) -> None:
    with mail_server(last) as address:
        bench = make_bench(office, MAIL_SMTP=address, MAIL_PASSWORD="")

        assert unclear(lambda: bench.run("mail.send", MAIL))


def test_any_yes_of_a_mail_server_is_a_yes(office: Office) -> None:
    with mail_server(b"252 taken, more I cannot say") as address:
        bench = make_bench(office, MAIL_SMTP=address, MAIL_PASSWORD="")

        assert bench.run("mail.send", MAIL).subject == "The refund"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 408])
def test_a_write_that_is_sent_elsewhere_or_timed_out_may_have_been_made(
    office: Office, status: int
) -> None:
    with answering(status) as url:
        bench = make_bench(office, SHOP_URL=url, CALENDAR_URL=url)

        assert unclear(lambda: bench.run("shop.refund", REFUND))
        assert unclear(lambda: bench.run("calendar.create", MEETING))


def test_a_write_that_came_too_early_was_not_made(office: Office) -> None:
    with answering(425) as url:
        assert not unclear(lambda: make_bench(office, SHOP_URL=url).run("shop.refund", REFUND))


@pytest.mark.parametrize("body", [b'{"error": {"code": "no", "message": "no"}}', b"{", b""])
def test_a_yes_that_carries_something_else_leaves_a_refund_open(
    office: Office, body: bytes
) -> None:
    with answering(200, body, "application/json") as url:
        assert unclear(lambda: make_bench(office, SHOP_URL=url).run("shop.refund", REFUND))


def test_a_login_page_is_no_meeting_and_no_lack_of_one(office: Office) -> None:
    with answering(200, b"<html>Please log in</html>") as url:
        bench = make_bench(office, CALENDAR_URL=url)

        assert unclear(lambda: bench.run("calendar.create", MEETING))
        with pytest.raises(Refused):
            bench.verify("calendar.create", MEETING)
        with pytest.raises(Refused):
            bench.verify("calendar.cancel", {"uid": "one"}, facts={"path": "/ana/calendar/one.ics"})


def test_a_restock_of_somebody_else_is_not_taken_for_ours(office: Office) -> None:
    """A shop that does not know the filter shows all it has."""
    other = (
        b'{"restocks": [{"id": "rs_1", "sku": "TENT-2", "quantity": 3, "stock_after": 9, '
        b'"reference": "another", "at": "2026-11-20T09:00:00Z"}]}'
    )
    with answering(200, other, "application/json") as url:
        bench = make_bench(office, SHOP_URL=url)

        assert bench.verify("shop.restock", {"sku": "TENT-2", "quantity": 3}) is None
