"""Who is who: people, their roles and groups, and which addresses are ours or known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from approvals.hours import Hours
from approvals.people_file import ADDRESS, PeopleFile, PersonEntry, hours_of, read_people
from core.configfile import ConfigFile, parse_config, read_config

#: A display name may not look like an address itself: readers differ on which one counts.
_NAMED = re.compile(r"[^<>@]*<([^<>]+)>")
_DEFAULT_HOURS = Hours("Europe/Berlin")

#: Whoever people.yaml calls an operator.
OPERATORS = "operators"


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
    #: Whether they may permit in the place of an operator who is away what only operators may.
    stands_in_for_operators: bool = False
    #: When they work: reminders, escalations and expiries in working time are counted by it.
    hours: Hours = _DEFAULT_HOURS
    #: Open questions above which new ones go to others of the group first; None: any number.
    load: int | None = None
    #: What they may use at all: scopes of tools, `*` for anything.
    scopes: tuple[str, ...] = ("*",)

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)


@dataclass(frozen=True)
class Away:
    """A time somebody is away by the file, in UTC, and the id of who decides for them."""

    person_id: str
    delegate_id: str
    since: datetime
    until: datetime


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
    #: Name of a Slack user group, as policy says it -> its id in Slack.
    usergroups: Mapping[str, str]
    away: tuple[Away, ...]
    #: Open questions one person may cause by one automation; None: any number.
    most_open: int | None
    _by_slack: Mapping[str, Principal] = field(repr=False)
    _by_id: Mapping[str, Principal] = field(repr=False)
    # What `approvals.directory.as_of` adds; without it nobody stands in and user groups are empty.
    #: Id of who stands in -> ids of those who are away.
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Name of a user group -> Slack ids, where Slack told lately; else why not, in words.
    group_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_problems: Mapping[str, str] = field(default_factory=dict)
    #: Ids of those who are no active full members in Slack (`approvals.accounts`): nobody to ask.
    inactive: frozenset[str] = frozenset()

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

    def asked(self, who: str) -> tuple[Principal, ...]:
        """Whom policy means by `group:…`, `usergroup:…` or `person:…`, and our own floor by
        `operators`; anything else is nobody."""
        return tuple(p for p in self.meant(who) if p.id not in self.inactive)

    def meant(self, who: str) -> tuple[Principal, ...]:
        """The same with those who are no active members in Slack."""
        if who == OPERATORS:
            return tuple(person for person in self.everyone if person.operator)
        kind, _, name = who.partition(":")
        if kind == "group":
            return self.members(name)
        if kind == "usergroup":
            found = map(self.by_slack, self.group_members.get(name, ()))
            return tuple(person for person in found if person is not None)
        person = self.by_id(name) if kind == "person" else None
        return (person,) if person else ()

    def unreadable(self, usergroup: str) -> str | None:
        """Why it is not known who is in this user group, in words; None when it is."""
        if usergroup not in self.usergroups:
            return f"there is no user group {usergroup} in config/people.yaml"
        return self.group_problems.get(usergroup)

    def away_with(self, person_id: str) -> tuple[Principal, ...]:
        """Who is away and has this person decide in their place."""
        found = map(self.by_id, self.stand_ins.get(person_id, ()))
        return tuple(person for person in found if person is not None)

    def deciding_for(self, person_id: str) -> tuple[Principal, ...]:
        """Who decides in the place of this person while they are away."""
        found = [self.by_id(d) for d, away in self.stand_ins.items() if person_id in away]
        return tuple(person for person in found if person is not None)

    @property
    def owners(self) -> tuple[Principal, ...]:
        """Whom to tell what is wrong with the files: role `owner`, else the operators."""
        named = tuple(person for person in self.everyone if "owner" in person.roles)
        return named or tuple(person for person in self.everyone if person.operator)

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
    parsed = read_people(file)
    everyone = tuple(_principal(entry, parsed) for entry in parsed.people)
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
        usergroups=parsed.usergroups,
        away=tuple(away for entry in parsed.people for away in _away(entry)),
        most_open=parsed.most_open,
        _by_slack={person.slack_id: person for person in everyone},
        _by_id=by_id,
    )


def _scopes(entry: PersonEntry, parsed: PeopleFile) -> tuple[str, ...]:
    found = [parsed.scopes.get(role, ()) for role in ("everyone", *entry.roles)]
    return tuple(dict.fromkeys(scope for scopes in found for scope in scopes))


def _principal(entry: PersonEntry, parsed: PeopleFile) -> Principal:
    return Principal(
        id=entry.id,
        name=entry.name,
        slack_id=entry.slack_id,
        email=entry.email,
        roles=entry.roles,
        groups=tuple(name for name, members in parsed.groups.items() if entry.id in members),
        tz=entry.tz,
        operator=entry.operator,
        stands_in_for_operators=entry.stands_in_for_operators,
        hours=hours_of(entry, parsed.holidays),
        load=parsed.load if entry.load is None else entry.load,
        scopes=_scopes(entry, parsed),
    )


def _away(entry: PersonEntry) -> list[Away]:
    zone = ZoneInfo(entry.tz)
    return [
        Away(entry.id, away.delegate, day_begins(away.since, zone), day_ends(away.until, zone))
        for away in entry.away
    ]


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of this day there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after this day there, in UTC."""
    return day_begins(day + timedelta(days=1), zone)


def _plain(address: str) -> str | None:
    """`Mara <mara@x.example>` as `mara@x.example`; None when it is not one plain address."""
    text = address.strip()
    named = _NAMED.fullmatch(text)
    plain = named[1] if named else text
    return plain.casefold() if ADDRESS.fullmatch(plain) else None


def _domain(address: str) -> str:
    plain = _plain(address)
    return plain.rpartition("@")[2] if plain else ""


def _searched(person: Principal) -> str:
    parts = (person.id, person.name, person.email or "", *person.roles, *person.groups)
    return _fold(" ".join(parts))


def _fold(text: str) -> str:
    return text.strip().casefold()
