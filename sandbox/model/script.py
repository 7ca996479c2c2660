"""Scripts: what the model shall answer instead of thinking, turn by turn; and faults on top."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.model.wire import BadRequest, WireCall

_TURN_KEYS = {
    "content", "tool_calls", "status", "retry_after", "message", "delay", "pace", "cut", "usage",
    "finish_reason",
}  # fmt: skip
_FAULTS = {"rate_limit": 429, "error": 500, "delay": None, "cut": None}


@dataclass(frozen=True)
class Turn:
    """One scripted answer. Without content, calls or status the patterns answer (late, or cut)."""

    content: str | None = None
    calls: tuple[WireCall, ...] = ()
    status: int | None = None
    retry_after: float | None = None
    message: str = ""
    delay: float = 0.0
    #: Seconds before each piece of a streamed answer but the first.
    pace: float = 0.0
    cut: int | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    finish_reason: str = ""

    @property
    def says_nothing(self) -> bool:
        return self.content is None and not self.calls and self.status is None


EXHAUSTED = Turn(status=500, message="script exhausted")


@dataclass
class _Script:
    match: str | None
    turns: list[Turn]
    then: str


class Scripts:
    """The scripts and faults that are set. A script with `match` wins over one without."""

    def __init__(self) -> None:
        self._scripts: list[_Script] = []
        self._faults: list[Turn] = []

    def set(self, body: Mapping[str, object]) -> int:
        """Set the script for this `match`, in place of an older one; empty turns remove it."""
        match, then, turns = body.get("match"), body.get("then", "strict"), body.get("turns")
        unknown = set(body) - {"match", "then", "turns"}
        if unknown or not isinstance(turns, list) or then not in ("strict", "patterns"):
            raise BadRequest(
                'a script is {"turns": [...], "match"?: text, "then"?: "strict" or "patterns"}'
            )
        if match is not None and not isinstance(match, str):
            raise BadRequest("match must be text", param="match")
        read = [_turn(turn, f"turns[{index}]") for index, turn in enumerate(turns)]
        self._scripts = [script for script in self._scripts if script.match != match]
        if read:
            self._scripts.append(_Script(match, read, str(then)))
        return len(read)

    def fault(self, body: Mapping[str, object]) -> int:
        """Add a fault for the next `times` chat requests."""
        kind, times, seconds = body.get("kind"), body.get("times", 1), body.get("seconds", 1)
        if kind not in _FAULTS:
            raise BadRequest(f"kind must be one of {', '.join(_FAULTS)}", param="kind")
        if not isinstance(times, int) or times < 1 or not isinstance(seconds, (int, float)):
            raise BadRequest("times must be a whole number from 1, seconds a number", param="times")
        turn = Turn(
            status=_FAULTS[str(kind)],
            retry_after=float(seconds) if kind == "rate_limit" else None,
            message=f"fault: {kind}",
            delay=float(seconds) if kind == "delay" else 0.0,
            cut=1 if kind == "cut" else None,
        )
        self._faults += [turn] * times
        return len(self._faults)

    def next(self, request: str) -> Turn | None:
        """The turn to play for a request whose asker said `request`; None leaves it to patterns."""
        if self._faults:
            return self._faults.pop(0)
        by_match = sorted(self._scripts, key=lambda script: script.match is None)
        for script in by_match:
            if script.match is None or script.match in request:
                if script.turns:
                    return script.turns.pop(0)
                return None if script.then == "patterns" else EXHAUSTED
        return None


def _turn(turn: object, where: str) -> Turn:
    if not isinstance(turn, Mapping):
        raise BadRequest(f"{where} must be an object", param=where)
    if unknown := set(turn) - _TURN_KEYS:
        raise BadRequest(
            f"{where} does not know {', '.join(sorted(unknown))}; "
            f"it knows {', '.join(sorted(_TURN_KEYS))}",
            param=where,
        )
    content, calls = turn.get("content"), turn.get("tool_calls", [])
    if not isinstance(calls, list):
        raise BadRequest(f"{where}.tool_calls must be a list", param=where)
    return Turn(
        content=content if isinstance(content, str) or content is None else json.dumps(content),
        calls=tuple(_call(call, where) for call in calls),
        status=turn.get("status"),
        retry_after=turn.get("retry_after"),
        message=str(turn.get("message") or "as the script says"),
        delay=float(turn.get("delay") or 0),
        pace=float(turn.get("pace") or 0),
        cut=turn.get("cut"),
        usage=turn.get("usage") or {},
        finish_reason=str(turn.get("finish_reason") or ""),
    )


def _call(call: object, where: str) -> WireCall:
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        raise BadRequest(f"{where}.tool_calls: each is {{name, arguments}}", param=where)
    arguments = call.get("arguments", {})
    raw = arguments if isinstance(arguments, str) else json.dumps(arguments, separators=(",", ":"))
    return WireCall(call["name"], raw)
