"""`signoff`: the command line. Each command's code lies in `bot/commands/`, imported when asked."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import HELD_BY_SOME, HOLDERS
from core.errors import SignoffError

#: command -> (module, what it does)
COMMANDS = {
    "demo": ("run", "try it here: a practice workspace in your browser"),
    "up": ("run", "run everything for a real workspace on this machine"),
    "bot": ("serve", "the process that listens to Slack"),
    "worker": ("serve", "a worker: graphs (thinks) or tools (acts)"),
    "keeper": ("serve", "the process that keeps time: sweeps, expiries, schedules"),
    "release": ("serve", "bring the database up to date"),
    "manifest": ("manifest", "the Slack app's manifest; for HTTP with SIGNOFF_PUBLIC_URL set"),
    "can": ("tell", "what Signoff may do, and who approves"),
    "why": ("tell", "the story of one action: who allowed it, what happened"),
    "audit": ("tell", "show the log's entries for one action, or check the whole log"),
    "runs": ("runs", "what a turn did, step by step; its state at a step; a new try from there"),
    "dead": ("dead", "jobs that were given up: try them again, or drop them"),
    "events": (
        "events",
        "events of other systems: what became of them; play one again, or drop it",
    ),
    "findings": ("findings", "where our ledger and a system's own record disagree"),
    "report": ("report", "how much people are asked, what they corrected, what moved money"),
    "policy": ("policy", "check a policy file, play its examples, or try it on what was done"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit status; what goes wrong is one plain sentence."""
    args = _parser().parse_args(argv)
    module = importlib.import_module(f"bot.commands.{COMMANDS[args.command][0]}")
    try:
        return int(module.run(args, _environ(args)))
    except SignoffError as error:
        print(f"signoff: {error.sentence}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _environ(args: argparse.Namespace) -> dict[str, str]:
    """The environment over what .env says. A process is not given what only another one holds."""
    from_file = {k: v for k, v in dotenv_values(Path(".env")).items() if v is not None}
    if args.command not in ("demo", "up"):
        process = f"worker-{args.kind}" if args.command == "worker" else args.command
        hidden = HELD_BY_SOME - set(HOLDERS.get(process, ()))
        from_file = {k: v for k, v in from_file.items() if k not in hidden}
    return {**from_file, **os.environ}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff", description="An office assistant in Slack that asks before it matters."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: commands.add_parser(name, help=about) for name, (_, about) in COMMANDS.items()}
    for name in ("demo", "up"):
        made[name].add_argument("--port", type=int, default=8300, help="first of eight ports")
        made[name].add_argument(
            "--data", type=Path, default=Path("data"), help="where it keeps all"
        )
    made["worker"].add_argument("kind", choices=("graphs", "tools"))
    made["worker"].add_argument("--name", help="this process's name, worker-KIND unless said")
    made["worker"].add_argument("--concurrency", type=int)
    for name in ("can", "why", "audit", "runs", "dead", "events", "findings", "policy", "report"):
        made[name].add_argument("--data", type=Path, help="its folder, ./data unless said")
    made["why"].add_argument("action", nargs="?", help="an action's id; the latest unless said")
    made["audit"].add_argument("what", choices=("show", "check"))
    made["audit"].add_argument("action", nargs="?", help="show only: an action's id, or last")
    runs = made["runs"]
    runs.formatter_class, runs.description = argparse.RawDescriptionHelpFormatter, _RUNS
    runs.add_argument("what", choices=("show", "rewind", "diff", "fork", "back"))
    runs.add_argument("turn", help="a turn's id; last is the newest")
    runs.add_argument("step", nargs="*", type=int, help="as show counts them; 0 is the beginning")
    runs.add_argument("--as", dest="asked_by", metavar="PERSON", help="who asks, for the log")
    dead = made["dead"]
    dead.add_argument("what", choices=("list", "show", "replay", "drop"))
    dead.add_argument("id", nargs="?", help="a dead letter's id, as list shows it")
    dead.add_argument("--reason", help="drop only: why, for the log")
    dead.add_argument("--as", dest="asked_by", metavar="PERSON", help="who says so, for the log")
    events = made["events"]
    events.add_argument("what", choices=("list", "show", "replay", "drop"))
    events.add_argument("id", nargs="?", help="an event's id, as list shows it")
    events.add_argument("--reason", help="replay and drop: why, for the log and for who sees it")
    events.add_argument("--as", dest="asked_by", metavar="PERSON", help="who says so, for the log")
    findings = made["findings"]
    findings.add_argument("what", choices=("list", "settle"))
    findings.add_argument("id", nargs="?", help="a finding's id, as list shows it")
    findings.add_argument("--reason", help="how it was cleared up, for the log")
    findings.add_argument(
        "--as", dest="asked_by", metavar="PERSON", help="who says so, for the log"
    )
    policy = made["policy"]
    policy.formatter_class, policy.description = argparse.RawDescriptionHelpFormatter, _POLICY
    policy.add_argument("what", choices=("check", "test", "try"))
    policy.add_argument("file", nargs="?", type=Path)
    policy.add_argument("--since", help="try only: 90d, or a day like 2026-09-01")
    policy.add_argument("--people", type=Path, help="try only: judge all with this people.yaml")
    report = made["report"]
    report.add_argument("what", choices=("figures", "feedback", "money"))
    report.add_argument("--since", help="90d, or a day like 2026-09-01; 30 days unless said")
    report.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


_POLICY = """\
check a policy file, play its examples, or try it on what was done

  check [FILE]   whether it can be used, with the line where not; every rule as a sentence
  test [CASES]   plays the examples of config/policy_cases.yaml
  try [FILE]     judges everything that was judged before anew under this file: what would have
                 come out differently, by which rule, for whom, how much money, how many questions

Without a name they take config/policy.yaml. The exit status is 0 when all is well; 1 when an
example comes out differently, or the file would allow what a person rejected; 2 when the file
cannot be used. docs/how-to/try-a-policy.md tells more."""
_RUNS = """\
what a turn did, step by step; its state at a step; a new try from there

  show TURN             its steps: what the model said, the actions, who decided, the cost
  rewind TURN STEP      its state after that step, rebuilt in memory from what was recorded
  diff TURN STEP STEP   what changed between two steps
  fork TURN STEP        a new turn goes on from there; it repeats nothing that was done, and
                        what it proposes needs its own permission
  back TURN STEP        the same where something was done after that step: whoever asked for it is
                        asked in Slack whether to undo that first

Only fork and back do anything. Fork is refused where something could happen twice, back where
something cannot be undone. Each is logged with who asked.
docs/how-to/look-into-a-run.md tells more."""
