"""`--since`, as several commands take it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from core.errors import ConfigError

_DAYS = re.compile(r"(\d{1,5})\s*(?:d|days?)")


def read_since(text: str, now: datetime) -> datetime:
    """`90d`, `90 days` or a date like 2026-09-01, in UTC."""
    if days := _DAYS.fullmatch(text.strip()):
        return now - timedelta(days=int(days[1]))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--since {text!r} is not a time. Write 90d, or a day like 2026-09-01."
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
