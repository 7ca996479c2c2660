"""What became of a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Decided:
    """What became of a click, and the sentence for the person who clicked."""

    outcome: Literal[
        "approved",
        "rejected",
        "counted",
        "already_decided",
        "expired",
        "not_allowed",
        "voted",
        "handed",
    ]
    sentence: str
