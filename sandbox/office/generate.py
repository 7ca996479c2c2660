"""Makes the practice office from a seed. What is there already is kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from core.clock import FileClock
from sandbox.office.once import once
from sandbox.office.seeds.letters import write_mailboxes
from sandbox.office.seeds.orders import fill_shop
from sandbox.office.seeds.papers import write_papers
from sandbox.office.store import Store

SEED = 7


def generate(data: Path, *, seed: int, today: date) -> None:
    """Shop, mailboxes and documents under `data/office`: the same for the same seed and day."""
    office = data / "office"
    office.mkdir(parents=True, exist_ok=True)
    store = Store(office / "shop.db")
    try:
        with store.transaction():
            if store.number("SELECT count(*) FROM orders") == 0:
                fill_shop(store, seed=seed, today=today)
    finally:
        store.close()
    once(office / "mail", lambda boxes: write_mailboxes(boxes, seed=seed, today=today))
    once(office / "documents", lambda folder: write_papers(folder, today=today))


def main(argv: Sequence[str]) -> int:
    """`python -m sandbox.office.generate --data DIR`."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.office.generate", description=__doc__)
    parser.add_argument("--data", default="data")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args(argv)
    data = Path(args.data).absolute()
    generate(data, seed=args.seed, today=FileClock(data / "clock").now().date())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
