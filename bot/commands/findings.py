"""`signoff findings list | settle`: where our ledger and the systems' own records disagree."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from approvals.people import People
from bot.bootstrap import make_clock
from bot.commands import settings_for
from bot.commands.looking import opened, who_asks
from core.errors import ConfigError
from tools.findings import open_findings, settle


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the open findings, or settle one with a reason, which is logged with who said it."""
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    with opened(settings) as (db, log):
        if args.what == "list":
            with db.read() as session:
                found = open_findings(session, workspace_id=people.workspace_id)
            for row in found:
                print(f"{row.id}  {row.found_at:%Y-%m-%d %H:%M} UTC  {row.tool}\n    {row.told}")
            print(f"{len(found)} open.")
            return 0
        if not args.id or not args.reason:
            raise ConfigError("Say which and why: signoff findings settle ID --reason WHY")
        who = who_asks(people, args.asked_by)
        with db.transaction() as session:
            now = make_clock(settings).now()
            settle(session, log, args.id, by=who.actor, reason=args.reason, now=now)
        print("Settled.")
        return 0
