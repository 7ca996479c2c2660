"""Signed HTTP delivery: Events API, interactivity and slash commands as posts to the app.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable

import aiohttp
from multidict import CIMultiDictProxy

from sandbox.slack.delivery.parcel import NO_ANSWER, Attempt, Parcel, Sign
from sandbox.slack.shapes import SIGNING_SECRET, VERIFICATION_TOKEN, Json

_RETRY_VERIFICATION = 0.5


class SignedHttp:
    """`url_for` gives the address for a kind of delivery."""

    name = "http"

    def __init__(self, url_for: Callable[[str], str], ack_seconds: float) -> None:
        self._url_for = url_for
        self._ack_seconds = ack_seconds
        self._session: aiohttp.ClientSession | None = None
        self._verified = asyncio.Event()

    @property
    def waiting_for(self) -> str:
        return "" if self._verified.is_set() else "the app to answer the URL verification"

    async def verify(self) -> None:
        """Asks the app until it answers the challenge, as Slack does when a URL is configured."""
        challenge = secrets.token_hex(24)
        asked = {
            "token": VERIFICATION_TOKEN,
            "challenge": challenge,
            "type": "url_verification",
        }
        while True:
            answer = await self._post(Parcel("events_api", asked), {})
            if answer.acked and _challenge_in(answer.response) == challenge:
                self._verified.set()
                return
            await asyncio.sleep(_RETRY_VERIFICATION)

    async def attempt(self, parcel: Parcel, *, retry: int, reason: str) -> Attempt:
        try:
            async with asyncio.timeout(self._ack_seconds):
                await self._verified.wait()
        except TimeoutError:
            return Attempt(NO_ANSWER, "connection_failed")
        headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason} if retry else {}
        return await self._post(parcel, headers)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, parcel: Parcel, headers: dict[str, str]) -> Attempt:
        content_type, body = parcel.http_body()
        signed = {"Content-Type": content_type, **signature(body, parcel.sign), **headers}
        try:
            async with self._client().post(
                self._url_for(parcel.kind), data=body.encode(), headers=signed
            ) as answer:
                return _read(answer.status, await answer.text(), answer.headers)
        except TimeoutError:
            return Attempt(NO_ANSWER, "http_timeout")
        except aiohttp.ClientError:
            return Attempt(NO_ANSWER, "connection_failed")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session


def signature(body: str, sign: Sign) -> dict[str, str]:
    """The headers that prove a request to be Slack's, or one of the ways to fail at it.

    Real time, not the held clock: the app compares it with its own.
    """
    if sign == "none":
        return {}
    at = str(int(time.time()) - (600 if sign == "old" else 0))
    secret = SIGNING_SECRET if sign != "bad" else "somebody-elses-secret"
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


def _read(status: int, text: str, headers: CIMultiDictProxy[str]) -> Attempt:
    no_retry = headers.get("X-Slack-No-Retry") == "1"
    if status != 200:
        return Attempt(status, "http_error", no_retry=no_retry)
    return Attempt(200, response=_payload(text))


def _payload(text: str) -> Json | None:
    """What came with the acknowledgement: JSON, or plain text that stands for a message."""
    if not text.strip():
        return None
    try:
        body = json.loads(text)
    except ValueError:
        return {"text": text}
    return body if isinstance(body, dict) else {"text": text}


def _challenge_in(response: Json | None) -> object:
    if response is None:
        return None
    return response.get("challenge", response.get("text"))
