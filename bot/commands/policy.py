"""`signoff policy check | test`: whether the policy can be used, what it says, and its examples."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from approvals.people import People
from approvals.policy import Policy
from approvals.policy_file import load_policy
from approvals.policy_fixtures import run as run_cases
from bot.bootstrap import declare, make_clock
from bot.commands import settings_for
from bot.settings import Settings


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the policy in use, or the file named. Raises `ConfigError` with file, line and mend.

    `test` plays config/policy_cases.yaml (or the file named) against the policy in use and returns
    1 when a case comes out differently.
    """
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    if args.what == "test":
        return _test(args, settings, people)
    path = args.file or settings.config / "policy.yaml"
    policy = load_policy(path)
    registry = declare(people, policy, make_clock(settings))
    print(f"{path.name} can be used: {len(policy.rules)} rules. It says:")
    for line in policy.sentences(people, registry.tools):
        print(f"  {line}")
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
