"""`signoff policy check`: whether the policy file can be used, and what it says."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from approvals.people import People
from approvals.policy_file import load_policy
from bot.bootstrap import declare, make_clock
from bot.settings import read_settings


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the file named, or the one in use. Raises `ConfigError` with file, line and mend."""
    settings = read_settings({"SIGNOFF_DATA": str(args.data), **environ})
    people = People.load(settings.config / "people.yaml")
    path = args.file or settings.config / "policy.yaml"
    policy = load_policy(path)
    registry = declare(people, policy, make_clock(settings))
    print(f"{path.name} can be used: {len(policy.rules)} rules. It says:")
    for line in policy.sentences(people, registry.tools):
        print(f"  {line}")
    return 0
