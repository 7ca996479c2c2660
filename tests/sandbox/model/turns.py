"""Play a whole turn against the model: calls are answered by the canned office until it talks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.model.mind import reply
from tests.sandbox.model import office

MOST_ROUNDS = 10


@dataclass(frozen=True)
class Played:
    """Every call of a turn in order, as `{name: arguments}`, and the final text."""

    calls: list[dict[str, Any]]
    text: str

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if next(iter(call)) in office.WRITES]


def play(request: str | list[dict[str, Any]], results: Mapping[str, str] | None = None) -> Played:
    """`results` replaces what the office answers, by tool name."""
    messages = office.opening(request) if isinstance(request, str) else list(request)
    calls: list[dict[str, Any]] = []
    for round_number in range(MOST_ROUNDS):
        said = reply(messages, office.tools())
        if not said.calls:
            return Played(calls, said.text)
        calls += [{call.name: dict(call.arguments)} for call in said.calls]
        messages += _answered(said.calls, round_number, results or {})
    raise AssertionError(f"no answer after {MOST_ROUNDS} rounds: {calls}")


def _answered(calls: Any, round_number: int, results: Mapping[str, str]) -> list[dict[str, Any]]:
    ids = [f"call_{round_number}_{index}" for index in range(len(calls))]
    asked = [
        {
            "id": i,
            "type": "function",
            "function": {"name": c.name, "arguments": json.dumps(c.arguments)},
        }
        for i, c in zip(ids, calls, strict=True)
    ]
    told = [
        {
            "role": "tool",
            "tool_call_id": i,
            "content": results.get(c.name) or office.result(c.name, dict(c.arguments)),
        }
        for i, c in zip(ids, calls, strict=True)
    ]
    return [{"role": "assistant", "content": None, "tool_calls": asked}, *told]
