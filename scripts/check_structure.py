"""Hold the structure against itself: wheel list, linter roots and folders name the same rooms, no
two test modules share a name, and no committed file names a package index or carries a link into
somebody's machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_ROOMS = {"benchmarks", "config", "data", "docs", "scripts", "tests", "dist"}
_INDEX = re.compile(r"(pypi|pythonhosted)\.org|registry\.npm" + r"js|deb\.deb" + r"ian\.org")
_HOME = re.compile(r"(?<![\w.])/(home|root|Users)/\w+/")


def main() -> int:
    """0 when all agrees; else prints each disagreement and returns 1."""
    faults = [*_rooms(), *_tests(), *_addresses()]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _rooms() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = set(config["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    linted = set(config["tool"]["importlinter"]["root_packages"])
    folders = {
        path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in NOT_ROOMS
    }
    faults = []
    if wheel != folders:
        faults.append(f"wheel packages and folders differ: {sorted(wheel ^ folders)}")
    if linted != folders:
        faults.append(f"linter roots and folders differ: {sorted(linted ^ folders)}")
    for room in sorted(folders):
        if not (ROOT / room / "__init__.py").read_text().lstrip().startswith('"""'):
            faults.append(f"{room}/__init__.py must say what lives there and what must not")
    return faults


def _tests() -> list[str]:
    # pytest imports them by their names alone.
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    return [f"tests: {name} stands {count} times" for name, count in names.items() if count > 1]


def _addresses() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    faults = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path == Path(__file__).resolve() or path.suffix in {".png", ".pdf"} or not path.exists():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if _INDEX.search(line) or _HOME.search(line):
                faults.append(f"{name}:{number}: names a package index or a machine's path")
    return faults


if __name__ == "__main__":
    sys.exit(main())
