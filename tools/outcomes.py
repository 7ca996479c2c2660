"""What is known of an effect, as the plain JSON that cards and models are given. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from core.canonical import NotCanonical, canonical
from core.origins import TRUST_ORDER, Origin
from tools.contract import Arguments, Effect, Result, Tool

log = structlog.get_logger()


class Drift(Exception):
    """A result that is not what the tool declares."""


def success(
    tool: Tool, args: Arguments, result: Any, preview: Mapping[str, Any] | None
) -> dict[str, Any]:
    """`{"status": "succeeded", "result", "summary", "origin"}`. Raises `Drift`."""
    whole = _checked(tool, result)
    plain = whole.model_dump(mode="json")
    try:
        canonical(plain)
    except NotCanonical as error:
        raise Drift(str(error)) from error
    return {
        "status": "succeeded",
        "result": plain,
        "summary": _summary(tool, args, whole, preview),
        "origin": _origin(tool, whole).value,
    }


def success_unread(tool: Tool, preview: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of a write that the counterpart said yes to in words we do not understand.

    The effect happened: calling it unknown would have a person look for what is certain, and
    failed would be untrue. What is not known is only what the answer said, and that is told.
    """
    return {
        "status": "succeeded",
        "result": {},
        "summary": f"{_title(tool, preview)}: done",
        "warning": "It was done, but the answer was not understood; details are missing.",
        "origin": tool.yields.value,
    }


def failure(code: str, message: str) -> dict[str, Any]:
    return {"status": "failed", "code": code, "message": message}


def unknown(
    message: str, *, can_look: bool = False, no_before: datetime | None = None
) -> dict[str, Any]:
    """`can_look`: a person may have it looked up once more. `no_before`: until then the other side
    may still be at work on it, and nobody can say that it did not happen."""
    told = {"status": "unknown", "message": message, "can_look": can_look}
    return told | ({"no_before": no_before.isoformat()} if no_before else {})


def success_recorded(
    tool: Tool, preview: Mapping[str, Any] | None, reference: str
) -> dict[str, Any]:
    """Of a write that the other system's own record shows."""
    return {
        "status": "succeeded",
        "result": {},
        "summary": f"{_title(tool, preview)}: done ({reference})",
        "warning": "Its own answer was lost; the other system's record shows that it was done.",
        "origin": tool.yields.value,
    }


def _checked(tool: Tool, result: Any) -> Result:
    if not isinstance(result, tool.result):
        raise Drift(f"{tool.name} gave {type(result).__name__}, not {tool.result.__name__}")
    try:
        # Made anew from its plain form: what was built around validation is found out.
        return tool.result.model_validate_json(
            result.model_dump_json(warnings=False, round_trip=True)
        )
    except (ValidationError, ValueError) as error:
        raise Drift(f"{tool.name}: the result does not fit its declaration") from error


def _summary(tool: Tool, args: Arguments, result: Result, preview: Mapping[str, Any] | None) -> str:
    if tool.done is not None:
        try:
            return tool.done(args, result)
        except Exception:  # the effect stands, whatever its sentence does
            log.exception("summary_failed", tool=tool.name)
    if tool.effect is Effect.READ:
        return f"Read: {result.source}"
    return f"{_title(tool, preview)}: done ({result.source})"


def _origin(tool: Tool, result: Result) -> Origin:
    """What the result counts as: never more trusted than the tool declares."""
    if tool.yields_of is None:
        return tool.yields
    try:
        own = tool.yields_of(result)
    except Exception:
        log.exception("origin_failed", tool=tool.name)
        return Origin.MODEL
    return max(own, tool.yields, key=TRUST_ORDER.index)


def _title(tool: Tool, preview: Mapping[str, Any] | None) -> str:
    return str((preview or {}).get("title") or tool.can)
