"""What the shop is asked and what it answers: plain values between HTTP and the shop's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One call. `name` is the last part of the path where the route has one."""

    method: str
    path: str
    at: datetime
    name: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True)
class Answer:
    """`effect` says whether this call changed anything."""

    status: int
    body: Mapping[str, Any]
    effect: bool = False


class Refusal(Exception):
    """The shop says no, with a code for programs and a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def answer(self) -> Answer:
        return Answer(self.status, {"error": {"code": self.code, "message": self.message}})


def money(minor: int, currency: str = "EUR") -> dict[str, Any]:
    """Money on the wire: integer minor units and a currency."""
    return {"minor": minor, "currency": currency}


def limit_of(query: Mapping[str, str]) -> int:
    """`limit` of a listing, 10 unless said, at most 100."""
    try:
        return max(1, min(int(query.get("limit", "10")), 100))
    except ValueError as error:
        raise Refusal(422, "bad_limit", "limit must be a whole number.") from error
