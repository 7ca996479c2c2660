"""Click to effect: from Slack's delivery of a click to the committed outcome, without the shop."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.figures import Figure, median, spread
from benchmarks.office import Office

_TARGET_MS = 80.0
_SUCCEEDED = (
    "SELECT 1 FROM action JOIN turn ON action.turn_id = turn.id "
    "WHERE turn.message_ts = ? AND action.status = 'succeeded'"
)
#: The click is told in the card, the turn goes on and answers: all is still again after this.
_SETTLE_S = 0.5


@dataclass(frozen=True)
class _Click:
    total_ms: float
    shop_ms: float
    shop_calls: int


def measure(office: Office, clicks: int) -> list[Figure]:
    """Refunds of EUR 1, each asked in a thread of its own and confirmed by the one who asked."""
    _one(office)
    found = [_one(office) for _ in range(clicks)]
    own = [click.total_ms - click.shop_ms for click in found]
    calls = median([click.shop_calls for click in found])
    method = (
        f"Slack's delivery of the click to the first look that sees the outcome in SQL (every "
        f"millisecond), {len(own)} refunds one by one, minus the shop's own time (median "
        f"{median([click.shop_ms for click in found]):.1f} ms in {calls:g} calls)"
    )
    return [
        Figure(
            "click received to outcome committed",
            spread(own, 0.5, 0.95),
            f"p50 < {_TARGET_MS:g} ms",
            median(own) < _TARGET_MS,
            method,
        )
    ]


def _one(office: Office) -> _Click:
    ts = office.say("U0ANA", "C0SUPPORT", "<@U0SIGNOFF> Refund order 4711, EUR 1")
    card = office.card("C0SUPPORT", ts, button="confirm")
    time.sleep(_SETTLE_S)
    earlier = len(office.shop_calls())
    office.click("U0ANA", card, "confirm")
    # The answer to the click comes after its delivery; the outcome is looked for from then on.
    committed = office.when(_SUCCEEDED, ts)
    time.sleep(_SETTLE_S)
    delivered = max(
        d["at"] for d in office.get("deliveries")["deliveries"] if d["kind"] == "interactive"
    )
    # Counted up to the outcome: the shop is not asked again after it.
    calls = [call for call in office.shop_calls()[earlier:] if call["ended"] <= committed]
    return _Click(
        total_ms=(committed - delivered) * 1000,
        shop_ms=sum(call["took_ms"] for call in calls),
        shop_calls=len(calls),
    )
