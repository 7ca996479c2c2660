"""Where each value of an action's arguments came from, by exact match against what was read.

A model writes the arguments, so nothing it says about their source counts. Each scalar leaf is
looked up, after normalising, in the labelled texts of the turn; the most trusted text that holds it
wins; what no text holds was made up by the model. This labels values, not reasons: a value both the
asker and a letter wrote counts as the asker's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.spellings import Spelled, is_address, is_moment, moment_spellings, normal
from core.money import Money
from core.origins import TRUST_ORDER, Origin

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Labelled:
    """A text that was read in this turn (or a tool result as JSON) and what it counts as."""

    origin: Origin
    text: str


def written(origin: Origin, text: str) -> list[Labelled]:
    """A person's message: their own words, and what they quote, which counts as a quotation where
    theirs would count as more.

    Quoted is a line that begins with > and everything after >>> (docs.slack.dev, formatting).
    """
    own: list[str] = []
    quoted: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        bare = line.lstrip()
        if bare.startswith(">>>"):
            quoted += lines[number:]
            break
        (quoted if bare.startswith(">") else own).append(line)
    lower = max(origin, Origin.QUOTED, key=TRUST_ORDER.index)
    said = [Labelled(origin, "\n".join(own))] if quoted else [Labelled(origin, text)]
    return [*said, Labelled(lower, "\n".join(quoted))] if quoted else said


def label(args: Mapping[str, Any], texts: Sequence[Labelled]) -> dict[str, Origin]:
    """JSON pointer (RFC 6901) of every scalar leaf of `args` -> its origin."""
    read = [(each.origin, _spelled(each)) for each in texts]
    read.sort(key=lambda pair: TRUST_ORDER.index(pair[0]))
    found = list(leaves(args))
    taken = {normal(str(value)) for _, value, money in found if money is None}
    return {pointer: _origin(value, money, read, taken) for pointer, value, money in found}


def _origin(
    value: Any, money: Money | None, read: Sequence[tuple[Origin, Spelled]], taken: set[str]
) -> Origin:
    if value is None or isinstance(value, bool):
        return Origin.MODEL
    if money is not None:
        found = _first(read, lambda text: text.has_money(money))
        if found is None and isinstance(value, int):
            return _first(read, lambda text: text.has_bare_amount(money, taken)) or Origin.MODEL
        # A currency without its amount is a word like any other.
        return found or _word(str(value), read)
    return _word(str(value), read)


def _word(value: str, read: Sequence[tuple[Origin, Spelled]]) -> Origin:
    if not normal(value):
        return Origin.MODEL
    if is_address(value):
        return _first(read, lambda text: text.has_address(value)) or Origin.MODEL
    found = _first(read, lambda text: text.has(value))
    if found is None and is_moment(value):
        return _moment(value, read)
    return found or Origin.MODEL


def _moment(value: str, read: Sequence[tuple[Origin, Spelled]]) -> Origin:
    """A date and time is only as trusted as the worse known of its two halves."""
    origins = []
    for spellings in moment_spellings(value):
        found = _first(read, lambda text, all_=spellings: any(text.has(one) for one in all_))
        origins.append(found or Origin.MODEL)
    return max(origins, key=TRUST_ORDER.index)


def _first(read: Sequence[tuple[Origin, Spelled]], holds: Any) -> Origin | None:
    return next((origin for origin, text in read if holds(text)), None)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any, Money | None]]:
    """Pointer, value, and the amount of money it is a part of, for each scalar."""
    if isinstance(value, Mapping):
        money = as_money(value)
        for key, item in value.items():
            inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if money is not None and key in ("minor", "currency"):
                yield inner, item, money
            else:
                yield from leaves(item, inner)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from leaves(item, f"{pointer}/{index}")
    else:
        yield pointer, value, None


def as_money(value: Mapping[str, Any]) -> Money | None:
    """The amount that `{"minor": 18000, "currency": "EUR"}` spells, else None."""
    minor, currency = value.get("minor"), value.get("currency")
    if not isinstance(minor, int) or isinstance(minor, bool):
        return None
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return None
    return Money(minor, currency)


def _spelled(said: Labelled) -> Spelled:
    """Prose as it is; of JSON the values only, because keys are nobody's words.

    A record of ours vouches for its values whole and for its amounts, not for what stands within a
    text of it: a customer can be called "Mara EUR 500.00".
    """
    stripped = said.text.lstrip()
    if not stripped.startswith(("{", "[")):
        return Spelled(said.text)
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return Spelled(said.text)
    words: list[str] = []
    amounts: list[Money] = []
    for _, leaf, money in leaves(value, ""):
        if money is not None:
            amounts.append(money)
        if money is None or isinstance(leaf, str):
            words.append(str(leaf))
    return Spelled(*words, amounts=amounts, whole=said.origin is Origin.FIRST_PARTY)
