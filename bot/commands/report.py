"""`signoff report figures | feedback | money`: what people's answers show, and what moved money."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from approvals.people import People
from bot.bootstrap import make_clock
from bot.commands import settings_for
from bot.commands.looking import opened
from bot.commands.since import read_since
from bot.feedback import Correction, corrections
from bot.figures import Figures, OfRule, figures
from bot.money_events import MoneyEvent, money_events
from core.money import Money

_DAYS = timedelta(days=30)


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print it in lines, or as one JSON object a line. Raises `ConfigError` for a bad --since."""
    settings = settings_for(args, environ)
    people = People.load(settings.config / "people.yaml")
    now = make_clock(settings).now()
    since = now - _DAYS if args.since is None else read_since(args.since, now)
    with opened(settings) as (db, _log), db.read() as session:
        found = _found(args.what, session, people.workspace_id, since)
        for line in _as_json(found) if args.json else _lines(found):
            print(line)
    return 0


Row = Figures | Correction | MoneyEvent


def _found(what: str, session: Session, workspace_id: str, since: datetime) -> Iterable[Row]:
    if what == "figures":
        return [figures(session, workspace_id=workspace_id, since=since)]
    if what == "feedback":
        return corrections(session, workspace_id=workspace_id, since=since)
    return money_events(session, workspace_id=workspace_id, since=since)


def _as_json(found: Iterable[Row]) -> Iterator[str]:
    for each in found:
        yield json.dumps(asdict(each), default=_plain, ensure_ascii=False)


def _lines(found: Iterable[Row]) -> Iterator[str]:
    nothing = True
    for each in found:
        nothing = False
        if isinstance(each, Figures):
            yield from _figures(each)
        elif isinstance(each, Correction):
            yield _line(_corrected(each))
        else:
            money = Money(each.minor, each.currency)
            yield _line(
                f"{each.at:%Y-%m-%d %H:%M:%S}  {each.type.rpartition(':')[2]}  {money}  "
                f"{each.tool}  {each.action_id}  by {each.actor}  {each.source or ''}"
            )
    if nothing:
        yield "Nothing in that time. --since 90d looks further back."


def _figures(found: Figures) -> Iterator[str]:
    yield f"tasks that ended: {found.tasks}"
    yield f"put to others than the asker, of 1,000 tasks: {_number(found.escalated_per_1000)}"
    yield f"from a card to its decision, on average: {_span(found.to_intervene_s)}"
    yield f"from a stop until nothing of it was under way: {_span(found.to_stop_s)}"
    share = found.peoples_share
    yield f"time that waited for people: {'none yet' if share is None else f'{share:.0%}'}"
    for rule in found.rules:
        yield _line(_of_rule(rule))


def _of_rule(rule: OfRule) -> str:
    low, high = (f"{share:.0%}" for share in rule.likely)
    said = (
        f"rule “{rule.rule}”: {rule.decided} decided, {rule.edited} changed, {rule.rejected} "
        f"rejected (between {low} and {high} of all need correcting); asks about {rule.rate} %"
    )
    if rule.next_rate < rule.rate:
        return f"{said}; `review: {rule.next_rate} %` would do"
    return f"{said}; go up to {rule.next_rate} %" if rule.next_rate > rule.rate else said


def _corrected(each: Correction) -> str:
    head = f"{each.at:%Y-%m-%d %H:%M}  {each.who} {each.kind}  {each.tool}  {each.action_id}"
    if each.kind == "rejected":
        return f"{head}: {each.why or 'without a reason'}"
    return f"{head}: {each.argument} from {_text(each.before)} to {_text(each.after)}"


def _line(text: str) -> str:
    # People's and models' words must not steer the terminal they are printed on.
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _number(value: float | None) -> str:
    return "none yet" if value is None else f"{value:.0f}"


def _span(seconds: float | None) -> str:
    return "none yet" if seconds is None else str(timedelta(seconds=round(seconds)))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
