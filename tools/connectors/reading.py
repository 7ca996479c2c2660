"""The declaration every tool that only reads has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.origins import Origin
from tools.contract import Arguments, Effect, Result, Retry, Run, Tool


def read(
    name: str,
    args: type[Arguments],
    result: type[Result],
    run: Run,
    *,
    can: str,
    version: str = "1.0.0",
    yields: Origin = Origin.FIRST_PARTY,
    yields_of: Callable[[Any], Origin] | None = None,
    timeout_s: float = 10.0,
) -> Tool:
    """A tool that changes nothing, so that it may be called again; its scope is `NAME:read` of its
    connector."""
    return Tool(
        name=name,
        version=version,
        args=args,
        result=result,
        effect=Effect.READ,
        retry=Retry.IDEMPOTENT,
        run=run,
        scopes=(f"{name.partition('.')[0]}:read",),
        yields=yields,
        yields_of=yields_of,
        can=can,
        timeout_s=timeout_s,
    )
