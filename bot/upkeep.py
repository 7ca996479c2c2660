"""What operators keep an eye on, and what everybody may know: for `/signoff status`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import Principal
from bot.deps import BotDeps
from bot.words import day_time
from core.dead import dead_letters
from tools.backlog import Backlog, backlog
from tools.findings import open_findings
from tools.tables import Breaker


def upkeep(session: Session, deps: BotDeps, person: Principal, *, now: datetime) -> list[str]:
    """Lines of plain text: systems that do not answer; for operators also what is not compared with
    the systems' own records and what was found there."""
    team = deps.identity.team_id
    lines = list(_left_alone(session, team, person, now))
    if person.operator:
        lines += backlog_lines(session, deps, person, now=now)
        given_up = len(dead_letters(session, workspace_id=team))
        if given_up:
            jobs = "job was" if given_up == 1 else "jobs were"
            lines.append(f"{given_up} {jobs} given up, see signoff dead list.")
        found = open_findings(session, workspace_id=team)
        if found:
            few = "finding is" if len(found) == 1 else "findings are"
            lines.append(f"{len(found)} {few} open, see signoff findings list. Newest:")
            lines.append(found[-1].told)
    return lines


def backlog_lines(
    session: Session, deps: BotDeps, person: Principal, *, now: datetime
) -> list[str]:
    """What is not compared with the systems' own records yet, a line for each tool of which
    something is, or of which comparing fails."""
    found = backlog(session, deps.registry, workspace_id=deps.identity.team_id)
    return [line for each in found for line in _behind(each, person, now)]


def _left_alone(session: Session, team: str, person: Principal, now: datetime) -> Iterator[str]:
    query = select(Breaker).where(Breaker.workspace_id == team, col(Breaker.opened_at).is_not(None))
    for row in session.exec(query.order_by(col(Breaker.connector))):
        since = day_time(row.opened_at or now, person.tz, now)
        until = day_time(max(row.until or now, now), person.tz, now)
        yield f"{row.connector}: {row.why} Left alone since {since}; I try again from {until}."


def _behind(each: Backlog, person: Principal, now: datetime) -> Iterator[str]:
    if each.failing_since is not None:
        since = day_time(each.failing_since, person.tz, now)
        yield (
            f"{each.tool}: {each.waiting} not compared with its system's record; failing since "
            f"{since}: {each.why}"
        )
    elif each.waiting and each.oldest is not None:
        oldest = day_time(each.oldest, person.tz, now)
        yield (
            f"{each.tool}: {each.waiting} not compared with its system's record yet, the oldest of "
            f"{oldest}."
        )
