"""What another system told of, as the message that work on it begins under. Pure."""

from __future__ import annotations

from bot.blocks.limits import FALLBACK
from bot.blocks.parts import Message, rich, run
from bot.blocks.text import cut, escape, one_line, visible
from graphs.runtime.happened import Happened

_MOST = 2_000


def build(happened: Happened, owner: str) -> Message:
    """Every value the event gave stands in it, literally."""
    request = visible(cut(happened.request, _MOST))
    about = (
        f"An event of {happened.source} · asked by the rule {happened.rule}, for {one_line(owner)}"
    )
    told = [one_line(line) for line in happened.told.splitlines()]
    small = " · ".join([about, *told])
    return Message(
        escape(cut(f"{request} ({about})", FALLBACK)),
        (rich(run(request, bold=True)), rich(run(small))),
    )
