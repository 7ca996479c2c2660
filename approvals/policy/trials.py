"""A policy tried on a whole history: in this process, or in several that share the reading."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from sqlmodel import Session, col, func, select

from approvals.config_texts import kept_people
from approvals.groups_then import GroupsThen
from approvals.people import People
from approvals.policy.again import Again
from approvals.policy.file import parse_policy
from approvals.policy.history import Directories, Slice, past_actions
from approvals.policy.judge import Policy
from approvals.policy.trying import Tried, try_policy
from approvals.tables import Action
from core.db import open_database

#: From so many actions on, starting processes is worth its second.
WORTH_SHARING = 50_000


@dataclass(frozen=True)
class Trial:
    """What is tried: the new policy, the people of today, and, with `for_all`, that every action is
    judged with them instead of with the people of then."""

    policy_text: str
    people_text: str
    for_all: bool = False


def try_here(session: Session, policy: Policy, people: People, part: Slice) -> Tried:
    """Judge this part of the history under `policy`, with the people of then."""
    then = {**kept_people(session, workspace_id=part.workspace_id), people.digest: people}
    return _try_with(session, policy, Directories(then), part)


def try_everywhere(url: str, trial: Trial, part: Slice, *, processes: int) -> Tried:
    """The same for a database at `url`, shared among so many processes."""
    policy = parse_policy(trial.policy_text, Path("policy.yaml"))
    parts = _parts(part, processes, _limited(url, policy, part))
    if len(parts) == 1:
        return _try_part(url, trial, part)
    tried = Tried()
    # Spawned: a forked child would share its parent's database connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for each in pool.map(_try_part, [url] * len(parts), [trial] * len(parts), parts):
            tried.merge(each)
    return tried


def count(session: Session, part: Slice) -> int:
    """How many actions there are in this part of the history."""
    query = select(func.count(col(Action.id))).where(Action.workspace_id == part.workspace_id)
    if part.since is not None:
        query = query.where(Action.created_at >= part.since)
    return session.exec(query).one()


def _try_part(url: str, trial: Trial, part: Slice) -> Tried:
    db = open_database(url)
    policy = parse_policy(trial.policy_text, Path("policy.yaml"))
    people = People.parse(trial.people_text, Path("people.yaml"))
    try:
        with db.read() as session:
            if not trial.for_all:
                return try_here(session, policy, people, part)
            return _try_with(session, policy, Directories({}, always=people), part)
    finally:
        db.engine.dispose()


def _try_with(session: Session, policy: Policy, directories: Directories, part: Slice) -> Tried:
    groups = GroupsThen.load(session, workspace_id=part.workspace_id)
    again = Again(policy, groups, lambda action_id: session.get(Action, action_id))
    if not policy.limits or part.without:
        return try_policy(again, past_actions(session, part, directories))
    past = past_actions(session, replace(part, in_order=True), directories)
    # The newest so many come newest first.
    return try_policy(again, past if part.newest is None else reversed(list(past)))


def _limited(url: str, policy: Policy, part: Slice) -> tuple[str, ...]:
    """The tools under a limit over time, whose actions are judged one after the other."""
    if not policy.limits:
        return ()
    db = open_database(url)
    try:
        with db.read() as session:
            query = select(Action.tool).where(Action.workspace_id == part.workspace_id)
            names = sorted(session.exec(query.distinct()))
    finally:
        db.engine.dispose()
    return tuple(name for name in names if policy.limits_on(name))


def _parts(part: Slice, processes: int, limited: tuple[str, ...]) -> list[Slice]:
    """Ranges of ids, alike in size: an action's id is a digest in hexadecimal. What has to be
    judged in its order is a part by itself."""
    if processes == 1:
        return [part]
    if limited:
        first = replace(part, tools=limited)
        return [first, *_parts(replace(part, without=limited), processes, ())]
    bounds = [f"act_{256 * n // processes:02x}" for n in range(1, processes)]
    edges = [None, *bounds, None]
    return [replace(part, low=low, high=high) for low, high in pairwise(edges)]
