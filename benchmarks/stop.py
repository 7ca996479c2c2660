"""Stop to still: from a person's press to the model being left, and to the thread being told."""

from __future__ import annotations

import time
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
