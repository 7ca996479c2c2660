"""From what an action's row keeps to the subject that policy judges: now, and again much later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from approvals.hours import DAYS
from approvals.people import Principal
from approvals.policy.cases import Subject
from approvals.policy.limits import Limit, SoFar
from core.money import Money
from core.origins import Origin

#: Stands among a verdict's rules where no rule asked, but that the same was under way.
ALIKE = "(the same is under way)"


def subject_of(
    *,
    tool: str,
    effect: str,
    args: Mapping[str, Any],
    principal: Principal,
    channel: str,
    automation: str,
    origins: Mapping[str, str],
    authority: Sequence[str],
    preview: Mapping[str, Any],
    undoes: bool,
    at: datetime,
    so_far: Mapping[Limit, SoFar] = MappingProxyType({}),
) -> Subject:
    """The subject of one call as previewed (`tools.judging.preview_json`) and judged at `at`.

    Raises `KeyError`, `TypeError` or `ValueError` where a value that policy asks about is not there
    or is not what it should be.
    """
    local = at.astimezone(principal.zone)
    amount = preview["amount"]
    return Subject(
        tool=tool,
        effect=effect,
        args=args,
        principal=principal,
        channel=channel,
        automation=automation,
        origins={pointer: Origin(origin) for pointer, origin in origins.items()},
        authority=tuple(authority),
        outside=preview["outside"],
        own=preview["own"],
        undoes=undoes,
        amount=Money(amount["minor"], amount["currency"]) if amount else None,
        recipients=tuple(preview["recipients"]),
        hour=local.hour,
        weekday=DAYS[local.weekday()],
        minute=local.minute,
        so_far=so_far,
    )
