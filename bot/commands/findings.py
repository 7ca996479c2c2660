"""`signoff findings list | settle`: where our ledger and the systems' own records disagree."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from approvals.people import People
from approvals.policy.file import load_policy
from bot.bootstrap import declare, make_clock
from bot.commands import settings_for
from bot.commands.looking import opened, who_asks
from core.errors import ConfigError
from tools.backlog import Backlog, backlog
from tools.findings import open_findings, settle


def print_backlog(behind: Sequence[Backlog]) -> None:
    """How much is not compared yet, tool by tool, and how old the oldest is."""
    for each in behind:
        if each.oldest is not None:
            since = f"the oldest of {each.oldest:%Y-%m-%d %H:%M} UTC"
            print(f"{each.tool}: {each.waiting} not compared yet, {since}")
        if each.failing_since is not None:
            print(f"{each.tool}: failing since {each.failing_since:%Y-%m-%d %H:%M} UTC. {each.why}")
    print(f"{sum(each.waiting for each in behind)} effects not compared yet.")


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the open findings, or settle one with a reason, which is logged with who said it."""
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    with opened(settings) as (db, log):
        if args.what == "list":
            policy = load_policy(settings.config / "policy.yaml")
            registry = declare(people, policy, make_clock(settings))
            with db.read() as session:
                found = open_findings(session, workspace_id=people.workspace_id)
                behind = backlog(session, registry, workspace_id=people.workspace_id)
            for row in found:
                print(f"{row.id}  {row.found_at:%Y-%m-%d %H:%M} UTC  {row.tool}\n    {row.told}")
            print(f"{len(found)} open.")
            print_backlog(behind)
            return 0
        if not args.id or not args.reason:
            raise ConfigError("Say which and why: signoff findings settle ID --reason WHY")
        who = who_asks(people, args.asked_by)
        with db.transaction() as session:
            now = make_clock(settings).now()
            settle(
                session,
                log,
                args.id,
                workspace_id=people.workspace_id,
                by=who.actor,
                reason=args.reason,
                now=now,
            )
        print("Settled.")
        return 0
