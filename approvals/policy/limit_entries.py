"""`in_all` of a rule as it is written: a limit over time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, StrictInt

from approvals.policy.limits import ALL, ASKER, AUTOMATION, Limit
from approvals.policy.stage_entries import span_of
from approvals.stages import REQUESTER, Stage
from core.configfile import ConfigFile, Place
from core.money import NotMoney, parse_money

_PER = re.compile(rf"{ASKER}|{AUTOMATION}|{ALL}|args(\.\w+)+")


class InAll(BaseModel):
    """`in_all: {at_most: 500 EUR, within: 24 hours, per: asker}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    above: StrictInt | str | None = None
    at_most: StrictInt | str | None = None
    within: str
    per: str = ASKER


def limit_of(
    file: ConfigFile,
    place: Place,
    entry: InAll | None,
    *,
    tools: tuple[str, ...],
    effects: frozenset[str],
    outcome: str,
    stages: Sequence[Stage],
) -> Limit | None:
    """The limit that a rule with these tools, effects and this outcome states. Raises
    `ConfigError`."""
    if entry is None:
        return None
    at = (*place, "in_all")
    if (entry.above is None) == (entry.at_most is None):
        mend = "Write {at_most: 500 EUR, within: 24 hours}, or above."
        raise file.error(at, "in_all needs one of above and at_most", mend)
    if not tools:
        raise file.error(at, "in_all counts what some tools do", "Name them with `tool`.")
    above = entry.at_most is None
    _refuse_idle(file, at, outcome, stages, above=above)
    if not _PER.fullmatch(entry.per):
        mend = "Write asker, automation, all, or an argument like args.customer."
        raise file.error((*at, "per"), f"{entry.per!r} is nobody to count for", mend)
    span = span_of(file, (*at, "within"), entry.within)
    if span.working:
        mend = "Write it like 1 hour or 24 hours."
        raise file.error((*at, "within"), f"{entry.within!r} runs by the clock alone", mend)
    key = "above" if above else "at_most"
    most, currency = _most(file, (*at, key), entry.above if above else entry.at_most)
    return Limit(tools, effects, above, most, currency, span.seconds, entry.per)


def _refuse_idle(
    file: ConfigFile, at: Place, outcome: str, stages: Sequence[Stage], *, above: bool
) -> None:
    """Beyond a limit more is asked, never less."""
    eases = outcome == "allow" or (
        outcome == "ask" and all(stage.who == REQUESTER for stage in stages)
    )
    if above and outcome == "allow":
        mend = "Write at_most: beyond it the other rules say what follows."
        raise file.error((*at, "above"), "what is beyond a limit is not allowed by it", mend)
    if not above and not eases:
        mend = "Write above, or beside at_most `allow: true` or `ask: requester`."
        raise file.error((*at, "at_most"), "beyond this limit fewer would be asked", mend)


def _most(file: ConfigFile, place: Place, said: int | str | None) -> tuple[int, str | None]:
    if isinstance(said, int):
        if said < 1:
            raise file.error(place, f"{said} is no limit", "Write 1 or more.")
        return said, None
    try:
        money = parse_money(said or "")
    except NotMoney as error:
        mend = "Write it like 500 EUR, or 10 for how many."
        raise file.error(place, error.sentence, mend) from error
    return money.minor, money.currency
