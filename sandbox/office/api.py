"""The shop's HTTP edge: keys, journal, faults; every call is one transaction with its record."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from core.clock import Clock
from sandbox.office import changes, shop
from sandbox.office.answers import Answer, Asked, Refusal
from sandbox.office.counters import count
from sandbox.office.faults import Fault, Faults
from sandbox.office.store import Store
from sandbox.office.telling import Teller

Rule = Callable[[Store, Asked], Answer]

ROUTES: tuple[tuple[str, str, Rule], ...] = (
    ("GET", "/orders", shop.search_orders),
    ("GET", "/orders/{name}", shop.find_order),
    ("GET", "/customers", shop.search_customers),
    ("GET", "/stock", shop.search_stock),
    ("GET", "/stock/{name}", shop.find_stock),
    ("GET", "/refunds", changes.list_refunds),
    ("POST", "/refunds", changes.refund),
    ("GET", "/refunds/{name}", changes.find_refund),
    ("POST", "/refunds/{name}/cancel", changes.cancel_refund),
    ("GET", "/cancellations", changes.list_cancellations),
    ("GET", "/restocks", changes.list_restocks),
    ("POST", "/restocks", changes.restock),
)
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Shop:
    """What the edge needs: rows, troubles, the time, the key it asks for."""

    store: Store
    faults: Faults
    clock: Clock
    key: str
    #: The calendar's folder, counted from outside.
    meetings: Path
    #: Tells others of what happened; None: it tells nobody.
    teller: Teller | None = None
    #: The newest calls since the start and how long each took here: for benchmarks.
    took: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=1_000))

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_local_only])
        app.add_routes(
            [web.route(method, path, self._serve(rule)) for method, path, rule in ROUTES]
        )
        app.add_routes(
            [
                web.get("/journal", self._journal),
                web.get("/counters", self._counters),
                web.get("/timings", self._timings),
                web.post("/control/faults", self._arm),
                web.post("/faults", self._arm),
                web.post("/control/clear", self._clear),
                web.post("/lost", self._lose),
            ]
        )
        return app

    def _serve(self, rule: Rule) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            started = time.perf_counter()
            asked, refusal = await self._asked(request)
            call = f"{asked.method} {asked.path}"
            before = await self._suffer(call, "before")
            if before:
                self._record(asked, Answer(before.status, {}))
                return _ruined(request, before)
            answer = refusal or self._answer(rule, asked)
            if refusal:
                self._record(asked, answer)
            after = await self._suffer(call, "after")
            self._took(call, started)
            return _ruined(request, after) if after else _response(answer)

        return handle

    async def _asked(self, request: web.Request) -> tuple[Asked, Answer | None]:
        """The call as plain values, and why it cannot be answered, if so."""
        text = await request.text() if request.can_read_body else ""
        body, refusal = _body(text)
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            refusal = Refusal(401, "bad_key", "This key is not known here.").answer()
        asked = Asked(
            method=request.method,
            path=request.path,
            at=self.clock.now(),
            name=request.match_info.get("name", ""),
            query=dict(request.query),
            body=body,
            key=request.headers.get("Idempotency-Key"),
        )
        return asked, refusal

    def _answer(self, rule: Rule, asked: Asked) -> Answer:
        with self.store.transaction():
            try:
                answer = rule(self.store, asked)
            except Refusal as refusal:
                answer = refusal.answer()
            self._record(asked, answer)
        return answer

    def _record(self, asked: Asked, answer: Answer) -> None:
        self.store.insert(
            "journal",
            at=asked.at.isoformat(),
            method=asked.method,
            path=asked.path,
            key=asked.key,
            body=json.dumps(asked.body),
            status=answer.status,
            effect=int(answer.effect),
        )

    async def _suffer(self, call: str, moment: str) -> Fault | None:
        """Act out the fault for this call; it is returned when there is no proper answer left."""
        fault = self.faults.take(call, moment)
        if fault and fault.action == "delay":
            await asyncio.sleep(fault.seconds)
            return None
        if fault and fault.action == "kill":
            self.faults.kill(fault, self.clock.now())
        return fault

    async def _journal(self, _request: web.Request) -> web.Response:
        rows = self.store.rows("SELECT * FROM journal ORDER BY n")
        entries = [
            {**row, "body": json.loads(row["body"]), "effect": bool(row["effect"])} for row in rows
        ]
        return web.json_response({"entries": entries})

    def _took(self, call: str, started: float) -> None:
        took_ms = (time.perf_counter() - started) * 1000
        self.took.append({"call": call, "ended": time.time(), "took_ms": round(took_ms, 3)})

    async def _timings(self, _request: web.Request) -> web.Response:
        return web.json_response({"calls": list(self.took)})

    async def _counters(self, _request: web.Request) -> web.Response:
        return web.json_response(count(self.store, self.meetings, self.faults.killed))

    async def _arm(self, request: web.Request) -> web.Response:
        body, refusal = _body(await request.text())
        try:
            if refusal is None:
                self.faults.armed.append(Fault.read(body))
        except Refusal as bad:
            refusal = bad.answer()
        return _response(refusal) if refusal else web.json_response({"ok": True})

    async def _lose(self, request: web.Request) -> web.Response:
        """`{"order": "4712"}`: its parcel is lost, and the shop tells of it."""
        body, refusal = _body(await request.text())
        order = str(body.get("order", ""))
        try:
            shop.whole_order(self.store, order)
        except Refusal as unknown:
            refusal = unknown.answer()
        if refusal:
            return _response(refusal)
        self.store.write("UPDATE orders SET status = 'lost' WHERE number = ?", order)
        told = {"order": order, "reason": "not seen since the sorting centre"}
        id = self.teller.tell("parcel.lost", told) if self.teller else None
        return web.json_response({"ok": True, "told": id})

    async def _clear(self, _request: web.Request) -> web.Response:
        self.faults.armed.clear()
        return web.json_response({"ok": True})


@web.middleware
async def _local_only(request: web.Request, handler: Any) -> web.StreamResponse:
    """No web page may call this, whatever address it comes from (DNS rebinding included)."""
    host = request.host.rsplit(":", 1)[0] if ":" in request.host else request.host
    if "Origin" in request.headers or host not in _LOOPBACK:
        return _response(Refusal(403, "local_only", "Only programs of this machine.").answer())
    response: web.StreamResponse = await handler(request)
    return response


def _body(text: str) -> tuple[Mapping[str, Any], Answer | None]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {}, Refusal(400, "not_json", "Send a JSON object.").answer()
    return value, None


def _response(answer: Answer) -> web.Response:
    return web.json_response(dict(answer.body), status=answer.status)


def _ruined(request: web.Request, fault: Fault) -> web.Response:
    if fault.action == "status":
        error = {"code": "trouble", "message": "The shop is in trouble."}
        return web.json_response({"error": error}, status=fault.status)
    if fault.action == "garbage":
        return web.Response(text="<html>it works!", content_type="text/html")
    if request.transport:
        request.transport.abort()
    return web.Response()
