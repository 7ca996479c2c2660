"""A counterpart with a journal: a small till that a test starts, breaks, and reads afterwards."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlparse


@dataclass
class Fault:
    """What goes wrong with the next `times` requests to `path`."""

    path: str
    action: Literal["drop_before", "drop_after", "delay", "status", "garbage", "late"]
    times: int = 1
    seconds: float = 0.0
    status: int = 500


@dataclass(frozen=True)
class Entry:
    method: str
    path: str
    key: str | None
    #: Whether something was changed by it.
    effect: bool


@dataclass
class Till:
    """Its books. `journal` counts effects where they happen: at the counterpart."""

    url: str = ""
    paid: dict[str, int] = field(default_factory=lambda: {"4711": 18_000})
    refunded: dict[str, int] = field(default_factory=dict)
    answers: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    late: list[Any] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock)

    def effects(self, path: str) -> int:
        return sum(entry.effect for entry in self.journal if entry.path == path)

    def calls(self, path: str, method: str = "POST") -> int:
        return sum(entry.path == path and entry.method == method for entry in self.journal)

    def finish_late(self) -> None:
        """Do what was received and not yet done."""
        with self.lock:
            for work in self.late:
                work()
            self.late.clear()

    def fault_for(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.path == path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def running() -> Iterator[Till]:
    """A till on a free port of 127.0.0.1."""
    till = Till()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(till))
    server.daemon_threads = True
    till.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield till
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def _handler(till: Till) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            parsed = urlparse(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else {}
            query = {name: values[0] for name, values in parse_qs(parsed.query).items()}
            key = self.headers.get("Idempotency-Key")
            fault = till.fault_for(f"{method} {parsed.path}")
            self._answer(method, parsed.path, body, query, key, fault)

        def _answer(
            self, method: str, path: str, body: Any, query: Any, key: str | None, fault: Any
        ) -> None:
            action = fault.action if fault else ""
            if action == "status":
                till.journal.append(Entry(method, path, key, effect=False))
                return self._send(fault.status, {"code": "fault"})
            if action == "drop_before":
                till.journal.append(Entry(method, path, key, effect=False))
                return self._drop()
            if action == "late":
                till.journal.append(Entry(method, path, key, effect=False))
                till.late.append(lambda: self._do(method, path, body, query, key))
                return self._drop()
            if action == "delay":
                time.sleep(fault.seconds)
            try:
                answer = self._do(method, path, body, query, key)
            except _Refusal as refusal:
                return self._send(refusal.status, {"code": refusal.code})
            if action == "drop_after":
                return self._drop()
            return self._send(200, {"nonsense": True} if action == "garbage" else answer)

        def _do(self, method: str, path: str, body: Any, query: Any, key: str | None) -> Any:
            with till.lock:
                before = _changes(till)
                try:
                    return _work(till, method, path, body, query, key)
                finally:
                    effect = _changes(till) != before
                    till.journal.append(Entry(method, path, key, effect))

        def _send(self, status: int, answer: Any) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _drop(self) -> None:
            self.close_connection = True
            self.connection.close()

        def log_message(self, *_args: Any) -> None:
            pass

        def finish(self) -> None:
            if not self.wfile.closed and self.connection.fileno() >= 0:
                super().finish()

    return Handler


def _changes(till: Till) -> tuple[int, int, int]:
    return sum(till.refunded.values()), len(till.orders), len(till.letters)


def _work(till: Till, method: str, path: str, body: Any, query: Any, key: str | None) -> Any:
    if (method, path) == ("GET", "/balance"):
        order = query["order"]
        if order not in till.paid:
            raise _Refusal(404, "no_such_order")
        return {"paid": till.paid[order], "refunded": till.refunded.get(order, 0)}
    if (method, path) == ("POST", "/refund"):
        return _refund(till, body, key)
    if (method, path) == ("POST", "/order"):
        number = f"or_{len(till.orders) + 1}"
        till.orders[number] = body
        return {"number": number}
    if (method, path) == ("GET", "/order"):
        found = [n for n, o in till.orders.items() if o["reference"] == query["reference"]]
        return {"numbers": found}
    if (method, path) == ("GET", "/record"):
        made = [(o["reference"], number) for number, o in till.orders.items()]
        paid = [(k, answer["refund"]) for k, (_, answer) in till.answers.items()]
        return {"made": made if query["of"] == "order" else paid}
    if (method, path) == ("POST", "/letter"):
        till.letters.append(body["text"])
        return {"sent": True}
    raise _Refusal(404, "no_such_path")


def _refund(till: Till, body: Any, key: str | None) -> Any:
    text = json.dumps(body, sort_keys=True)
    if key in till.answers:
        if till.answers[key][0] != text:
            raise _Refusal(409, "key_reused")
        return till.answers[key][1]
    order = body["order"]
    if till.refunded.get(order, 0) + body["minor"] > till.paid.get(order, 0):
        raise _Refusal(422, "amount_exceeds_paid")
    till.refunded[order] = till.refunded.get(order, 0) + body["minor"]
    answer = {"refund": f"re_{len(till.answers) + 1}"}
    if key is not None:
        till.answers[key] = (text, answer)
    return answer
