"""What no policy can lower: who must agree before what is permitted changes, that somebody says
yes to what cannot be undone, and to what a letter or the model chose.

A policy may ask more people or refuse; it cannot let these pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from approvals.connectors import ADMIT
from approvals.people import OPERATORS, People
from approvals.policy.cases import Case, Subject
from approvals.policy.judge import REQUESTER, Stage, Verdict
from approvals.policy.words import about_untrusted
from approvals.stages import joined
from approvals.tables import Action
from core.db import Database

ALLOW_ALIKE = "signoff.allow_alike"
ELEVATE = "signoff.elevate"
SET_POLICY = "signoff.set_policy"
#: Their floor depends on what their arguments say, not only on how policy sees them.
BY_ARGUMENTS = frozenset({ALLOW_ALIKE, ELEVATE})
#: The action of this id, or None.
Find = Callable[[str], Action | None]


def make_floor(db: Database, people: People) -> Callable[[Subject, Verdict], Verdict]:
    """The floor over this installation's actions, for `tools.deps.Deps`."""

    def find(action_id: str) -> Action | None:
        with db.read() as session:
            return session.get(Action, action_id)

    return lambda subject, verdict: raised(subject, verdict, people, find)


def raised(subject: Subject, verdict: Verdict, people: People, find: Find) -> Verdict:
    """The verdict, or a higher one where this changes what is permitted."""
    if subject.tool == ALLOW_ALIKE:
        return _as_the_example(verdict, find(str(subject.args["action_id"])))
    if subject.tool == ELEVATE:
        return _by_others(verdict, people, barred=_holder(people, subject))
    if subject.tool in (SET_POLICY, ADMIT):
        return _by_others(verdict, people)
    if verdict.kind == "allow" and subject.effect != "read":
        return _confirmed(subject, verdict, people)
    return verdict


def _confirmed(subject: Subject, verdict: Verdict, people: People) -> Verdict:
    """Where a rule would let pass what cannot be undone, its asker says yes to it at least; an
    operator, where a letter or the model chose whom or what it hits, undone or not."""
    chosen = Case(subject, people, frozenset()).untrusted
    lasting = subject.effect == "irreversible"
    if not (chosen or lasting):
        return verdict
    why = about_untrusted(chosen, subject.principal.name) if chosen else ""
    why = joined(["it cannot be undone" if lasting else "", why])
    stage = Stage(OPERATORS if chosen else REQUESTER, why=why)
    return replace(verdict, kind="ask", reason=why, stages=(stage,), four_eyes=bool(chosen))


def _as_the_example(verdict: Verdict, example: Action | None) -> Verdict:
    """Whoever is asked about such an action is asked whether all alike may pass.

    A confirmation is the asker's own care: that they need not take it any more is for others to
    say, whom policy names for it or else for what no rule speaks of.
    """
    if verdict.kind == "deny":
        return verdict
    if example is None or example.verdict is None:
        return replace(verdict, kind="deny", reason="there is no such action to be alike to")
    then = Verdict.from_json(example.verdict)
    why = "it would not be asked again for actions like that"
    first = [Stage(s.who, s.quorum, why) for s in then.stages if s.who != REQUESTER]
    said = [s for s in verdict.stages if s.who != REQUESTER] if verdict.kind == "ask" else []
    said = said if verdict.rules or not first else []
    if not first and not said:
        return replace(verdict, kind="deny", reason="nobody is named who could approve that")
    return replace(
        verdict,
        kind="ask",
        reason=why,
        stages=_joined(first, said),
        four_eyes=then.four_eyes or not first or (verdict.four_eyes and bool(said)),
        standing=False,
        barred=(example.principal_id,),
    )


def _holder(people: People, subject: Subject) -> tuple[str, ...]:
    """Whom a scope is for, where somebody asks who is no operator: nobody gives it to themselves
    by having another ask."""
    asker, holder = people.by_id(subject.principal.id), people.by_id(str(subject.args["holder"]))
    if holder is None or (asker is not None and asker.operator):
        return ()
    return (holder.id,)


def _by_others(verdict: Verdict, people: People, barred: tuple[str, ...] = ()) -> Verdict:
    """An operator must agree, another one than the asker where there are two, and whom policy names
    as well."""
    if verdict.kind == "deny":
        return verdict
    why = "only an operator may change what is permitted"
    named = [s for s in verdict.stages if s.who != REQUESTER]
    also = named if verdict.kind == "ask" and verdict.rules else []
    alone = sum(person.operator for person in people.everyone) < 2
    return replace(
        verdict,
        kind="ask",
        reason=why,
        stages=_joined([Stage(OPERATORS, 1, why)], also),
        four_eyes=not alone,
        standing=False,
        barred=barred,
    )


def _joined(first: Sequence[Stage], second: Sequence[Stage]) -> tuple[Stage, ...]:
    """One stage for each of those named, with the higher quorum."""
    found: dict[str, Stage] = {}
    for stage in (*first, *second):
        same = found.get(stage.who)
        found[stage.who] = stage if same is None or same.quorum < stage.quorum else same
    return tuple(found.values())
