"""`python -m sandbox slack|model|office|calendar ...`: starts one; its options follow."""

import importlib
import sys
from collections.abc import Sequence

#: name -> the module whose `main(argv)` serves it
NAMES = {
    "slack": "sandbox.slack.__main__",
    "model": "sandbox.model.serve",
    "office": "sandbox.office.__main__",
    "calendar": "sandbox.office.calendar",
}


def main(argv: Sequence[str]) -> int:
    """Runs the named counterpart until it ends; its exit code."""
    if not argv or argv[0] not in NAMES:
        print(f"usage: python -m sandbox {{{'|'.join(NAMES)}}} [options]", file=sys.stderr)
        return 2
    entry = importlib.import_module(NAMES[argv[0]])
    return int(entry.main(list(argv[1:])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
