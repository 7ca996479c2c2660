"""Short-lived rights handed out with an interaction: trigger ids and response URLs."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
#: Of each kind the newest so many are remembered.
KEPT = 10_000


@dataclass
class _Trigger:
    user: str
    until: float
    used: bool = False


class Triggers:
    """A trigger id lets the app open one modal for the person who acted, within so many seconds
    (3 at Slack)."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now, self._seconds = now, seconds
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        trigger_id = (
            f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        )
        self._issued[trigger_id] = _Trigger(user, self._now() + self._seconds)
        while len(self._issued) > KEPT:
            del self._issued[next(iter(self._issued))]
        return trigger_id

    def problem(self, trigger_id: str) -> str:
        """Slack's error code when this trigger id opens nothing; empty when it does."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        return "expired_trigger_id" if self._now() > trigger.until else ""

    def exchange(self, trigger_id: str) -> str:
        """Uses it up; the person it belongs to."""
        trigger = self._issued[trigger_id]
        trigger.used = True
        return trigger.user


@dataclass
class ResponseUrl:
    """`ts` is the message that was acted on, `ephemeral` whether only `user` sees that one."""

    channel: str
    user: str
    ts: str | None
    thread_ts: str | None
    until: float
    left: int = RESPONSE_USES


class ResponseUrls:
    """Addresses the app may answer to: five times within 30 minutes."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._issued: dict[str, ResponseUrl] = {}

    def issue(
        self, *, channel: str, user: str, ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """The last part of a new response URL."""
        key = secrets.token_urlsafe(18)
        until = self._now() + RESPONSE_SECONDS
        self._issued[key] = ResponseUrl(channel, user, ts, thread_ts, until)
        while len(self._issued) > KEPT:
            del self._issued[next(iter(self._issued))]
        return key

    def use(self, key: str) -> ResponseUrl | str:
        """Counts one use; Slack's error code when there is none left."""
        known = self._issued.get(key)
        if known is None or self._now() > known.until:
            return "expired_url"
        if known.left == 0:
            return "used_url"
        known.left -= 1
        return known
