"""Counts of what happened, for the page and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.office.store import Store

_REFUNDS = (
    "SELECT count(*) FROM refunds WHERE seeded = 0 "
    "AND id NOT IN (SELECT refund_id FROM cancellations)"
)


def count(store: Store, meetings: Path, killed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What was done here since the office was made; `meetings` counts those that stand."""
    return {
        "refunds_4711": store.number(f"{_REFUNDS} AND order_number = '4711'"),
        "refunds": store.number(_REFUNDS),
        "restocks": store.number("SELECT count(*) FROM restocks"),
        "mails_out": store.number("SELECT count(*) FROM mails WHERE outside > 0"),
        "mails_in_company": store.number("SELECT count(*) FROM mails WHERE inside > 0"),
        "meetings": len(standing(meetings)),
        "killed": list(killed),
    }


def standing(meetings: Path) -> list[str]:
    """Names of the event files in a calendar's folder; a copy in two calendars counts once."""
    return sorted({path.name for path in meetings.glob("*/*/*.ics")})
