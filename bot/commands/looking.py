"""Opening what a command looks at: what is there already, making neither a database nor a key."""

from __future__ import annotations

import argparse
import getpass
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from approvals.people import People
from audit.keys import KeyRing
from audit.log import Log
from bot.bootstrap import make_clock
from bot.commands import settings_for
from bot.settings import Settings
from core.db import Database, open_database
from core.errors import ConfigError
from core.schema import require_current
from graphs.runtime.fork import Who


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Database, Log]]:
    """The installation's database and log. Raises `ConfigError` where there is none."""
    file = make_url(settings.database_url)
    if file.get_backend_name() == "sqlite" and not Path(file.database or "").is_file():
        raise ConfigError(
            f"There is no database in {settings.data}. Name the folder of a running office with "
            "--data, or set DATABASE_URL."
        )
    if not settings.key_file.is_file():
        raise ConfigError(
            f"The key {settings.key_file} is missing: without it the log cannot be read. Restore "
            "it, or set SIGNOFF_KEY_FILE."
        )
    db = open_database(settings.database_url)
    try:
        require_current(db)
        yield db, Log(keys=KeyRing.load_or_create(settings.key_file))
    finally:
        db.engine.dispose()


def who_asks(people: People, named: str | None) -> Who:
    """The user of this machine; with --as the person they say they are, which nobody can check."""
    user = getpass.getuser()
    if named is None:
        return Who(f"os:{user}", "The operator")
    person = people.by_id(named)
    if person is None:
        raise ConfigError(f"config/people.yaml knows no {named}. Name a person's id after --as.")
    return Who(f"os:{user}/{person.id}", person.name.split()[0])


@dataclass(frozen=True)
class Desk(ABC):
    """Where an operator looks at rows of one kind and decides about them."""

    db: Database
    log: Log
    people: People
    who: Who
    now: datetime

    @abstractmethod
    def lines(self, args: argparse.Namespace) -> Iterator[str]:
        """What is printed."""


def at_desk(
    make: type[Desk],
    args: argparse.Namespace,
    environ: Mapping[str, str],
    *,
    reasoned: Collection[str],
) -> int:
    """Print what was asked for; what is `reasoned` is done with a reason alone. Raises a
    `SignoffError` whose sentence says what is wrong."""
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    who = who_asks(people, args.asked_by)
    called = f"signoff {args.command}"
    if args.what != "list" and not args.id:
        raise ConfigError(f"Say which: {called} {args.what} ID. {called} list shows them.")
    if args.what in reasoned and not args.reason:
        raise ConfigError(f"Say why: {called} {args.what} ID --reason WHY")
    with opened(settings) as (db, log):
        for line in make(db, log, people, who, make_clock(settings).now()).lines(args):
            print(line)
    return 0
