"""Who is reading: the names, time zone and moment that text is rendered for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Viewer:
    """`me` is the reader's id. `people`, `channels`: id to display name, `groups`: id to handle;
    `now` is aware; dates show in `zone`."""

    me: str
    people: Mapping[str, str]
    channels: Mapping[str, str]
    zone: ZoneInfo
    now: datetime
    groups: Mapping[str, str] = field(default_factory=dict)
