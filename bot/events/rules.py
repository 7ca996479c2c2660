"""Which events of other systems start work: `events:` in config/automations.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from approvals.people import People
from approvals.policy.conditions import Condition, condition
from bot.events.signatures import SOURCE
from core.configfile import read_config
from graphs.runtime.happened import Happened, Scalar, holes

#: Events taken of one source in a minute where nothing is said; more are refused, and come again.
PER_MINUTE = 60
#: What a `when` may use: the whole of what was sent.
_NAMES = ("event",)
#: A longer text is no field to work with.
_LONGEST_FIELD = 2_000


class SourceEntry(BaseModel):
    """What stands under `sources:`, by the source's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_minute: int = Field(PER_MINUTE, ge=1, le=6_000)


class EventEntry(BaseModel):
    """One entry under `events:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    source: str = Field(pattern=rf"^{SOURCE}$")
    #: What the event's own `type` must be; any where none is said.
    type: str | None = None
    #: An expression in CEL over `event`.
    when: str | None = None
    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    #: On whose behalf: an id of people.yaml. Who lets it go on after a stop, too.
    owner: str
    #: What is put to the assistant, with `{data.order}` where a field of the event belongs.
    say: str = Field(min_length=1, max_length=2_000)
    #: What it may use at most, whatever its owner may.
    scopes: tuple[str, ...]

    @field_validator("say")
    @classmethod
    def _whole_holes(cls, say: str) -> str:
        holes(say)
        return say


class FieldMissing(Exception):
    """This event does not say what the rule needs."""


@dataclass(frozen=True)
class EventRule:
    """An entry, its condition compiled."""

    entry: EventEntry
    condition: Condition | None

    @property
    def name(self) -> str:
        return self.entry.name

    def takes(self, source: str, event: Mapping[str, Any]) -> bool | None:
        """Whether this event is meant; None where its condition cannot be told of it."""
        entry = self.entry
        if entry.source != source or entry.type not in (None, event.get("type")):
            return False
        return True if self.condition is None else self.condition.holds({"event": event})

    def happened(self, event: Mapping[str, Any]) -> Happened:
        """What this rule makes of the event. Raises `FieldMissing` naming the field."""
        entry = self.entry
        fields = {path: _field(event, path) for path in holes(entry.say)}
        return Happened(rule=entry.name, source=entry.source, say=entry.say, fields=fields)


def load_event_rules(path: Path, people: People) -> tuple[EventRule, ...]:
    """The rules of this file (automations.yaml), which has been read without error before. Raises
    `ConfigError` with file, line and mend for a condition that cannot be read, or no such owner."""
    file = read_config(path)
    found = []
    for index, raw in enumerate((file.values or {}).get("events") or ()):
        entry, place = EventEntry.model_validate(raw), ("events", index)
        if people.by_id(entry.owner) is None:
            raise file.error(
                (*place, "owner"),
                f"the owner {entry.owner!r} of {entry.name} is nobody in config/people.yaml",
                "Name an id from there.",
            )
        when = condition(file, (*place, "when"), entry.when, _NAMES)
        found.append(EventRule(entry, when))
    return tuple(found)


def _field(event: Mapping[str, Any], path: str) -> Scalar:
    value: Any = event
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, Scalar) or not str(value).strip() or len(str(value)) > _LONGEST_FIELD:
        raise FieldMissing(path)
    return value
