"""Who is who: people, their roles and groups, and which addresses are ours or known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.configfile import ConfigFile, parse_config, read_config

_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")
#: A display name may not look like an address itself: readers differ on which one counts.
_NAMED = re.compile(r"[^<>@]*<([^<>]+)>")
_MEND = "Compare with the starter file config/people.yaml."


@dataclass(frozen=True)
class Principal:
    """A person we serve. `id` is what rows and events name; it never changes."""

    id: str
    name: str
    slack_id: str
    email: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    tz: str
    operator: bool

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    name: str = Field(min_length=1)
    slack_id: str = Field(pattern=r"^[UW][A-Z0-9]+$")
    email: str | None = None
    roles: tuple[str, ...] = ()
    tz: str = "Europe/Berlin"
    operator: bool = False

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
        if value is not None and not _ADDRESS.fullmatch(value):
            raise ValueError(f"{value!r} is not a mail address")
        return value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str = Field(pattern=r"^(T|E)[A-Z0-9]+$")
    people: tuple[_Entry, ...] = Field(min_length=1)
    groups: dict[str, tuple[str, ...]] = {}
    domains: tuple[str, ...] = ()
    known_addresses: tuple[str, ...] = ()
    known_domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class People:
    """Everybody in `config/people.yaml`, and the addresses it vouches for."""

    #: Slack's team id: these people are of this workspace, and of no other.
    workspace_id: str
    everyone: tuple[Principal, ...]
    groups: Mapping[str, tuple[Principal, ...]]
    domains: frozenset[str]
    known_addresses: frozenset[str]
    known_domains: frozenset[str]
    digest: str
    _by_slack: Mapping[str, Principal] = field(repr=False)
    _by_id: Mapping[str, Principal] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> People:
        """Read the file. Raises `ConfigError` with file, line and mend."""
        return _people(read_config(path))

    @classmethod
    def parse(cls, text: str, path: Path) -> People:
        """The same for text that was read already."""
        return _people(parse_config(text, path))

    def by_slack(self, user_id: str) -> Principal | None:
        return self._by_slack.get(user_id)

    def by_id(self, principal_id: str) -> Principal | None:
        return self._by_id.get(principal_id)

    def members(self, group: str) -> tuple[Principal, ...]:
        """People of this group; an unknown or empty one has nobody in it."""
        return self.groups.get(group, ())

    def is_inside(self, address: str) -> bool:
        """Whether this mail address is one of the company's own domains."""
        return _domain(address) in self.domains

    def knows(self, address: str) -> bool:
        """Whether somebody vouched for this address: ours, or listed in the file."""
        plain = _plain(address)
        if plain is None:
            return any(person.name.casefold() == _fold(address) for person in self.everyone)
        domain = plain.rpartition("@")[2]
        return (
            domain in self.domains or domain in self.known_domains or plain in self.known_addresses
        )

    def find(self, query: str) -> tuple[Principal, ...]:
        """People whose name, id, address, role or group holds every word of the query."""
        words = _fold(query).split()
        return tuple(p for p in self.everyone if words and all(w in _searched(p) for w in words))


def _people(file: ConfigFile) -> People:
    parsed = file.read_as(_File, _MEND)
    _refuse_twins(file, parsed)
    _refuse_strangers(file, parsed)
    everyone = tuple(_principal(entry, parsed.groups) for entry in parsed.people)
    by_id = {person.id: person for person in everyone}
    addresses = {a for a in map(_plain, parsed.known_addresses) if a}
    addresses |= {person.email.casefold() for person in everyone if person.email}
    return People(
        workspace_id=parsed.workspace,
        everyone=everyone,
        groups={
            name: tuple(by_id[member] for member in dict.fromkeys(members))
            for name, members in parsed.groups.items()
        },
        domains=frozenset(_fold(domain) for domain in parsed.domains),
        known_addresses=frozenset(addresses),
        known_domains=frozenset(_fold(domain) for domain in parsed.known_domains),
        digest=file.digest,
        _by_slack={person.slack_id: person for person in everyone},
        _by_id=by_id,
    )


def _principal(entry: _Entry, groups: Mapping[str, tuple[str, ...]]) -> Principal:
    return Principal(
        id=entry.id,
        name=entry.name,
        slack_id=entry.slack_id,
        email=entry.email,
        roles=entry.roles,
        groups=tuple(name for name, members in groups.items() if entry.id in members),
        tz=entry.tz,
        operator=entry.operator,
    )


def _refuse_twins(file: ConfigFile, parsed: _File) -> None:
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


def _refuse_strangers(file: ConfigFile, parsed: _File) -> None:
    """A misspelt member would silently be nobody: refused."""
    known = {entry.id for entry in parsed.people}
    for name, members in parsed.groups.items():
        for index, member in enumerate(members):
            if member not in known:
                raise file.error(
                    ("groups", name, index),
                    f"group {name} names {member!r}, who is not among the people",
                    f"Use one of the ids: {', '.join(sorted(known))}.",
                )


def _plain(address: str) -> str | None:
    """`Mara <mara@x.example>` as `mara@x.example`; None when it is not one plain address."""
    text = address.strip()
    named = _NAMED.fullmatch(text)
    plain = named[1] if named else text
    return plain.casefold() if _ADDRESS.fullmatch(plain) else None


def _domain(address: str) -> str:
    plain = _plain(address)
    return plain.rpartition("@")[2] if plain else ""


def _searched(person: Principal) -> str:
    parts = (person.id, person.name, person.email or "", *person.roles, *person.groups)
    return _fold(" ".join(parts))


def _fold(text: str) -> str:
    return text.strip().casefold()
