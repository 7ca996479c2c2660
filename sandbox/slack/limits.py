"""Slack's rate limits: a bucket per method (for posting: per method and channel)."""

import math
from collections.abc import Callable

from sandbox.slack.methods.row import Method
from sandbox.slack.methods.table import PER_CHANNEL
from sandbox.slack.shapes import Json


class Limits:
    """Buckets hold one minute's calls, posting ones a burst of five, and fill steadily."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, method: Method, args: Json) -> int:
        """Takes one call: 0, or the whole seconds of Retry-After when the bucket is empty."""
        posting = method.per_minute == PER_CHANNEL
        key = (method.name, str(args.get("channel", "")) if posting else "")
        rate = method.per_minute / 60
        size = 5.0 if posting else float(method.per_minute)
        now = self._now()
        left, at = self._buckets.get(key, (size, now))
        left = min(size, left + (now - at) * rate)
        if left < 1:
            self._buckets[key] = (left, now)
            return max(1, math.ceil((1 - left) / rate))
        self._buckets[key] = (left - 1, now)
        return 0
