"""Who may: at the click and again when it begins, by the model's own record of groups, absences,
revocations and times. Nothing here asks the product's own judgement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from approvals.rights_tables import Elevation, StandingPermission
from approvals.tables import Action, Grant, Request
from core.outbox import Outbox
from tests.model.acts import EACH
from tests.model.counterpart import SHIP, Applied, worth_of
from tests.model.files import GROUPS, HAND_TO, HOLD_S, OPERATORS, SCOPES
from tests.model.story import Asked, Begun, Clicked, Told
from tests.model.world import LIMITS, World

_MOVES = "approvals:action:"
_STANDING = "standing:"
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """Everything known of one action."""

    action: Action
    events: list[Told]
    grant: Grant | None
    request: Request | None
    effects: list[Applied]
    under_way: bool
    clicks: list[Clicked]
    woken: list[Outbox]
    begun: Begun | None
    #: Who answered the question, and what.
    votes: set[tuple[str, str]]

    def moves(self) -> list[str]:
        return [e.type.removeprefix(_MOVES) for e in self.events if e.type.startswith(_MOVES)]

    def count(self, kind: str) -> int:
        return sum(event.type == kind for event in self.events)

    @property
    def stands_on(self) -> str | None:
        """The standing permission that allowed it."""
        source = self.grant.source if self.grant is not None else ""
        return source.removeprefix(_STANDING) if source.startswith(_STANDING) else None


@dataclass(frozen=True)
class Permitted:
    """The standing permissions and scopes there are, as rows."""

    standing: dict[str, StandingPermission] = field(default_factory=dict)
    scopes: list[Elevation] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> Permitted:
        found = world.acts.rows()
        return cls(
            {row.id: row for row in found if isinstance(row, StandingPermission)},
            [row for row in found if isinstance(row, Elevation)],
        )

    def made_by(self, action: Action) -> list[Applied]:
        """What this action made here, as an effect like the other system's."""
        rows: list[Any] = [*self.standing.values(), *self.scopes]
        return [
            Applied(0, action.tool, action.id, "", action.args, action.facts or {})
            for row in rows
            if row.action_id == action.id
        ]


# At the click, and once more when it begins


def decided_by_those_entitled(case: Case, _world: World) -> bool:
    """Approved only with, for each stage in its turn, enough clicks of different people who had a
    place in it then, their own or that of somebody away; none of them the asker's."""
    if "approved" not in case.moves() or case.request is None:
        return "approved" not in case.moves()
    return _filled(case, None)


def still_entitled_when_begun(case: Case, _world: World) -> bool:
    """The same clicks fill the stages by the groups there are when the permission is used up."""
    if case.begun is None or case.request is None:
        return True
    return _filled(case, case.begun.groups)


def _filled(case: Case, groups: int | None) -> bool:
    """`groups`: the form to go by now; None for the one at each click."""
    clicks = [c for c in case.clicks if c.outcome in ("counted", "approved")]
    clicks, used = [c for c in clicks if c.vote == "approve"], set[str | None]()
    for stage in case.request.stages if case.request else ():
        then: list[frozenset[str]] = []
        now: list[frozenset[str]] = []
        while not _placed(then, stage["quorum"]):
            if not clicks:
                return False
            click = clicks.pop(0)
            if click.person not in used and (places := _places(case, stage, click, click.groups)):
                used.add(click.person)
                then.append(places)
                now.append(_places(case, stage, click, click.groups if groups is None else groups))
        if not _placed(now, stage["quorum"]):
            return False
    return True


def _places(case: Case, stage: dict[str, Any], click: Clicked, groups: int) -> frozenset[str]:
    """Whose answer this click may be."""
    kind, _, name = stage["who"].partition(":")
    asker, person = case.action.principal_id, str(click.person)
    if kind == "requester":
        return frozenset({person} & {asker})
    if person == asker:
        return frozenset()
    if kind == "operators":  # being away hands none of their power to another
        return frozenset({person}) & OPERATORS
    members = set(GROUPS[groups].get(name, ()) if kind == "group" else (name,))
    further = HAND_TO.get(case.action.tool)
    if further is not None:
        members |= click.handed & set(GROUPS[groups][further])
    return frozenset(({person} | click.stands_in_for) & members - {asker})


def _placed(voters: Sequence[frozenset[str]], quorum: int, taken: frozenset[str] = _NOBODY) -> bool:
    """Whether so many of the voters can each have a place of their own."""
    if quorum <= 0:
        return True
    if len(voters) < quorum:
        return False
    first, rest = voters[0], voters[1:]
    return any(_placed(rest, quorum - 1, taken | {one}) for one in first - taken) or _placed(
        rest, quorum, taken
    )


def answers_are_their_own(case: Case, _world: World) -> bool:
    """Every answer that counts was given to this very question, while it stood, by that person."""
    given = {
        (click.person, click.vote)
        for click in case.clicks
        if click.outcome in ("counted", "approved", "rejected")
    }
    late = any(
        c.outcome in ("counted", "approved", "rejected") and not c.in_time for c in case.clicks
    )
    return not late and case.votes <= given


# Times, scopes, and what was permitted beforehand


def begun_in_its_time(case: Case, world: World) -> bool:
    """Not before its hold is over, not when its permission has run out, and never once a person
    was told that it was taken back, which is told once."""
    told = world.taken_back.count(case.action.id)
    if told:
        return told == 1 and case.begun is None and case.action.status == "cancelled"
    if case.begun is None:
        return True
    permitted = [e.at for e in case.events if e.type in (f"{_MOVES}approved", f"{_MOVES}allowed")]
    hold = timedelta(seconds=HOLD_S.get(case.action.tool, 0.0))
    in_force = case.grant is not None and case.begun.at < case.grant.expires_at
    return in_force and len(permitted) == 1 and case.begun.at >= permitted[0] + hold


def on_facts_that_held(case: Case, world: World) -> bool:
    """What it rests on was so, there, no longer ago than facts may be old when it begins."""
    if case.begun is None or not case.action.tool.startswith("other."):
        return True
    pinned = (case.action.facts or {})["balance"]
    since = case.begun.at - timedelta(seconds=LIMITS.facts_age_s)
    return world.other.was(case.action.args["what"], pinned, since, case.begun.at)


def begun_while_nothing_was_stopped(case: Case, _world: World) -> bool:
    """A stop holds whatever has not begun."""
    stoppable = case.action.automation == "assistant"
    return case.begun is None or not (stoppable and case.begun.stopped)


def nothing_written_late(case: Case, world: World) -> bool:
    """A worker whose action was taken over from it writes nothing of it any more."""
    return case.action.id not in world.written_late


def has_the_scope(case: Case, world: World, permitted: Permitted) -> bool:
    """What needs a scope that nobody has by the file begins only while its asker has it."""
    if case.begun is None or case.action.tool != "other.ship" or SHIP in SCOPES:
        return True
    return any(
        (row.holder, row.scope) == (case.action.principal_id, SHIP)
        and row.expires_at - row.created_at == _minutes(world, row.action_id)
        and row.created_at <= case.begun.at < row.expires_at
        and row.id not in case.begun.revoked
        for row in permitted.scopes
    )


def _minutes(world: World, action_id: str) -> timedelta:
    return timedelta(minutes=world.acts.asked[action_id].minutes)


def covered_by_its_permission(
    case: Case, world: World, permitted: Permitted, cases: dict[str, Case]
) -> bool:
    """What stands on a permission is of its asker and tool, within its amount and its time, not
    revoked when it began, and those who gave it would still be heard then."""
    if case.stands_on is None or case.begun is None:
        return True
    row, action = permitted.standing[case.stands_on], case.action
    giving = cases[row.action_id]
    asked = world.acts.asked[row.action_id]
    return (
        _alike(action, asked)
        and case.begun.at < row.created_at + timedelta(days=asked.days)
        and row.id not in case.begun.revoked
        and "approved" in giving.moves()
        and _filled(giving, case.begun.groups)
    )


def _alike(action: Action, asked: Asked) -> bool:
    """Whether it is what was asked for: of that person and tool, for no more than its example."""
    return (
        (action.principal_id, action.tool) == (asked.person, asked.tool)
        and 0 < action.args["amount"] <= asked.amount
        and worth_of(action.tool, action.args["amount"]) <= EACH
    )


def nobody_said_no_before_it_began(
    case: Case, world: World, permitted: Permitted, cases: dict[str, Case]
) -> bool:
    """Nothing begins on a permission once somebody has said no to what it covers, or has taken
    that back, since the permission was asked for."""
    if case.stands_on is None or case.begun is None:
        return True
    asked = world.acts.asked[permitted.standing[case.stands_on].action_id]
    return not any(_alike(cases[one].action, asked) for one in case.begun.refusals - asked.refusals)


def never_given_over_a_no(row: StandingPermission, world: World, cases: dict[str, Case]) -> bool:
    """What somebody rejected before is not permitted for the asking."""
    asked = world.acts.asked[row.action_id]
    return not any(_alike(cases[one].action, asked) for one in asked.rejected)


def ended_by_a_no(row: StandingPermission, world: World, cases: dict[str, Case]) -> bool:
    """A no to what it covers, since it was asked for, ends it; noted by whoever looks next."""
    asked = world.acts.asked[row.action_id]
    refusals = set(world.refusals) - asked.refusals
    return row.ended_at is not None or not any(_alike(cases[one].action, asked) for one in refusals)


def never_overspent(row: StandingPermission, world: World, cases: Iterable[Case]) -> bool:
    """No more uses and no more money than were asked for, and the row says how many."""
    asked = world.acts.asked[row.action_id]
    begun = [case.action for case in cases if case.stands_on == row.id and case.begun]
    spent = sum(worth_of(action.tool, action.args["amount"]) for action in begun)
    told = (row.used, row.spent) == (len(begun), spent)
    return told and len(begun) <= asked.uses and spent <= asked.in_all


# Nothing forgotten


def somebody_has_it(
    case: Case, open_jobs: set[tuple[str, str]], dead: set[tuple[str, str]]
) -> bool:
    """What is not settled waits for a job that is queued or given up, for time, or for people."""
    action = case.action
    job = {"proposed": "prepare", "allowed": "execute", "approved": "execute"}.get(action.status)
    if job is not None:
        return (job, action.id) in open_jobs | dead
    return action.status != "executing" or bool(action.lease_until or action.next_at)
