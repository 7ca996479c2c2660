"""`python -m sandbox office`: the shop's HTTP API and the mail server, in one process."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from core.clock import FileClock
from sandbox.office.generate import SEED, generate
from sandbox.office.serve import Served, serve


def main(argv: Sequence[str]) -> int:
    """Runs until it gets SIGTERM or SIGINT; 0 then, 1 when a port is in use."""
    args = _parse(argv)
    data = Path(args.data).absolute()
    clock = FileClock(data / "clock")
    generate(data, seed=args.seed, today=clock.now().date())
    run_dir = Path(args.run_dir).absolute() if args.run_dir else data / "run"
    key = shop_key(data)
    served = Served(data, run_dir, key, args.port, args.smtp_port, clock, args.tells)
    try:
        asyncio.run(_until_stopped(served))
    except OSError as error:
        print(f"The practice office cannot start: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


def shop_key(data: Path) -> str:
    """The key the shop asks for: the tool worker's, or one made here when there is no such file."""
    practice = data / "secrets.yaml"
    if practice.exists():
        known = yaml.safe_load(practice.read_text()) or {}
        if known.get("SHOP_API_KEY"):
            return str(known["SHOP_API_KEY"])
    own = data / "office" / "shop.key"
    if not own.exists():
        own.touch(mode=0o600)
        own.write_text(secrets.token_hex(16))
    return own.read_text().strip()


async def _until_stopped(served: Served) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serve(served) as office:
        print(f"shop on {office.url}, mail on {office.smtp}", flush=True)
        await stopped.wait()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox office", description=__doc__)
    parser.add_argument("--port", type=int, default=8302, help="of the shop's HTTP API")
    parser.add_argument("--smtp-port", type=int, default=8303, help="of the mail server")
    parser.add_argument("--data", default="data", help="folder that everything is kept in")
    parser.add_argument("--tells", default="", help="where the shop tells of lost parcels")
    parser.add_argument("--run-dir", help="folder of pid files, for faults that kill (DATA/run)")
    parser.add_argument("--seed", type=int, default=SEED, help="what the first start is made from")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
