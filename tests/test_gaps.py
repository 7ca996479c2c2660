"""`make test` says what it could not run and why; with SIGNOFF_NO_GAPS=1 that is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = "from tests.gaps import pytest_sessionfinish, pytest_terminal_summary\n"
TESTS = """
import pytest

@pytest.mark.skipif(True, reason="no Chromium at /usr/bin/chromium")
@pytest.mark.parametrize("number", [1, 2])
def test_seen(number): ...

@pytest.mark.skip(reason="no PostgreSQL here")
def test_kept(): ...

def test_runs(): ...

def test_counts(record_property):
    record_property("counted", "the suite: 81 of 81 passed")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    return tmp_path


def _run(folder: Path, *args: str, no_gaps: str = "") -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SIGNOFF_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *args, str(folder)],
        cwd=folder,
        env={**plain, "PYTHONPATH": str(ROOT), "SIGNOFF_NO_GAPS": no_gaps},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_could_not_be_run_is_listed_by_reason(folder: Path) -> None:
    ran = _run(folder)

    said = ran.stdout.partition("Could not be run here")[2].splitlines()[1:3]
    assert said == ["2 tests: no Chromium at /usr/bin/chromium", "1 test: no PostgreSQL here"]
    assert ran.returncode == 0


def test_where_no_gap_is_accepted_the_run_fails_over_several_workers_too(folder: Path) -> None:
    ran = _run(folder, "-n", "2", no_gaps="1")

    assert ran.returncode == 1
    assert "That is a failure, because SIGNOFF_NO_GAPS=1 is set." in ran.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_a_test_counted_is_said_at_the_end(folder: Path, workers: str) -> None:
    ran = _run(folder, "-k", "counts", "-n", workers)

    said = ran.stdout.partition("Counted")[2].splitlines()[1]
    assert said == "the suite: 81 of 81 passed"


def test_without_gaps_nothing_is_said_and_the_run_passes(folder: Path) -> None:
    ran = _run(folder, "-k", "runs", no_gaps="1")

    assert ran.returncode == 0
    assert "Could not be run" not in ran.stdout
    assert "Counted" not in ran.stdout
