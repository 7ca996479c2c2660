"""A worker process for the tests that kill one: runs one turn once."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.graphs.office import open_office
from tests.llm.rehearsal import Rehearsal


def main() -> None:
    folder, redis_url, model_root, turn_id = sys.argv[1:]
    with open_office(Path(folder), redis_url, Rehearsal(model_root)) as office:
        office.runner().run(turn_id)


if __name__ == "__main__":
    main()
