"""One call over HTTP, and what its failures mean: refused, or unavailable and whether it may have
been acted on."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from tools.contract import Refused, Unavailable

Model = TypeVar("Model", bound=BaseModel)

#: No answer of ours is longer.
_MOST_BYTES = 5 * 2**20
_CONNECT_S = 3.0
#: Of a call's own deadline: what is left is for reading the answer's meaning.
_SHARE = 0.9
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: What changes nothing over there, so that no answer leaves anything open.
_READS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_TIMED_OUT, _TOO_EARLY, _TOO_MANY = 408, 425, 429


@dataclass(frozen=True)
class Reply:
    """An answer in full. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Link:
    """A counterpart at an address. `name` begins its sentences: "The shop" does not answer."""

    name: str
    url: str
    timeout_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply, whatever its status below 500.

        Raises `Refused` for an unusable address or a login not accepted, `Unavailable` for
        everything that may be over later: no answer, 5xx, 408, 425, 429, and a write that is sent
        elsewhere (3xx): whoever says so may have acted.
        """
        try:
            url = httpx.URL(self.url.rstrip("/") + path)
        except httpx.InvalidURL as error:
            raise Refused(f"{self.name} has no usable address.", code="misconfigured") from error
        sent = {**self.headers, **(headers or {})}
        deadline = time.monotonic() + self.timeout_s * _SHARE
        try:
            with (
                self._client(url) as client,
                client.stream(
                    method, url, params=params, json=json, content=content, headers=sent
                ) as response,
            ):
                body = self._whole(response, deadline)
                reply = Reply(response.status_code, body, dict(response.headers))
        except _NEVER_SENT as error:
            raise Unavailable(f"{self.name} does not answer.", reached=False) from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self.name} did not answer in time.", reached=True) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{self.name} broke off its answer.", reached=True) from error
        return self._accepted(reply, wrote=method.upper() not in _READS)

    def read(self, reply: Reply, model: type[Model], *, wrote: bool = False) -> Model:
        """The body as `model`. What cannot be understood is `Refused` for a read; after a write
        it is `Unavailable`, because the other side may have acted."""
        try:
            return model.model_validate_json(reply.body)
        except ValidationError as error:
            sentence = f"{self.name} answered in a form that is not understood."
            if wrote:
                raise Unavailable(sentence, reached=True) from error
            raise Refused(sentence, code="not_understood") from error

    def _client(self, url: httpx.URL) -> httpx.Client:
        wait = httpx.Timeout(self.timeout_s * _SHARE, connect=min(_CONNECT_S, self.timeout_s))
        # A proxy never serves this machine.
        trust_env = url.host not in _LOOPBACK
        return httpx.Client(
            timeout=wait,
            auth=httpx.BasicAuth(*self.login) if self.login else None,
            trust_env=trust_env,
            verify=_authorities(trust_env),
        )

    def _whole(self, response: httpx.Response, deadline: float) -> bytes:
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > _MOST_BYTES:
                raise Unavailable(f"{self.name} sent far too much.", reached=True)
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.name} did not finish in time.", reached=True)
        return bytes(parts)

    def _accepted(self, reply: Reply, *, wrote: bool) -> Reply:
        if reply.status in (401, 403):
            raise Refused(f"{self.name} did not accept our login.", code="not_accepted")
        if reply.status == _TIMED_OUT or (wrote and reply.status in range(300, 400)):
            raise Unavailable(
                f"{self.name} gave no answer of its own (status {reply.status}).", reached=True
            )
        if reply.status in (_TOO_EARLY, _TOO_MANY):
            raise Unavailable(
                f"{self.name} asks to wait.", reached=False, retry_after_s=_seconds(reply)
            )
        if reply.status >= 500:
            raise Unavailable(
                f"{self.name} is in trouble (status {reply.status}).",
                reached=True,
                retry_after_s=_seconds(reply),
            )
        return reply


@cache
def _authorities(trust_env: bool) -> ssl.SSLContext:
    # Read once per process: reading them takes longer (24 ms) than most calls.
    return httpx.create_ssl_context(trust_env=trust_env)


def _seconds(reply: Reply) -> float | None:
    """`Retry-After` in seconds. Where it is a date, from the answer's own date on.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(wait.total_seconds(), 0.0)
