"""The long-running processes: `signoff bot`, `worker`, `keeper`; and `release` before them."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from approvals.connectors import admit_first
from approvals.people import People
from approvals.policy.file import load_policy
from approvals.policy.versions import take_in_file
from audit.keys import KeyRing
from audit.log import Log
from bot.bootstrap import declare, make_clock
from bot.settings import Settings, read_settings
from core.db import Database, open_database
from core.schema import migrate
from core.telemetry import configure_logs
from tools.admitting import offered


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the named process until SIGTERM. Bad configuration stops it with a sentence."""
    settings = read_settings(environ)
    configure_logs(_name(args), settings.log_level)
    commands = {"bot": _bot, "worker": _worker, "keeper": _keeper, "release": _release}
    return commands[args.command](args, settings, environ)


def _release(_args: argparse.Namespace, settings: Settings, _environ: Mapping[str, str]) -> int:
    from graphs.runtime.places import require_places

    db = open_database(settings.database_url, synchronous=settings.synchronous)
    # Before anything is changed: the code before this must be able to go on when this cannot.
    require_places(db)
    print(f"database at version {migrate(db)}")
    _take_in_policy(db, settings)
    _take_in_connectors(db, settings)
    return 0


def _take_in_policy(db: Database, settings: Settings) -> None:
    """The policy file counts from this release on, when it differs from the last one's."""
    path = settings.config / "policy.yaml"
    people = People.load(settings.config / "people.yaml")
    declare(people, load_policy(path), make_clock(settings))  # refuses what cannot be used
    log = Log(keys=KeyRing.load_or_create(settings.key_file))
    with db.transaction() as session:
        changed = take_in_file(
            session,
            log,
            workspace_id=people.workspace_id,
            text=path.read_text(),
            now=make_clock(settings).now(),
        )
    print("policy.yaml is in force" if changed else "the policy in force stays as it is")


def _take_in_connectors(db: Database, settings: Settings) -> None:
    """The first release lets in the connectors it comes with; later ones an operator does."""
    people = People.load(settings.config / "people.yaml")
    clock = make_clock(settings)
    registry = declare(people, load_policy(settings.config / "policy.yaml"), clock)
    log = Log(keys=KeyRing.load_or_create(settings.key_file))
    with db.transaction() as session:
        late = admit_first(
            session,
            log,
            offered(registry.connectors),
            workspace_id=people.workspace_id,
            now=clock.now(),
        )
    for each in late:
        name = each.partition(" ")[0]
        print(f"{each} is new here and refused until /signoff connector {name} was approved")


def _worker(args: argparse.Namespace, settings: Settings, environ: Mapping[str, str]) -> int:
    from bot.workers import run_worker

    name = _name(args)
    return run_worker(
        args.kind,
        settings,
        environ,
        name=name,
        concurrency=args.concurrency,
        ready=lambda: mark_ready(settings.data, name),
    )


def _keeper(_args: argparse.Namespace, settings: Settings, environ: Mapping[str, str]) -> int:
    from bot.bootstrap import lay_floor
    from bot.broker import Doorbell
    from bot.keeping import make_keeper

    floor = lay_floor(settings, environ)
    doorbell = Doorbell(settings.redis_url)
    keeper = make_keeper(floor, doorbell, doorbell.in_line)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: keeper.stop())
    mark_ready(settings.data, "keeper")
    keeper.run()
    doorbell.close()
    return 0


def _bot(_args: argparse.Namespace, settings: Settings, environ: Mapping[str, str]) -> int:
    from bot.bootstrap import lay_floor
    from bot.broker import Doorbell
    from bot.serving import serve

    doorbell = Doorbell(settings.redis_url)
    asyncio.run(serve(lay_floor(settings, environ), doorbell, doorbell.lengths))
    return 0


def _name(args: argparse.Namespace) -> str:
    if args.command == "worker":
        return str(args.name or f"worker-{args.kind}")
    return str(args.command)


def mark_ready(data: Path, name: str) -> None:
    """Tell the runner that this process serves now."""
    folder = data / "run"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ready").write_text(str(os.getpid()))
