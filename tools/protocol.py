"""The effect protocol as pure decisions: what may follow when an intent stands.

Invariants: with a key the counterpart honours, or a way to look, an effect happens at most once;
*succeeded* means it happened; *failed* means it did not; where neither can be known it is
*unknown*, and a person is asked. Whatever is not yet settled can still become so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tools.contract import Effect, Retry, Tool
from tools.limits import Limits


class Step(StrEnum):
    #: Send it (again), under the same key.
    CALL = "call"
    #: Ask the counterpart whether it happened.
    LOOK = "look"
    #: It did not happen and will not be tried again.
    FAILED = "failed"
    #: Nobody here can tell: ask a person.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Next:
    """What follows, and not before when."""

    step: Step
    due: datetime


@dataclass(frozen=True)
class Standing:
    """What is known of an action whose intent stands."""

    #: Claims so far: calls and looks.
    attempt: int
    #: An earlier call may have reached the counterpart.
    tainted: bool
    #: It refused an attempt after that: not to be sent again, but not proof either.
    refused: bool
    #: When the intent was written, and the last moment a call may still have been sending.
    first_sent: datetime
    sent_by: datetime


def following(
    tool: Tool, limits: Limits, at: Standing, *, now: datetime, chance: float = 1.0
) -> Next:
    """What comes after an attempt that settled nothing, or a claim whose worker died.

    `chance` (0 to 1) is how much of the longest wait is waited.
    """
    again = now + limits.backoff(at.attempt, chance)
    if tool.effect is Effect.READ:
        more = at.attempt < limits.max_read_attempts
        return Next(Step.CALL, again) if more else Next(Step.FAILED, now)
    if not at.tainted:
        more = at.attempt < limits.max_attempts
        return Next(Step.CALL, again) if more else Next(Step.FAILED, now)
    if _may_call_blind(tool, limits, at, now=again):
        return Next(Step.CALL, again)
    if tool.verify is not None and at.attempt < limits.max_attempts + limits.max_looks:
        return Next(Step.LOOK, max(settled_at(tool, limits, at), now))
    return Next(Step.UNKNOWN, now)


def after_absent(tool: Tool, limits: Limits, at: Standing, *, now: datetime) -> Next:
    """What comes after a look found nothing.

    Nothing proves anything while the counterpart may still be working on what it received; a tool
    that does not bound that time cannot be settled by a look that finds nothing.
    """
    if tool.settle_s is None:
        return Next(Step.UNKNOWN, now)
    if now < (due := settled_at(tool, limits, at)):
        return Next(Step.LOOK, due)
    if at.refused or at.attempt >= limits.max_attempts:
        return Next(Step.FAILED, now)
    return Next(Step.CALL, now)


def settled_at(tool: Tool, limits: Limits, at: Standing) -> datetime:
    """From when on "absent" counts: `settle_s` after the last moment a call may have been sent."""
    return at.sent_by + timedelta(seconds=(tool.settle_s or 0.0) * limits.settle_factor)


def _may_call_blind(tool: Tool, limits: Limits, at: Standing, *, now: datetime) -> bool:
    """Whether sending again without looking is safe: the counterpart still knows the key."""
    if tool.retry is not Retry.IDEMPOTENT or tool.key_life_s is None:
        return False
    end = at.first_sent + timedelta(seconds=tool.key_life_s)
    arrives = now + timedelta(seconds=limits.deadline_s(tool.timeout_s))
    return not at.refused and at.attempt < limits.max_attempts and arrives < end
