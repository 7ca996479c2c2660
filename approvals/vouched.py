"""What a tool's result vouches for: what the other side said by itself, part by part. Pure.

A result repeats arguments: the order that was looked up, the title that was booked. Where a letter
or the model chose them, hearing them again from the other side does not make them ours. And parts
of one result may come from different hands: an object in it with an `origin` of its own counts as
that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from approvals.origins import Labelled, as_money, leaves
from approvals.spellings import Spelled
from core.money import Money
from core.origins import TRUST_ORDER, Origin

_OWN = "origin"


def vouched(
    result: Mapping[str, Any],
    *,
    yields: Origin,
    whole: Origin,
    args: Mapping[str, Any],
    origins: Mapping[str, str],
) -> list[Labelled]:
    """The result as labelled texts. `yields` is the most its tool's results ever count as, `whole`
    what this one counts as; `origins` are those of the arguments' leaves (JSON pointer -> origin).
    """
    echo = _Echo(args, origins)
    parts: list[Labelled] = []

    def kept(value: Any, counts_as: Origin) -> Any:
        if isinstance(value, Mapping):
            own = _own(value)
            if own is not None:
                inner = max(own, yields, key=TRUST_ORDER.index)
                rest = {name: item for name, item in value.items() if name != _OWN}
                part = {name: kept(item, inner) for name, item in rest.items()}
                parts.append(_labelled(inner, part))
                return None
            money = as_money(value)
            if money is not None and counts_as.trusted and money in echo.amounts:
                return None
            return {name: kept(item, counts_as) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [kept(item, counts_as) for item in value]
        return None if counts_as.trusted and echo.holds(value) else value

    rest = {name: kept(item, whole) for name, item in result.items()}
    return [_labelled(whole, rest), *parts]


class _Echo:
    """What the arguments hold that nobody trusted wrote."""

    def __init__(self, args: Mapping[str, Any], origins: Mapping[str, str]) -> None:
        texts: list[str] = []
        amounts: list[Money] = []
        for pointer, value, money in leaves(args):
            if Origin(origins.get(pointer, Origin.MODEL)).trusted:
                continue
            if money is not None:
                amounts.append(money)
            else:
                texts.append(str(value))
        self.amounts = frozenset(amounts)
        self._said = Spelled(*texts) if texts else None

    def holds(self, value: Any) -> bool:
        """Whether this value stands in them, whole."""
        return self._said is not None and value is not None and self._said.has(str(value))


def _own(value: Mapping[str, Any]) -> Origin | None:
    named = value.get(_OWN)
    return Origin(named) if isinstance(named, str) and named in _NAMES else None


def _labelled(origin: Origin, value: Any) -> Labelled:
    return Labelled(origin, json.dumps(value, ensure_ascii=False))


_NAMES: Sequence[str] = tuple(Origin)
