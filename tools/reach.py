"""One call into a connector, and what it teaches about the system behind it (its breaker)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tools import breakers
from tools.calling import Unexpected, ask
from tools.contract import Arguments, Call, Preview, Refused, Tool, Unavailable
from tools.deps import Deps
from tools.tables import Breaker

T = TypeVar("T")


def reach(
    deps: Deps,
    tool: Tool,
    function: Callable[[Any, Call], T],
    args: Arguments,
    call: Call,
    *,
    workspace_id: str,
    seen: Breaker | None,
) -> T:
    """What `tools.calling.ask` returns or raises, noted in the connector's breaker.

    `seen` is its breaker as this job found it: an answer is written down only where something was
    wrong before. An error nobody declared says nothing about the system, and neither does a preview
    that read no facts: it may have asked nobody.
    """
    try:
        result = ask(deps.bounded, tool, function, args, call)
    except Refused:
        if function is not tool.preview:
            _answered(deps, seen)
        raise
    except Unexpected:
        raise
    except Unavailable as error:
        _failed(deps, tool, error, workspace_id)
        raise
    if not isinstance(result, Preview) or result.facts:
        _answered(deps, seen)
    return result


def _answered(deps: Deps, seen: Breaker | None) -> None:
    if seen is not None and (seen.failures or seen.opened_at is not None):
        with deps.db.transaction() as session:
            breakers.answered(session, deps.log, seen, now=deps.clock.now())


def _failed(deps: Deps, tool: Tool, error: Unavailable, workspace_id: str) -> None:
    with deps.db.transaction() as session:
        breakers.failed(
            session,
            deps.log,
            deps.limits,
            tool,
            error,
            workspace_id=workspace_id,
            chance=deps.chance(),
            now=deps.clock.now(),
        )
