"""`config/people.yaml` as it is written, checked: who stands twice or nowhere is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from approvals.hours import Hours, read_days, read_hours
from core.configfile import ConfigFile, Place

MEND = "Compare with the starter file config/people.yaml."
ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")


class AwayEntry(BaseModel):
    """A time somebody is away, both days included, and who decides for them meanwhile."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    since: date = Field(alias="from")
    until: date
    delegate: str

    @model_validator(mode="after")
    def _ends(self) -> AwayEntry:
        if self.until < self.since:
            raise ValueError(f"{self.until} is before {self.since}")
        return self


class PersonEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    name: str = Field(min_length=1)
    slack_id: str = Field(pattern=r"^[UW][A-Z0-9]+$")
    email: str | None = None
    roles: tuple[str, ...] = ()
    tz: str = "Europe/Berlin"
    operator: bool = False
    stands_in_for_operators: bool = False
    hours: str = "09:00-17:00"
    days: str = "mon-fri"
    holidays: str | None = None
    away: tuple[AwayEntry, ...] = ()
    load: int | None = Field(default=None, ge=1)

    @field_validator("tz")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone like Europe/Berlin") from error
        return value

    @field_validator("email")
    @classmethod
    def _mail(cls, value: str | None) -> str | None:
        if value is not None and not ADDRESS.fullmatch(value):
            raise ValueError(f"{value!r} is not a mail address")
        return value

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        found = read_hours(value)
        if found is None or found[1] < found[0]:
            raise ValueError(f"{value!r} is no working day like 09:00-17:00")
        return value

    @field_validator("days")
    @classmethod
    def _days(cls, value: str) -> str:
        if read_days(value) is None:
            raise ValueError(f"{value!r} are no days like mon-fri")
        return value


class PeopleFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str = Field(pattern=r"^(T|E)[A-Z0-9]+$")
    people: tuple[PersonEntry, ...] = Field(min_length=1)
    groups: dict[str, tuple[str, ...]] = {}
    usergroups: dict[str, str] = {}
    holidays: dict[str, tuple[date, ...]] = {}
    load: int | None = Field(default=None, ge=1)
    most_open: int | None = Field(default=None, ge=1)
    scopes: dict[str, tuple[str, ...]] = {"everyone": ("*",)}
    domains: tuple[str, ...] = ()
    known_addresses: tuple[str, ...] = ()
    known_domains: tuple[str, ...] = ()


def read_people(file: ConfigFile) -> PeopleFile:
    """The file as it is written. Raises `ConfigError` for what does not fit or leaves it open who
    decides."""
    parsed = file.read_as(PeopleFile, MEND)
    _refuse_twins(file, parsed)
    _refuse_strangers(file, parsed)
    return parsed


def hours_of(entry: PersonEntry, holidays: Mapping[str, tuple[date, ...]]) -> Hours:
    """When this person works."""
    begin, end = read_hours(entry.hours) or (0, 0)  # checked by the model
    return Hours(
        entry.tz,
        begin,
        end,
        read_days(entry.days) or frozenset(),
        frozenset(holidays[entry.holidays] if entry.holidays else ()),
    )


def _refuse_twins(file: ConfigFile, parsed: PeopleFile) -> None:
    """Two entries with one Slack id would leave open who decided: refused."""
    for key in ("id", "slack_id", "email"):
        seen: dict[str, str] = {}
        for index, entry in enumerate(parsed.people):
            value = getattr(entry, key)
            if value is None:
                continue
            if value.casefold() in seen:
                other = seen[value.casefold()]
                raise file.error(
                    ("people", index, key),
                    f"{entry.name} has the same {key} as {other}: {value}",
                    "Give each person their own.",
                )
            seen[value.casefold()] = entry.name


def _refuse_strangers(file: ConfigFile, parsed: PeopleFile) -> None:
    """A misspelt member would silently be nobody: refused."""
    known = {entry.id for entry in parsed.people}
    mend = f"Use one of the ids: {', '.join(sorted(known))}."
    for name, members in parsed.groups.items():
        for index, member in enumerate(members):
            if member not in known:
                raise file.error(
                    ("groups", name, index),
                    f"group {name} names {member!r}, who is not among the people",
                    mend,
                )
    for name, group_id in parsed.usergroups.items():
        if not re.fullmatch(r"S[A-Z0-9]+", group_id):
            raise file.error(
                ("usergroups", name),
                f"{group_id!r} is not the id of a user group",
                "It begins with S: in Slack, People & user groups, ⋮, Copy group ID.",
            )
    for index, entry in enumerate(parsed.people):
        _refuse_absent(file, parsed, ("people", index), entry, known)


def _refuse_absent(
    file: ConfigFile, parsed: PeopleFile, place: Place, entry: PersonEntry, known: set[str]
) -> None:
    for number, away in enumerate(entry.away):
        if away.delegate not in known - {entry.id}:
            raise file.error(
                (*place, "away", number, "delegate"),
                f"{away.delegate!r} cannot decide for {entry.name}",
                f"Use one of the ids: {', '.join(sorted(known - {entry.id}))}.",
            )
    if entry.holidays is not None and entry.holidays not in parsed.holidays:
        raise file.error(
            (*place, "holidays"),
            f"there are no holidays called {entry.holidays!r}",
            "List their dates under `holidays:` at the end of the file.",
        )
