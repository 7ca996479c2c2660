"""Hand on: a press opens the form, its submission has somebody else asked."""

from __future__ import annotations

from approvals.directory import as_of
from approvals.editing import may_answer
from approvals.entitlement import listed
from approvals.handed import not_ones_own, open_to
from approvals.handing import hand_on, why_not_hand
from approvals.people import People, Principal
from approvals.tables import Request, title_of
from bot.blocks.hand import TO, Hand
from bot.deps import BotDeps
from bot.members import Account
from bot.presses.clicks import Pressed, card, press_on
from bot.presses.submitted import Answered, Submitted, record_submission

_NOBODY = "There is nobody else it could be handed to."


@press_on(card)
def take_hand(press: Pressed) -> Hand | str:
    """A press on Hand on. Whoever is asked gets the form, others the reason why not."""
    session, deps, person, now = press.session, press.deps, press.person, press.now
    request = session.get_one(Request, press.click.value)
    action = may_answer(session, deps.people, request.id, person, now=now)
    if action is None:
        return why_not_hand(session, deps.log, deps.people, request.id, person, now=now).sentence
    people = as_of(session, deps.people, now=now)
    problem = not_ones_own(session, people, request, action, person)
    able = open_to(session, people, request, action, person)
    if problem is not None or not able:
        return problem or _NOBODY
    return Hand(request.id, title_of(action), listed(able))


def submit_hand(
    deps: BotDeps, submitted: Submitted, person: Principal, chosen: Account, why: str
) -> Answered:
    """Hand it to whom was chosen, in one transaction with the record of it. `chosen` is the account
    as Slack knows it: guests, bots and people who left are never asked."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        payload = {"hand": submitted.request_id, "to": chosen.user}
        if not record_submission(session, deps, submitted, payload, now=now):
            return Answered()
        request = session.get(Request, submitted.request_id)
        if request is None or request.workspace_id != deps.identity.team_id:
            return Answered(sentence="This is not open any more.")
        if chosen.principal is None:
            return Answered(problems={TO: not_served(deps.people, chosen.user)})
        found = hand_on(
            session,
            deps.log,
            deps.people,
            request_id=request.id,
            person=person,
            to=chosen.principal,
            now=now,
            why=why or None,
        )
    if found.outcome == "wrong_choice":
        return Answered(problems={TO: found.sentence})
    return Answered(sentence=found.sentence)


def not_served(people: People, user: str) -> str:
    """What is said of somebody who was chosen and cannot be asked."""
    known = people.by_slack(user)
    if known is None:
        return "I do not work with this person. Choose somebody who stands in config/people.yaml."
    return f"{known.first_name} is not a full member of this workspace now, so I cannot ask them."
