"""`signoff can`, `why` and `audit`: what the policy and the log say, in plain sentences."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.policy.file import load_policy
from approvals.tables import Action
from audit.check import check
from audit.log import Log
from audit.story import story
from audit.tables import Event
from bot.bootstrap import declare, make_clock
from bot.commands import settings_for
from bot.commands.looking import opened
from bot.settings import Settings
from core.errors import ConfigError


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what was asked for; 1 where the log is not intact. Raises `ConfigError` when there is
    no such action."""
    settings = settings_for(args, environ)
    if args.command == "audit":
        return _audit(args, settings)
    commands = {"can": _can, "why": _why}
    for line in commands[args.command](args, settings):
        print(line)
    return 0


def _can(_args: argparse.Namespace, settings: Settings) -> Sequence[str]:
    people = People.load(settings.config / "people.yaml")
    policy = load_policy(settings.config / "policy.yaml")
    registry = declare(people, policy, make_clock(settings))
    return policy.sentences(people, registry.tools)


def _why(args: argparse.Namespace, settings: Settings) -> Sequence[str]:
    with opened(settings) as (db, log), db.read() as session:
        told = story(session, log, _action_id(session, settings, args.action))
    if told is None:
        raise ConfigError("The log tells nothing about this action.")
    return [told.title, *(f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.text}" for line in told.lines)]


def _audit(args: argparse.Namespace, settings: Settings) -> int:
    """`show` an action's entries and whether they are intact; `check` the whole log."""
    action_id, lines = None, []
    with opened(settings) as (db, log), db.read() as session:
        if args.what == "show":
            action_id = _action_id(session, settings, args.action)
            query = select(Event).where(Event.action_id == action_id)
            found = session.exec(query.order_by(col(Event.at), col(Event.id))).all()
            lines = [*(line for event in found for line in _entry(session, log, event)), ""]
        checked = check(session, log, action_id=action_id)
    wrong = [f"  {one.event_id or 'the log'}: {one.problem}" for one in checked.problems]
    for line in (*lines, checked.sentence, *wrong):
        print(line)
    return 0 if checked.intact else 1


def _entry(session: Session, log: Log, event: Event) -> list[str]:
    head = f"{event.at:%Y-%m-%d %H:%M:%S.%f}  {event.type}  by {event.actor}"
    lines = [head, f"    {event.reason}"] if event.reason else [head]
    if event.versions:
        lines.append("    " + "  ".join(f"{k}={v}" for k, v in sorted(event.versions.items())))
    if event.body_digest:
        body = log.body(session, event.id)
        lines.append(f"    {'(erased)' if body is None else body}")
    return lines


def _action_id(session: Session, settings: Settings, wanted: str | None) -> str:
    team = People.load(settings.config / "people.yaml").workspace_id
    ours = select(Action.id).where(Action.workspace_id == team)
    if wanted and wanted != "last":
        if session.exec(ours.where(Action.id == wanted)).first() is None:
            raise ConfigError(f"There is no action {wanted}. `signoff why` shows the latest.")
        return wanted
    latest = session.exec(ours.order_by(col(Action.created_at).desc())).first()
    if latest is None:
        raise ConfigError("Nothing was asked for yet.")
    return latest
