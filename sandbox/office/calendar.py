"""`python -m sandbox calendar`: Radicale on loopback, a calendar for each person."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from core.clock import FileClock
from sandbox.office.once import once
from sandbox.office.seeds.meetings import write_calendars

_CONFIG = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
{auth}
[rights]
type = from_file
file = rights
[storage]
filesystem_folder = collections
[web]
type = none
[logging]
level = warning
"""
#: Whoever may log in may use every calendar: the practice company has one service account.
_RIGHTS = """\
[all]
user = {user}
collection = .*
permissions = RrWw
"""


def main(argv: Sequence[str]) -> int:
    """Seeds the calendars at the first start, then becomes Radicale."""
    parser = argparse.ArgumentParser(prog="python -m sandbox calendar", description=__doc__)
    parser.add_argument("--port", type=int, default=8304)
    parser.add_argument("--data", default="data", help="folder that everything is kept in")
    args = parser.parse_args(argv)
    data = Path(args.data).absolute()
    folder = prepare(data, args.port, FileClock(data / "clock").now().date())
    os.chdir(folder)
    sys.stdout.flush()
    os.execv(sys.executable, command())  # noqa: S606
    return 0


def prepare(data: Path, port: int, today: date, *, login: tuple[str, str] | None = None) -> Path:
    """Write Radicale's configuration; the folder it is to run in. `login`: who may enter, else
    everybody on this machine."""
    folder = data / "office" / "calendar"
    folder.mkdir(parents=True, exist_ok=True)
    auth = "type = none"
    if login:
        auth = "type = htpasswd\nhtpasswd_filename = users\nhtpasswd_encryption = plain\ndelay = 0"
        (folder / "users").write_text(":".join(login) + "\n")
    (folder / "radicale.ini").write_text(_CONFIG.format(port=port, auth=auth))
    (folder / "rights").write_text(_RIGHTS.format(user=".+" if login else ".*"))
    once(collections(data), lambda root: write_calendars(root, today))
    return folder


def command() -> list[str]:
    """How Radicale is started, in the folder that `prepare` gave."""
    return [sys.executable, "-m", "radicale", "--config", "radicale.ini"]


def collections(data: Path) -> Path:
    """Where Radicale keeps calendars: `<mail address>/calendar/<uid>.ics`."""
    return data / "office" / "calendar" / "collections" / "collection-root"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
