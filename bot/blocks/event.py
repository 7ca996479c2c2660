"""What another system told of, as the message that work on it begins under. Pure."""

from __future__ import annotations

from bot.blocks.limits import FALLBACK
from bot.blocks.parts import Message, rich, run
from bot.blocks.text import cut, escape, one_line, visible
from graphs.runtime.happened import Happened

_MOST = 2_000
_AGAIN = 300


def build(happened: Happened, owner: str, again: str | None = None) -> Message:
    """Every value the event gave stands in it, literally. `again` says who has it played again, and
    why."""
    request = visible(cut(happened.request, _MOST))
    about = (
        f"An event of {happened.source} · asked by the rule {happened.rule}, for {one_line(owner)}"
    )
    if again:
        about += f" · played again by {one_line(cut(again, _AGAIN))}"
    told = [one_line(line) for line in happened.told.splitlines()]
    small = " · ".join([about, *told])
    return Message(
        escape(cut(f"{request} ({about})", FALLBACK)),
        (rich(run(request, bold=True)), rich(run(small))),
    )
