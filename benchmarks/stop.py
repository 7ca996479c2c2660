"""Stop to still: from a person's press to the model being left, to the thread being told, and to
the last effect that begins of what was approved already."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import httpx

from benchmarks.figures import Figure, percentile, spread
from benchmarks.office import Office

_TARGET_MS = 1_000.0
#: An answer that would take an hour, its words now fast and now slow.
_ENDLESS = " ".join(["more"] * 14_400)
_PACES = (0.1, 1.0, 3.0)
_LEFT = (
    "SELECT 1 FROM event JOIN turn ON event.turn_id = turn.id "
    "WHERE turn.message_ts = ? AND event.type = 'llm:response:left'"
)
#: Looks every 0.3 s whether it is still wanted: presses come at any moment between two looks.
_APART_S = 0.07
#: Approved refunds, each of which keeps the shop busy for so long: a queue of several seconds.
_QUEUE = 24
_SHOP_BUSY_S = 0.5
_WATCHED_S = 10.0
_ORDERS = (
    "SELECT number FROM orders WHERE total >= 12000 AND number NOT IN "
    "(SELECT order_number FROM refunds) ORDER BY number LIMIT ?"
)
_HELD = "SELECT count(*) FROM action WHERE tool = 'shop.refund' AND status = 'approved'"


def measure_queue(office: Office) -> list[Figure]:
    """`/signoff stop all` while approved refunds wait for a worker: when the last of them began."""
    slow = {"match": "POST /refunds", "action": "delay", "seconds": _SHOP_BUSY_S, "times": _QUEUE}
    cards = []
    for order in _orders(office):
        ts = office.say("U0ANA", "C0SUPPORT", f"<@U0SIGNOFF> Refund order {order}, EUR 1")
        cards.append(office.card("C0SUPPORT", ts, button="confirm"))
    httpx.post(f"{office.shop}/faults", json=slow, trust_env=False).raise_for_status()
    for card in cards:
        office.click("U0ANA", card, "confirm")
    earlier = len(_refunds(office))
    office.command("U0OLGA", "C0SUPPORT", "stop all")
    accepted = time.time()
    [(waiting,)] = office.rows(_HELD)
    time.sleep(_WATCHED_S)
    later = [began - accepted for began in _refunds(office)[earlier:] if began > accepted]
    office.command("U0OLGA", "C0SUPPORT", "resume all")
    beyond = [s for s in later if s * 1000 > _TARGET_MS]
    last = f"{max(later) * 1000:.0f} ms" if later else "before it"
    return [
        Figure(
            "Stop accepted to the last effect begun",
            f"{last}; {len(beyond)} of {waiting} held began later than {_TARGET_MS:g} ms",
            f"none later than {_TARGET_MS:g} ms",
            not beyond,
            f"/signoff stop all answered while {waiting} of {_QUEUE} approved refunds had not "
            f"begun; each keeps the shop busy for {_SHOP_BUSY_S:g} s; the shop's own record of "
            f"when a call came, watched for {_WATCHED_S:g} s",
        )
    ]


def _orders(office: Office) -> list[str]:
    """Each its own: a refund changes the facts that others of its order rest on."""
    with closing(sqlite3.connect(office.data / "office" / "shop.db", timeout=10)) as link:
        return [number for (number,) in link.execute(_ORDERS, (_QUEUE,))]


def _refunds(office: Office) -> list[float]:
    """When each call for a refund reached the shop, in seconds since 1970."""
    calls = [call for call in office.shop_calls() if call["call"].startswith("POST /refunds")]
    return [float(call["ended"]) - float(call["took_ms"]) / 1000 for call in calls]


def measure(office: Office, stops: int) -> list[Figure]:
    """Answers in threads of their own, each stopped by Slack's own Stop while it is written."""
    _one(office, 0)
    found = [_one(office, number) for number in range(1, stops + 1)]
    left, told = [each[0] for each in found], [each[1] for each in found]
    return [
        Figure(
            "Stop pressed to the model left",
            spread(left, 0.5, 1.0),
            f"max < {_TARGET_MS:g} ms",
            percentile(left, 1.0) < _TARGET_MS,
            f"the press in the practice workspace to the worker's own record of it, {stops} "
            "answers of an hour each, a word every 0.1, 1 and 3 s",
        ),
        Figure(
            "Stop pressed to told in the thread",
            spread(told, 0.5, 1.0),
            f"max < {_TARGET_MS:g} ms",
            percentile(told, 1.0) < _TARGET_MS,
            "the same press to the message that says who stopped it and what was done until then",
        ),
    ]


def _one(office: Office, number: int) -> tuple[float, float]:
    """Milliseconds until the model was left, and until the thread was told."""
    asked = f"answer {number} for an hour"
    turn = {"content": _ENDLESS, "pace": _PACES[number % len(_PACES)]}
    script = {"match": asked, "turns": [turn]}
    httpx.post(f"{office.model}/script", json=script, trust_env=False).raise_for_status()
    ts = office.say("U0ANA", "C0SUPPORT", f"<@U0SIGNOFF> {asked}")
    office.reply("C0SUPPORT", ts, "more")
    time.sleep(_APART_S * (number % 5))
    pressed = time.time()
    office.post("stop", {"user": "U0ANA", "channel": "C0SUPPORT", "thread_ts": ts})
    office.reply("C0SUPPORT", ts, "stopped this.")
    told = time.time()
    # Looked for afterwards: its own time stands in its row.
    office.when(_LEFT, ts)
    [(at,)] = office.rows(_LEFT.replace("SELECT 1", "SELECT event.at"), ts)
    return (_seconds(str(at)) - pressed) * 1000, (told - pressed) * 1000


def _seconds(at: str) -> float:
    moment = datetime.fromisoformat(at)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
