"""Arguments and results of the calendar tools. Times are local to the company, like
2026-11-23T10:00."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.origins import Origin
from tools.contract import Arguments, Result

_ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"


def _a_day(value: str) -> str:
    date.fromisoformat(value)
    return value


def _a_time(value: str) -> str:
    datetime.fromisoformat(value)
    return value


Address = Annotated[str, Field(pattern=_ADDRESS, max_length=254)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_a_day)]
Start = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:00)?$"), AfterValidator(_a_time)
]
Uid = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ListDay(Arguments):
    day: Day = Field(description="The day, like 2026-11-23")


class FreeTimes(Arguments):
    people: tuple[Address, ...] = Field(
        min_length=1, max_length=20, description="Mail addresses of all who should be free"
    )
    day: Day = Field(description="The day, like 2026-11-23")


class Create(Arguments):
    title: str = Field(
        min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="What it is about"
    )
    start: Start = Field(description="When it begins, company time, like 2026-11-23T10:00")
    minutes: int = Field(ge=5, le=1_440, description="How long it takes")
    attendees: tuple[Address, ...] = Field(
        default=(), max_length=50, description="Mail addresses of the others; the asker is added"
    )


class Move(Arguments):
    uid: Uid = Field(description="The meeting's uid, as calendar.list gave it")
    start: Start = Field(description="When it begins instead, company time")


class Cancel(Arguments):
    uid: Uid = Field(description="The meeting's uid, as calendar.list gave it")


class Entry(BaseModel):
    """One meeting of a day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uid: str
    title: str
    start: str
    end: str
    organiser: str
    attendees: tuple[str, ...]
    #: Whose words it is: an invitation that is not known to be one of ours is a letter's.
    origin: Origin = Origin.FIRST_PARTY


class Slot(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    start: str
    end: str


class DayListed(Result):
    events: tuple[Entry, ...]


class FreeFound(Result):
    slots: tuple[Slot, ...]


class MeetingKept(Result):
    """A meeting as it stands (created, moved) or stood (cancelled)."""

    uid: str
    title: str
    start: str
    minutes: int
    #: Everybody but the organiser.
    attendees: tuple[str, ...]
    #: Where it was moved from; empty otherwise.
    before: str = ""
    #: Whose words it is, as in `Entry`.
    origin: Origin = Origin.FIRST_PARTY
