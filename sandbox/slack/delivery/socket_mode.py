"""Socket Mode: envelopes over websockets, each to one of up to ten connections.

https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable

from aiohttp import WSMsgType, web

from sandbox.slack.delivery.parcel import NO_ANSWER, Attempt, Parcel
from sandbox.slack.shapes import APP, SIGNING_SECRET, Json

MAX_CONNECTIONS = 10
#: How often we ping; a connection that does not answer is closed.
HEARTBEAT = 10.0


class SocketMode:
    """`ack_seconds`: how long the app has to acknowledge one envelope."""

    name = "socket"

    def __init__(self, ack_seconds: float) -> None:
        self._ack_seconds = ack_seconds
        self._connections: list[web.WebSocketResponse] = []
        self._connected = asyncio.Event()
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        #: Called when a connection came or went.
        self.changed: Callable[[], None] = lambda: None

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def waiting_for(self) -> str:
        return "" if self._connections else "a Socket Mode connection of the app"

    async def attempt(self, parcel: Parcel, *, retry: int, reason: str) -> Attempt:
        envelope = _envelope(parcel, retry, reason)
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        try:
            async with asyncio.timeout(self._ack_seconds):
                await self._send(envelope)
                return Attempt(200, response=await answer)
        except TimeoutError:
            return Attempt(NO_ANSWER, "timeout")
        finally:
            del self._waiting[envelope["envelope_id"]]

    def give_up(self, envelope_id: str) -> None:
        """As if the app's time for this envelope were over: for who knows that no ack comes."""
        answer = self._waiting.get(envelope_id)
        if answer is not None and not answer.done():
            answer.set_exception(TimeoutError())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The websocket endpoint behind the URL of `apps.connections.open`."""
        if not ticket_is_ours(request.query.get("ticket", "")):
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT)
        await socket.prepare(request)
        if len(self._connections) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._listen(socket)
        return socket

    async def disconnect(self, *, abrupt: bool = False) -> None:
        """Closes every connection; unless abrupt, the app is told first, as when Slack restarts."""
        for socket in list(self._connections):
            if not abrupt:
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await socket.close()

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        self._connections.append(socket)
        self._connected.set()
        self.changed()
        try:
            await socket.send_json(_hello(len(self._connections)))
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self._connections.remove(socket)
            if not self._connections:
                self._connected.clear()
            self.changed()

    async def _send(self, envelope: Json) -> None:
        """To one connection; when it breaks at that moment, to the next."""
        while True:
            await self._connected.wait()
            self._turn += 1
            socket = self._connections[self._turn % len(self._connections)]
            try:
                await socket.send_json(envelope)
            except ConnectionError:
                await asyncio.sleep(0.01)
            else:
                return

    def _acknowledged(self, text: str) -> None:
        """The app may answer over another connection than the one that brought the envelope."""
        try:
            body = json.loads(text)
        except ValueError:
            return
        answer = self._waiting.get(body.get("envelope_id", "")) if isinstance(body, dict) else None
        if answer is not None and not answer.done():
            answer.set_result(body.get("payload"))


def new_ticket() -> str:
    """What lets a websocket in. Signed, so that it still holds when this server was restarted."""
    nonce = secrets.token_hex(16)
    return f"{nonce}{_mac(nonce)}"


def ticket_is_ours(ticket: str) -> bool:
    return hmac.compare_digest(ticket[32:].encode(), _mac(ticket[:32]).encode())


def _mac(nonce: str) -> str:
    return hmac.new(SIGNING_SECRET.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {
            "host": "practice-applink",
            "build_number": 1,
            "approximate_connection_time": 18060,
        },
        "connection_info": {"app_id": APP},
    }


def _envelope(parcel: Parcel, retry: int, reason: str) -> Json:
    envelope: Json = {
        "envelope_id": str(uuid.uuid4()),
        "type": parcel.kind,
        "payload": parcel.payload,
        "accepts_response_payload": parcel.kind != "events_api",
    }
    if parcel.kind == "events_api":
        envelope.update(retry_attempt=retry, retry_reason=reason)
    return envelope
