"""Allow alike: a press opens the bounds, filled in from the action; what is sent is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from sqlmodel import Session

from approvals.actions import Proposed
from approvals.bounds import may_differ
from approvals.by_hand import propose_by_hand
from approvals.directory import as_of
from approvals.floors import ALLOW_ALIKE
from approvals.people import Principal
from approvals.standing_asked import asked_for, askers, others_could, past_words
from approvals.standing_past import past_action
from approvals.tables import Action, title_of
from bot.blocks.allow_alike import (
    AT_MOST,
    DAYS,
    IN_ALL,
    MAY_DIFFER,
    RECIPIENTS,
    USES,
    Suggested,
)
from bot.deps import BotDeps
from bot.presses.clicks import STRANGER, Click, Pressed, message, press_on
from bot.presses.submitted import Answered, Submitted, record_submission
from bot.words import storable
from core.errors import ApprovalError
from core.money import Money, NotMoney, parse_money

_USES, _DAYS = 10, 14
_NOT_HERE = "Actions like this are asked about each time; nobody can allow them in advance."


def take_alike(deps: BotDeps, click: Click, person: Principal) -> Suggested | str | None:
    """Record the press. Whoever asked for the action or approved it gets the modal, others are told
    why not."""
    told = _note(deps, click, person)
    if told is not True:
        return told
    with deps.db.read() as session:
        action = session.get_one(Action, click.value)
        asker = deps.people.by_id(action.principal_id)
        name = asker.first_name if asker else "somebody"
        if person.id not in askers(session, action):
            return f"Only {name}, who asked for it, and those who approved it can ask for this."
        people = as_of(session, deps.people, now=deps.clock.now())
        if person.id != action.principal_id and not others_could(people, action, person.id):
            return (
                f"Nobody besides you could approve it. {name} can ask for it with the same button; "
                "then you decide."
            )
        return _suggested(session, deps, action, name)


@press_on(message("card", "status"))
def _note(_press: Pressed) -> Literal[True]:
    return True


def submit_alike(
    deps: BotDeps,
    body: Mapping[str, Any],
    person: Principal,
    typed: Mapping[str, str | tuple[str, ...]],
) -> Answered:
    """Check what was typed and ask for it, in one transaction with the record of it."""
    view = body.get("view") or {}
    action_id = str(view.get("private_metadata") or "")[:300]
    args, problems = _read(typed)
    if problems:
        return Answered(problems=problems)
    with deps.db.read() as session:
        example = session.get(Action, action_id)
        if example is None or example.workspace_id != deps.identity.team_id:
            return Answered(sentence=STRANGER)
        args = {"action_id": action_id, **args}
        try:
            asked_for(
                session,
                deps.people,
                args,
                workspace_id=deps.identity.team_id,
                asker_id=person.id,
            )
        except ApprovalError as error:
            return Answered(problems={USES: error.sentence})
    _propose(deps, body, person, example, args)
    return Answered()


def _propose(
    deps: BotDeps,
    body: Mapping[str, Any],
    person: Principal,
    example: Action,
    args: Mapping[str, Any],
) -> None:
    now, submitted = deps.clock.now(), Submitted.of(body)
    with deps.db.transaction() as session:
        fresh = record_submission(session, deps, submitted, {"allow_alike": example.id}, now=now)
        if fresh:
            propose_by_hand(
                session,
                deps.log,
                Proposed(ALLOW_ALIKE, "1.0.0", args, f"Allow alike: {title_of(example)}"),
                key=submitted.trigger_id,
                principal_id=person.id,
                workspace_id=deps.identity.team_id,
                channel=example.channel,
                thread_ts=example.thread_ts,
                now=now,
            )


def _suggested(session: Session, deps: BotDeps, action: Action, name: str) -> Suggested | str:
    past = past_action(session, deps.people, action.id, workspace_id=action.workspace_id)
    if past is None:
        return _NOT_HERE
    subject = past.subject()
    amount = subject.amount
    suggested = Suggested(
        action_id=action.id,
        title=title_of(action),
        whose=name,
        at_most=str(amount) if amount else None,
        in_all=str(Money(amount.minor * _USES, amount.currency)) if amount else None,
        recipients=subject.recipients,
        fixed=may_differ(subject),
        uses=_USES,
        days=_DAYS,
        past="",
    )
    args = {**_plain(suggested), "action_id": action.id, "may_differ": list(suggested.fixed)}
    try:
        asked = asked_for(
            session, deps.people, args, workspace_id=action.workspace_id, asker_id=None
        )
    except ApprovalError as error:
        return replace(suggested, past=f"As widely as this it cannot be: {error.sentence}")
    covered = past_words(session, asked.past)
    return replace(suggested, past=f"With everything checked it would have covered {covered}.")


def _plain(suggested: Suggested) -> dict[str, Any]:
    return {
        AT_MOST: _money(suggested.at_most),
        IN_ALL: _money(suggested.in_all),
        RECIPIENTS: list(suggested.recipients),
        USES: suggested.uses,
        DAYS: suggested.days,
    }


def _read(
    typed: Mapping[str, str | tuple[str, ...]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Arguments of `signoff.allow_alike`, and a sentence for each input that cannot be read."""
    problems: dict[str, str] = {}
    args: dict[str, Any] = {AT_MOST: None, IN_ALL: None}
    for name in (AT_MOST, IN_ALL):
        if name in typed:
            try:
                args[name] = _money(str(typed[name]))
            except NotMoney as error:
                problems[name] = f"{error.sentence}."
    for name, most in ((USES, 1_000), (DAYS, 90)):
        text = str(typed.get(name, "")).strip()
        args[name] = int(text) if text.isdecimal() and len(text) < 5 else 0
        if not 1 <= args[name] <= most:
            problems[name] = f"A whole number from 1 to {most:,}."
    lines = storable(str(typed.get(RECIPIENTS, ""))).splitlines()
    args[RECIPIENTS] = [line.strip() for line in lines if line.strip()]
    args[MAY_DIFFER] = list(typed.get(MAY_DIFFER) or ())
    if len(args[RECIPIENTS]) > 20:
        problems[RECIPIENTS] = "Twenty at most."
    return args, problems


def _money(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    amount = parse_money(text)
    if amount.minor <= 0:
        raise NotMoney("It must be more than nothing")
    return {"minor": amount.minor, "currency": amount.currency}
