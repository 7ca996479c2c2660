"""What the rules make of an event. Pure but for the log line about a condition nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.events.intake import Arrived, Left
from bot.events.rules import EventRule, FieldMissing
from graphs.runtime.happened import Happened

log = structlog.get_logger()


def meant(rules: Iterable[EventRule], arrived: Arrived) -> list[EventRule]:
    """The rules that mean this event."""
    found = []
    for rule in rules:
        takes = rule.takes(arrived.source, arrived.event)
        if takes is None:
            log.warning("event_unclear", rule=rule.name, id=arrived.id)
        found += [rule] if takes else []
    return found


def made(rule: EventRule, arrived: Arrived, *, served: bool) -> Happened | Left:
    """What this rule asks about the event; `served` says whether its owner is worked for."""
    if not served:
        why = f"I cannot work for its owner {rule.entry.owner}"
        return _left(rule, why, "Name another owner in config/automations.yaml.")
    try:
        return rule.happened(arrived.event)
    except FieldMissing as missing:
        return _left(
            rule, f"it has no {missing}", "Its `say` in config/automations.yaml names that field."
        )


def _left(rule: EventRule, why: str, mend: str) -> Left:
    return Left(rule, f"{rule.name} did nothing on an event of {rule.entry.source}: {why}", mend)
