"""Edit: a press opens the fields that may be changed; what was typed is asked anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.editing import edit, may_answer, why_not
from approvals.people import Principal
from approvals.tables import Action, Request, title_of
from bot.blocks.limits import INPUT, OPTION
from bot.deps import BotDeps
from bot.presses.clicks import Pressed, card, press_on
from bot.presses.submitted import Answered, Submitted, record_submission
from bot.words import storable
from tools.editing import EditField, fields_of, read_typed

_NOT_NOW = "This cannot be changed here. Please reject it and say what should be different."


@dataclass(frozen=True)
class Editing:
    """What the modal shows."""

    title: str
    fields: Sequence[EditField]
    #: Arguments that may be changed but do not fit into an input.
    left_out: Sequence[str]


@press_on(card)
def take_edit(press: Pressed) -> Editing | str:
    """A press on Edit. Whoever may change it gets the fields, others the reason why not."""
    session, deps, request_id = press.session, press.deps, press.click.value
    action = may_answer(session, deps.people, request_id, press.person, now=press.now)
    if action is None:
        return why_not(session, deps.log, deps.people, request_id, press.person, now=press.now)
    editing = _editing(deps, action)
    return editing if editing.fields else _NOT_NOW


def submit_edit(
    deps: BotDeps, submitted: Submitted, person: Principal, typed: Mapping[str, str]
) -> Answered:
    """Check what was typed and ask anew with it, in one transaction with the record of it."""
    with deps.db.read() as session:
        request = session.get(Request, submitted.request_id)
        action = session.get(Action, request.action_id) if request else None
    if action is None or action.workspace_id != deps.identity.team_id:
        return Answered(sentence=_NOT_NOW)
    tool, fields = deps.registry.tool(action.tool), _editing(deps, action).fields
    if tool is None or not fields:
        return Answered(sentence=_NOT_NOW)
    clean = {name: storable(text) for name, text in typed.items()}
    found = read_typed(tool, action.args, fields, clean)
    if found.args is None:
        return Answered(problems=found.problems)
    if found.args == action.args:
        return Answered(problems={fields[0].name: "Nothing is changed yet."})
    return _ask_anew(deps, submitted, person, found.args)


def _ask_anew(
    deps: BotDeps, submitted: Submitted, person: Principal, args: Mapping[str, Any]
) -> Answered:
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = record_submission(
            session, deps, submitted, {"request_id": submitted.request_id}, now=now
        )
        if not fresh:
            return Answered()
        edited = edit(
            session,
            deps.log,
            deps.people,
            request_id=submitted.request_id,
            person=person,
            args=args,
            now=now,
        )
    return Answered(sentence=None if edited.action_id else edited.sentence)


def _editing(deps: BotDeps, action: Action) -> Editing:
    tool = deps.registry.tool(action.tool)
    names = (action.preview or {}).get("editable") or ()
    if tool is None or tool.version != action.tool_version:
        return Editing(title_of(action), (), ())
    found = fields_of(tool, action.args, names)
    fitting = tuple(each for each in found if _fits_an_input(each))
    return Editing(title_of(action), fitting, tuple(f.name for f in found if f not in fitting))


def _fits_an_input(each: EditField) -> bool:
    return len(each.value) <= INPUT and all(len(option) <= OPTION for option in each.options)
