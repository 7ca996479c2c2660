"""`signoff policy check | test | try`: whether a policy can be used, what it says, its examples,
and what it would have changed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from approvals.gaps import gaps
from approvals.people import People
from approvals.policy.file import load_policy
from approvals.policy.fixtures import run as run_cases
from approvals.policy.history import Slice
from approvals.policy.judge import Policy
from approvals.policy.report import report
from approvals.policy.trials import WORTH_SHARING, Trial, count, try_everywhere
from bot.bootstrap import declare, make_clock
from bot.commands import settings_for
from bot.commands.since import read_since
from bot.settings import Settings
from core.db import open_database
from core.schema import require_current


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the policy in use, or the file named. Raises `ConfigError` with file, line and mend.

    `test` plays config/policy_cases.yaml (or the file named) against the policy in use and returns
    1 when a case comes out differently. `try` judges the past anew under the file named and
    returns 1 when it would allow what a person rejected.
    """
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    if args.what == "test":
        return _test(args, settings, people)
    path = args.file or settings.config / "policy.yaml"
    policy = load_policy(path)
    registry = declare(people, policy, make_clock(settings))
    if args.what == "try":
        return _try(args, settings, people, path)
    print(f"{path.name} can be used: {len(policy.rules)} rules. It says:")
    for line in policy.sentences(people, registry.tools):
        print(f"  {line}")
    for gap in gaps(policy, people):
        print(f"Note: {gap}")
    return 0


def _test(args: argparse.Namespace, settings: Settings, people: People) -> int:
    policy: Policy = load_policy(settings.config / "policy.yaml")
    path = args.file or settings.config / "policy_cases.yaml"
    tried = run_cases(policy, people, path)
    failed = [case for case in tried if not case.passed]
    for case in failed:
        print(f"{path.name}, line {case.line}: {case.name}: {case.problem}")
    print(f"{len(tried) - len(failed)} of {len(tried)} cases come out as written.")
    return 1 if failed else 0


def _try(args: argparse.Namespace, settings: Settings, people: People, path: Path) -> int:
    since = None if args.since is None else read_since(args.since, make_clock(settings).now())
    part = Slice(people.workspace_id, since=since)
    people_path = args.people or settings.config / "people.yaml"
    judged_with = People.load(people_path)
    trial = Trial(path.read_text(), people_path.read_text(), for_all=args.people is not None)
    db = open_database(settings.database_url, synchronous=settings.synchronous)
    require_current(db)
    with db.read() as session:
        many = count(session, part)
    processes = min(os.cpu_count() or 1, 8) if many >= WORTH_SHARING else 1
    tried = try_everywhere(settings.database_url, trial, part, processes=processes)
    with db.read() as session:
        lines = report(session, judged_with, tried)
    db.engine.dispose()
    for line in lines:
        print(line)
    # Whoever asked for it then would say yes to it now.
    return 1 if tried.rejected_allowed.count or tried.rejected_to_asker.count else 0
