"""What somebody asks for when they ask for a standing permission: checked, and told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from approvals.bounds import Bounds, bounds_like, may_differ, outside_of
from approvals.decided import approved_by
from approvals.people import People
from approvals.policy.history import Past
from approvals.policy.judge import REQUESTER, Verdict
from approvals.standing import may_stand
from approvals.standing_past import Alike, alike, past_action
from approvals.tables import Action, title_of
from core.errors import ApprovalError
from core.money import Money

#: Past actions named on the card; the others are counted.
_NAMED = 5


@dataclass(frozen=True)
class Asked:
    """A standing permission as it would be."""

    example: Action
    bounds: Bounds
    uses: int
    in_all: int | None
    life: timedelta
    past: Alike


def asked_for(
    session: Session,
    people: People,
    args: Mapping[str, Any],
    *,
    workspace_id: str,
    asker_id: str | None,
) -> Asked:
    """The permission these arguments (`signoff.allow_alike`) ask for.

    `asker_id` is who asks for it: the person it is for, or somebody who approved the example; None
    while nobody does. Raises `ApprovalError` with a sentence where there can be none: about an
    action that was not approved as it was asked for, by somebody else, where its own example is not
    covered, or where it would cover what a person rejected.
    """
    example = _example(session, args, workspace_id=workspace_id, asker_id=asker_id)
    past = past_action(session, people, example.id, workspace_id=workspace_id)
    if past is None:
        raise ApprovalError("What this action was about is not known any more.")
    bounds = _bounds(example, past, args)
    found = alike(session, people, bounds, workspace_id=workspace_id)
    _check_rejected(session, found)
    in_all = _money(args["in_all"])
    _check_sum(bounds, in_all)
    return Asked(
        example,
        bounds,
        args["uses"],
        in_all.minor if in_all else None,
        timedelta(days=args["days"]),
        found,
    )


def askers(session: Session, example: Action) -> tuple[str, ...]:
    """Ids of those who may ask that actions alike to this one need no question."""
    return (example.principal_id, *approved_by(session, example.id))


def others_could(people: People, example: Action, asker_id: str) -> bool:
    """Whether there are people enough to approve it when this person asks for it, who is not the
    one it is for. `people` as of now."""
    if example.verdict is None:
        return False
    then = Verdict.from_json(example.verdict)
    out = {asker_id, example.principal_id} if then.four_eyes else set()
    able = [(stage, {person.id for person in people.asked(stage.who)}) for stage in then.stages]
    return all(len(ids - out) >= stage.quorum for stage, ids in able if stage.who != REQUESTER)


def words(session: Session, people: People, asked: Asked) -> list[tuple[str, str]]:
    """Labels and what each says, for the card."""
    limit = asked.bounds.at_most
    whole = (
        ""
        if asked.in_all is None or limit is None
        else (f", {Money(asked.in_all, limit.currency)} in all")
    )
    free = ", ".join(name for name in asked.example.args if name not in asked.bounds.fields)
    return [
        ("for", _name(people, asked.bounds.asker)),
        ("each", covers(asked.bounds)),
        *([("may say anything in", free)] if free else []),
        ("how many", f"{asked.uses}{whole}"),
        ("for", f"{asked.life.days} days from its approval"),
        ("would have covered", past_words(session, asked.past)),
        ("rejected among them", "none"),
    ]


def covers(bounds: Bounds) -> str:
    """`up to EUR 100.00, to @kappel.example, any order, sku SKU-1`."""
    parts = [f"up to {bounds.at_most}"] if bounds.at_most else []
    if bounds.recipients:
        parts.append(f"to {', '.join(bounds.recipients)}")
    for name, bound in bounds.fields.items():
        if "any" in bound:
            parts.append(f"any {name}")
        elif "is" in bound:
            parts.append(f"{name} {bound['is']}")
        elif "from" in bound:
            parts.append(f"{name} from {bound['from']} to {bound['to']}")
    parts += [] if bounds.outside else ["inside the company"]
    return ", ".join(parts)


def past_words(session: Session, past: Alike) -> str:
    """What it would have covered, the newest by name."""
    if not past.asked:
        return "no past action"
    named = "; ".join(titles(session, past.asked[:_NAMED]))
    more = f" and {len(past.asked) - _NAMED} more" if len(past.asked) > _NAMED else ""
    unknown = f" ({past.unknown} could not be looked at)" if past.unknown else ""
    return f"{named}{more}{unknown}"


def titles(session: Session, ids: Sequence[str]) -> list[str]:
    """What these actions were about, newest first."""
    query = select(Action).where(col(Action.id).in_(ids)).order_by(col(Action.created_at).desc())
    rows = session.exec(query)
    return [f"{title_of(row)}, {row.created_at:%d %b}" for row in rows]


def _example(
    session: Session, args: Mapping[str, Any], *, workspace_id: str, asker_id: str | None
) -> Action:
    """The action that others are to be like."""
    example = session.get(Action, str(args["action_id"]))
    if example is None or example.workspace_id != workspace_id or example.verdict is None:
        raise ApprovalError("There is no such action.")
    if asker_id is not None and asker_id not in askers(session, example):
        raise ApprovalError(
            "Only the person who asked for an action and those who approved it can ask for others "
            "like it."
        )
    if not may_stand(example.tool, Verdict.from_json(example.verdict)):
        raise ApprovalError("This is asked each time, so nobody can allow others like it.")
    if example.edits or not approved_by(session, example.id):
        raise ApprovalError("This was not approved as it was asked for: nothing can be like it.")
    return example


def _bounds(example: Action, past: Past, args: Mapping[str, Any]) -> Bounds:
    """The bounds asked for, which its own example lies within."""
    if set(args["may_differ"]) - set(may_differ(past.subject())):
        raise ApprovalError("What money it is about and whom it goes to cannot be left open.")
    bounds = bounds_like(
        past.subject(),
        example.tool_version,
        at_most=_money(args["at_most"]),
        recipients=args["recipients"],
        free=args["may_differ"],
    )
    why = outside_of(bounds, past.subject(), past.people, example.tool_version)
    if why is not None:
        raise ApprovalError(f"The action it starts from would not be covered: {why}.")
    return bounds


def _check_rejected(session: Session, found: Alike) -> None:
    if found.rejected:
        named = "; ".join(titles(session, found.rejected[:_NAMED]))
        raise ApprovalError(
            f"This would have covered what a person rejected: {named}. Ask for less."
        )
    if found.rejected_unknown:
        raise ApprovalError(
            f"{found.rejected_unknown} rejected before cannot be looked at any more, so I cannot "
            "tell whether this would cover them."
        )


def _check_sum(bounds: Bounds, in_all: Money | None) -> None:
    limit = bounds.at_most
    if (limit is None) != (in_all is None):
        raise ApprovalError("Say both what one of them may be worth and all of them, or neither.")
    if limit is not None and in_all is not None and limit.currency != in_all.currency:
        raise ApprovalError("Say both amounts in the same currency.")


def _money(value: Mapping[str, Any] | None) -> Money | None:
    return Money(value["minor"], value["currency"]) if value else None


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.first_name if person else person_id
