"""Which notes answer best: meaning and words together. Pure.

Equal weights made results worse in trials, so meaning leads; a term with a digit in it (an order,
a date, an amount) is exact or it is another thing, so it counts more than other words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

_TERM = re.compile(r"[^\W_]+(?:[-@.'][^\W_]+)*")
_MEANING, _WORDS = 0.6, 0.4
#: Without a common word a note must be at least this near in meaning.
_NEAR = 0.3
_EXACT_WEIGHT = 3.0
_SHORTEST = 3
#: Words that every second sentence has; matching them says nothing.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "about and any are ask can did does for from had has have her him his how its know let "
        "not our out remember she should tell that the their them then there they this was what "
        "when where which who why will with would you your",
    )
)


class Ranked(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def folded(self) -> str: ...


R = TypeVar("R", bound=Ranked)


def fold(text: str) -> str:
    """The text as it is compared: NFKC, case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def terms(query: str) -> tuple[str, ...]:
    """The words of a query that are worth looking for, each once, in order."""
    found = dict.fromkeys(_TERM.findall(fold(query)))
    return tuple(
        term
        for term in found
        if term not in _COMMON and (len(term) >= _SHORTEST or any(c.isdigit() for c in term))
    )


def best(
    rows: Sequence[R], *, query: str, meanings: Mapping[str, float], limit: int
) -> tuple[R, ...]:
    """The rows worth showing, best first. `meanings` maps note ids to cosine similarities."""
    wanted = terms(query)
    scored = []
    for row in rows:
        meaning, words = meanings.get(row.id, 0.0), _overlap(row.folded, wanted)
        if words or meaning >= _NEAR:
            scored.append((_MEANING * meaning + _WORDS * words, row.id, row))
    scored.sort(key=lambda entry: entry[:2], reverse=True)  # ids made later sort later
    return tuple(row for _score, _id, row in scored[:limit])


def _overlap(text: str, wanted: Sequence[str]) -> float:
    """The share of the wanted terms that stand in the text, from 0 to 1."""
    if not wanted:
        return 0.0
    weights = [_EXACT_WEIGHT if any(c.isdigit() for c in term) else 1.0 for term in wanted]
    hit = sum(weight for term, weight in zip(wanted, weights, strict=True) if term in text)
    return hit / sum(weights)
