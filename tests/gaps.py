"""What could not be run on this machine is said at the end, by its reason; `.ci/run` refuses it.
So is what a test counted: `record_property("counted", "81 of 81 ...")`."""

from __future__ import annotations

import os
from collections import Counter

import pytest

#: Set by `.ci/run`: a gap makes the whole run fail.
NO_GAPS = "SIGNOFF_NO_GAPS"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was counted and the gaps; nothing is said where there are none."""
    if counted := _counted(terminalreporter):
        terminalreporter.section("Counted")
        for line in counted:
            terminalreporter.line(line)
    gaps = _gaps(terminalreporter)
    if not gaps:
        return
    terminalreporter.section("Could not be run here")
    for reason, count in sorted(gaps.items()):
        terminalreporter.line(f"{count} test{'s' if count > 1 else ''}: {reason}")
    if os.environ.get(NO_GAPS) == "1":
        terminalreporter.line(f"That is a failure, because {NO_GAPS}=1 is set.", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run that passed with gaps into a failed one where none are accepted."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(NO_GAPS) == "1" and reporter is not None and _gaps(reporter):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _counted(reporter: pytest.TerminalReporter) -> list[str]:
    properties = [
        pair for report in reporter.stats.get("passed", ()) for pair in report.user_properties
    ]
    return sorted(str(value) for name, value in properties if name == "counted")


def _gaps(reporter: pytest.TerminalReporter) -> Counter[str]:
    """Reason -> number of tests (or of whole files) that were skipped for it."""
    return Counter(_reason(report) for report in reporter.stats.get("skipped", ()))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
