"""What waits for a connector whose breaker is open, and whom it tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals.people import Principal
from approvals.tables import title_of
from core.notices import say
from tools import breakers
from tools.claim import Proposal, Work, postpone
from tools.contract import Effect, Tool
from tools.deps import Deps
from tools.tables import Breaker

#: What the one probe may take at most beyond its call's own deadline, facts read before included.
_PROBE_SLACK = 2.0


def may_go(deps: Deps, work: Work) -> bool:
    """Whether this work may call its connector now; else it is put off, and its asker told.

    While the breaker is open nobody may; afterwards one at a time, until one is answered.
    """
    until = waits_until(deps, work.seen, work.tool)
    if until is None:
        return True
    put_off(deps, work, until)
    return False


def waits_until(deps: Deps, seen: Breaker | None, tool: Tool) -> datetime | None:
    """Until when no call of this tool may be made; None when it may, now, by the caller."""
    now = deps.clock.now()
    if seen is None or seen.opened_at is None:
        return None
    until = breakers.closed_until(seen, now=now)
    if until is not None:
        return until
    lasts = timedelta(
        seconds=_PROBE_SLACK * deps.limits.deadline_s(tool.timeout_s) + deps.limits.lease_slack_s
    )
    with deps.db.transaction() as session:
        mine = breakers.take_probe(session, seen, lasts=lasts, now=now)
    return None if mine else now + lasts


def put_off(deps: Deps, proposal: Proposal, until: datetime) -> None:
    """Have it tried again at that time, and say so once where it was asked for."""
    spread = deps.limits.backoff(1, deps.chance())  # not all at once, when it answers again
    with deps.db.transaction() as session:
        postpone(session, proposal.queued, until + spread)
        if proposal.tool.effect is not Effect.READ:
            say(session, proposal.action, _sentence(proposal, until), now=deps.clock.now())


def _sentence(proposal: Proposal, until: datetime) -> str:
    """`Refund EUR 180.00 to Mara Lind waits. The shop does not answer. I try again from 14:05.`"""
    return f"{title_of(proposal.action)} waits. {told(proposal.principal, proposal.seen, until)}"


def told(principal: Principal, seen: Breaker | None, until: datetime) -> str:
    why = seen.why if seen is not None and seen.why else "The other system does not answer."
    return f"{why} I try again from {until.astimezone(principal.zone):%H:%M}."
