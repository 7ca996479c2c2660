"""What each system's own record shows of what was done with our access."""

from __future__ import annotations

import hashlib
import shutil
from datetime import timedelta
from typing import Any

from connector_bench import NOW, Bench

from sandbox.office.testing import Office

REFUND = {"order": "4711", "amount": {"minor": 100, "currency": "EUR"}, "reason": "torn"}


def shown(
    bench: Bench, tool: str, since: Any = NOW - timedelta(days=4_000)
) -> set[tuple[str, str]]:
    """(first 12 digits of the key, what it is) of all that this tool's record shows."""
    record = bench.tool(tool).record
    return {((one.key or "")[:12], one.what) for one in record.read(since, 10.0)}


def key(action: str) -> str:
    return hashlib.sha256(action.encode()).hexdigest()[:12]


def test_the_shop_shows_refunds_made_with_our_key_and_none_of_its_own(bench: Bench) -> None:
    before = shown(bench, "shop.refund")

    made = bench.run("shop.refund", REFUND, action="rec_1")
    bench.run("shop.refund", REFUND, action="rec_1")

    assert made.refund
    assert shown(bench, "shop.refund") - before == {
        (key("rec_1"), "a refund of EUR 1.00 for order 4711")
    }
    assert bench.tool("shop.refund").record.read(NOW + timedelta(days=4_000), 10.0) == []


def test_the_shop_shows_both_of_two_restocks_of_one_action(bench: Bench) -> None:
    for _ in range(2):
        bench.run("shop.restock", {"sku": "TENT-2", "quantity": 3}, action="rec_2")

    found = bench.tool("shop.restock").record.read(NOW - timedelta(days=4_000), 10.0)

    own = [one for one in found if (one.key or "").startswith(key("rec_2"))]
    assert len({one.reference for one in own}) == 2


def test_a_mail_of_ours_is_found_in_any_box_and_its_second_copy_too(
    bench: Bench, office: Office
) -> None:
    to = ["finn@lindqvist.example", "mara@example.org"]
    bench.run("mail.send", {"to": to, "subject": "Hi", "body": "Hello"}, action="rec_3")
    record = bench.tool("mail.send").record

    def copies() -> int:
        return sum(one.key.startswith(key("rec_3")) for one in record.read(NOW - YEARS, 10.0))

    assert copies() == 1
    box = office.data / "office" / "mail" / "finn@lindqvist.example" / "new"
    newest = max(box.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    shutil.copy(newest, box / "again")
    assert copies() == 2
    (box / "again").unlink()


YEARS = timedelta(days=4_000)


def test_the_calendar_shows_meetings_of_ours_while_they_exist(bench: Bench) -> None:
    args = {"title": "Stock", "start": "2026-11-25T15:00", "minutes": 30, "attendees": []}
    made = bench.run("calendar.create", args, action="rec_4")
    there = shown(bench, "calendar.create")
    bench.run("calendar.cancel", {"uid": made.uid}, action="rec_5")

    assert (key("rec_4"), "“Stock”") in there
    assert (key("rec_4"), "“Stock”") not in shown(bench, "calendar.create")
