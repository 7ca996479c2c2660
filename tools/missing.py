"""Which of these actions, done as the ledger has it, the other system does not show.

Where its record keeps everything, what is not in it did not happen. Elsewhere the tool may tell of
one action whether its effect is certainly not there; what it cannot tell is not called missing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from approvals.tables import Action
from tools.calling import key_of
from tools.content import validated
from tools.contract import Arguments, Call, Caller, Refused, Tool, Unavailable
from tools.deps import Deps
from tools.gates import take_look
from tools.reach import reach
from tools.rounds import Pace
from tools.tables import Breaker

log = structlog.get_logger()


def missing(  # noqa: PLR0917 - all of one comparison
    deps: Deps,
    tool: Tool,
    done: Sequence[Action],
    shown: Collection[str],
    seen: Breaker | None,
    pace: Pace,
) -> tuple[list[Action], list[Action]]:
    """How far it got in `done`, from its beginning, and those of them that are not there; `shown`
    are ids of those that the record shows.

    Raises `Refused` or `Unavailable` when the other system cannot be asked.
    """
    if tool.record is None or tool.record.keeps or tool.record.lacks is None:
        keeps = tool.record is not None and tool.record.keeps
        return list(done), [a for a in done if keeps and a.id not in shown]
    looked: list[Action] = []
    lacking: list[Action] = []
    for action in done:
        if action.id not in shown:
            if not pace.goes_on():
                break
            if _lacks(deps, tool, action, seen):
                lacking.append(action)
        looked.append(action)
    return looked, lacking


def _lacks(deps: Deps, tool: Tool, action: Action, seen: Breaker | None) -> bool:
    lacks = None if tool.record is None else tool.record.lacks
    args = _read(tool, action)
    if lacks is None or args is None:
        return False
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if take_look(deps, session, tool, workspace_id=action.workspace_id, now=now) is not None:
            raise Unavailable("Too many calls just now.", reached=False)
    call = Call(
        action_id=action.id,
        key=key_of(action.id),
        caller=Caller(action.principal_id, "", None),
        now=now,
        timeout_s=deps.limits.deadline_s(tool.timeout_s),
        facts=dict(action.facts or {}),
    )
    return reach(deps, tool, lacks, args, call, workspace_id=action.workspace_id, seen=seen)


def _read(tool: Tool, action: Action) -> Arguments | None:
    """Its arguments; None where this version of the tool does not know them any more."""
    try:
        return validated(tool, action.args)
    except Refused:
        log.warning("not_comparable", tool=tool.name, action_id=action.id)
        return None
