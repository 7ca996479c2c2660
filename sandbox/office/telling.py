"""The shop tells another program of what happened: signed, and again until it is taken.

As https://www.standardwebhooks.com has it; written anew here, so that two programs check each
other.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.clock import Clock

_TIMEOUT = ClientTimeout(total=5.0)
#: Seconds between tries; the last of them for as long as the shop runs.
_WAITS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass
class Teller:
    """Sends what happened to `url`, signed with the secret in this file. Belongs to one loop."""

    url: str
    secret: Path
    clock: Clock
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, type: str, data: Mapping[str, Any]) -> str:
        """Begin to tell; the id of what is told, which stays the same at every try."""
        id = f"msg_{secrets.token_hex(12)}"
        event = {"type": type, "timestamp": self.clock.now().isoformat(), "data": dict(data)}
        task = asyncio.create_task(self._until_taken(id, json.dumps(event).encode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return id

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _until_taken(self, id: str, body: bytes) -> None:
        tries = 0
        async with ClientSession(timeout=_TIMEOUT) as session:
            while not await self._is_taken(session, id, body):
                await asyncio.sleep(_WAITS[min(tries, len(_WAITS) - 1)])
                tries += 1

    async def _is_taken(self, session: ClientSession, id: str, body: bytes) -> bool:
        try:
            async with session.post(self.url, data=body, headers=self._signed(id, body)) as answer:
                return answer.status == 200
        except (TimeoutError, ClientError, OSError):
            return False

    def _signed(self, id: str, body: bytes) -> dict[str, str]:
        at = str(int(self.clock.now().timestamp()))
        key = base64.b64decode(self.secret.read_text().strip().removeprefix("whsec_"))
        mac = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        return {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
