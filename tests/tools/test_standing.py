"""A yes given once for actions alike: asked for, given, spent, used up, revoked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from road import PEOPLE, POLICY, Road
from sqlmodel import select
from taking_back import press
from till import Till
from till_tools import connector

from approvals.actions import Proposed
from approvals.bounds import Bounds, outside_of
from approvals.by_hand import propose_by_hand
from approvals.config_texts import keep_text
from approvals.floors import make_floor
from approvals.origins import Labelled
from approvals.people import People
from approvals.policy.cases import Subject
from approvals.policy.file import parse_policy
from approvals.requests import expire_due
from approvals.rights_tables import StandingPermission
from approvals.running_out import end_due
from approvals.standing import live_ones, revoke
from approvals.standing_past import alike as looked_through
from approvals.tables import Action, Compensation, Request
from audit.tables import Event
from core.money import Money
from core.origins import Origin
from core.posts import Post
from graphs.runtime.evidence import make_evidence
from tools.connectors import signoff
from tools.contract import Ports
from tools.registry import Registry

ORDERS = [f"47{n:02}" for n in range(11, 40)]
#: Where the database makes no difference.
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
STANDING = POLICY.replace("who: group:finance, why", "who: group:finance, standing: true, why")
ORDERED = STANDING.replace(
    "tool: till.order, allow: true", "tool: till.order, who: group:finance, standing: true"
)
CONFIRMED = POLICY.replace("who: group:finance, why", "ask: requester, standing: true, why")
BOTH = PEOPLE.replace("finance: [finn]", "finance: [finn, olga]")


@pytest.fixture
def alike(road: Road, till: Till, ports: Ports) -> Road:
    """The road with our own connector, where refunds may be covered."""
    till.paid.update(dict.fromkeys(ORDERS, 18_000))
    registry = Registry.of([connector(till.url), signoff.make(ports)])
    return road.changed(
        registry=registry,
        policy=parse_policy(STANDING, Path("policy.yaml")),
        floor=make_floor(road.db, road.deps.people),
        evidence=_evidence(road, registry),
    )


def _evidence(road: Road, registry: Registry) -> Any:
    by_hand, typed = make_evidence(road.deps.people, registry), road.deps.evidence
    orders = Labelled(Origin.REQUESTER, " ".join(ORDERS))
    return lambda session, action: [*by_hand(session, action), *typed(session, action), orders]


def ask(road: Road, action_id: str, *, by: str = "ana", key: str = "1", **changes: Any) -> str:
    """Ask for refunds alike to this one, up to EUR 1.00 each and EUR 3.00 in all."""
    args = {
        "action_id": action_id,
        "at_most": {"minor": 100, "currency": "EUR"},
        "may_differ": ["order"],
        "uses": 5,
        "in_all": {"minor": 300, "currency": "EUR"},
        "days": 7,
        **changes,
    }
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed("signoff.allow_alike", "1.0.0", args), key=key,
            principal_id=by, workspace_id="T0PRACTICE", channel="C0SUPPORT", thread_ts="1.1",
            now=road.clock.now(),
        ).id  # fmt: skip


def given(road: Road, **changes: Any) -> str:
    """A standing permission that Finn gave; the id of the refund it started from."""
    first = road.approved("till.refund", turn="turn_first", order="4711", minor=100)
    assert road.execute(first) == "succeeded"
    asked = ask(road, first, **changes)
    assert road.prepare(asked) == "awaiting"
    assert road.decide(asked).outcome == "approved"
    assert road.execute(asked) == "succeeded"
    return first


def run_at_once(times: int, job: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(times) as pool:
        return [each.result() for each in [pool.submit(job) for _ in range(times)]]


def permission(road: Road) -> StandingPermission:
    with road.db.read() as session:
        return session.exec(select(StandingPermission)).one()


def test_what_it_covers_is_done_without_a_question_and_the_story_says_by_whom(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)

    assert alike.prepare(action_id) == "allowed"
    assert alike.status(action_id) == "succeeded"
    assert alike.posts(action_id, "card") == 0
    assert "Allowed: a standing permission of Finn covers it" in alike.reasons(action_id)
    assert "Covered by the standing permission of Finn (1 of 5 used)" in alike.reasons(action_id)
    assert (permission(alike).used, permission(alike).spent) == (1, 100)


@on_sqlite
def test_it_is_asked_of_those_who_are_asked_about_the_action(alike: Road) -> None:
    first = alike.approved("till.refund", order="4711", minor=100)
    alike.execute(first)

    asked = ask(alike, first)
    alike.prepare(asked)

    row = alike.row(asked)
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["group:finance"]
    assert row.verdict["four_eyes"] is True
    assert set(row.origins.values()) == {"requester"}
    assert alike.decide(asked, person="ana").outcome == "not_allowed"
    assert row.preview is not None
    assert row.preview["details"] == [
        ["for", "Ana"],
        ["each", "up to EUR 1.00, any order, minor from 1 to 100, inside the company"],
        ["how many", "5, EUR 3.00 in all"],
        ["for", "7 days from its approval"],
        ["would have covered", "Refund EUR 1.00 for 4711, 20 Nov"],
        ["rejected among them", "none"],
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("till.refund", {"order": "4712", "minor": 7}),  # made up by the model
        ("till.letter", {"to": "finn@lindqvist.example", "text": "hello"}),
    ],
)
def test_what_it_does_not_cover_is_judged_as_before(
    alike: Road, tool: str, args: dict[str, Any]
) -> None:
    given(alike)

    action_id = alike.propose(tool, turn="turn_2", **args)
    alike.prepare(action_id)

    assert permission(alike).used == 0


@on_sqlite
def test_more_than_it_allows_is_asked(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=18000)

    assert alike.prepare(action_id) == "awaiting"


@on_sqlite
def test_another_persons_action_is_asked(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", by="olga", order="4712", minor=100)

    assert alike.prepare(action_id) == "awaiting"


@on_sqlite
def test_what_a_person_rejected_is_never_covered(alike: Road) -> None:
    """R100: where a person said no, no standing permission may say yes."""
    rejected = alike.propose("till.refund", turn="turn_0", order="4712", minor=100)
    alike.prepare(rejected)
    alike.decide(rejected, vote="reject")
    first = alike.approved("till.refund", order="4711", minor=100)
    alike.execute(first)

    asked = ask(alike, first)

    assert alike.prepare(asked) == "failed"
    outcome = alike.row(asked).outcome
    assert outcome is not None
    assert "what a person rejected: Refund EUR 1.00 for 4712" in outcome["message"]


@on_sqlite
def test_what_cannot_be_put_back_and_needs_two_is_asked_each_time(alike: Road) -> None:
    """R100: unless the rule says `standing: true`, four eyes on what is final stay four eyes."""
    strict = alike.changed(policy=parse_policy(POLICY, Path("policy.yaml")))
    first = strict.approved("till.refund", order="4711", minor=100)

    asked = ask(strict, first)

    assert strict.prepare(asked) == "failed"
    outcome = strict.row(asked).outcome
    assert outcome is not None
    assert outcome["message"].startswith("This is asked each time")


@on_sqlite
def test_a_policy_that_takes_standing_back_has_it_asked(alike: Road) -> None:
    given(alike)
    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert alike.prepare_only(action_id) == "allowed"
    strict = alike.changed(policy=parse_policy(POLICY, Path("policy.yaml")))

    assert strict.execute(action_id) == "superseded"

    assert strict.prepare(strict.head(action_id).id) == "awaiting"


@on_sqlite
def test_nobody_asks_for_it_about_anothers_action(alike: Road) -> None:
    first = alike.approved("till.refund", order="4711", minor=100)

    asked = ask(alike, first, by="olga")

    assert alike.prepare(asked) == "failed"


@on_sqlite
def test_uses_run_out(alike: Road) -> None:
    given(alike, uses=1)
    covered = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    alike.prepare(covered)

    another = alike.propose("till.refund", turn="turn_3", order="4713", minor=100)

    assert alike.prepare(another) == "awaiting"


@on_sqlite
@pytest.mark.parametrize("end", ["revoked", "expired", "giver gone"])
def test_what_ended_before_it_began_is_asked(alike: Road, end: str) -> None:
    """R4, R5: an end counts from the moment on, for what was allowed already too, and is logged."""
    given(alike)
    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert alike.prepare_only(action_id) == "allowed"

    if end == "revoked":
        with alike.db.transaction() as session:
            olga = alike.deps.people.by_id("olga")
            assert olga is not None
            revoke(
                session, alike.deps.log, alike.deps.people,
                permission_id=permission(alike).id, person=olga, now=alike.clock.now(),
            )  # fmt: skip
    elif end == "expired":
        alike.wait(timedelta(days=7).total_seconds())
    else:
        without = PEOPLE.replace("finance: [finn]", "finance: [olga]")
        alike = alike.changed(people=People.parse(without, Path("people.yaml")))

    assert alike.execute(action_id) in ("superseded", "expired")

    newer = alike.head(action_id)
    if newer.id != action_id:
        assert alike.prepare(newer.id) == "awaiting"
    assert permission(alike).used == 0


def test_twenty_at_once_spend_no_more_than_was_given(alike: Road) -> None:
    """EUR 3.00 in all: three of EUR 1.00 are done, the others are asked."""
    given(alike, uses=20)
    ids = [
        alike.propose("till.refund", turn=f"turn_{n}", order=f"47{n:02}", minor=100)
        for n in range(20, 40)
    ]
    assert {alike.prepare_only(action_id) for action_id in ids} == {"allowed"}

    threads = [threading.Thread(target=alike.execute, args=(action_id,)) for action_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    statuses = sorted(alike.status(action_id) for action_id in ids)
    assert statuses == ["succeeded"] * 3 + ["superseded"] * 17
    assert (permission(alike).used, permission(alike).spent) == (3, 300)
    heads = [alike.head(action_id).id for action_id in ids]
    assert {alike.prepare(head) for head in heads if head not in ids} == {"awaiting"}


@on_sqlite
def test_it_is_listed_for_whom_it_concerns(alike: Road) -> None:
    given(alike)
    people = alike.deps.people

    with alike.db.read() as session:
        found = {
            person.id: len(
                live_ones(session, people, person, workspace_id="T0PRACTICE", now=alike.clock.now())
            )
            for person in people.everyone
        }

    assert found == {"ana": 1, "finn": 1, "olga": 1}


# Who may ask for it


def with_people(road: Road, text: str) -> Road:
    people = People.parse(text, Path("people.yaml"))
    with road.db.transaction() as session:
        keep_text(
            session, workspace_id="T0PRACTICE", kind="people", text=text, now=road.clock.now()
        )
    return road.changed(people=people, floor=make_floor(road.db, people))


def done(road: Road) -> str:
    """A refund that Ana asked for and Finn approved."""
    first = road.approved("till.refund", turn="turn_first", order="4711", minor=100)
    assert road.execute(first) == "succeeded"
    return first


@on_sqlite
def test_whoever_approved_may_ask_for_it_and_another_of_them_must_agree(alike: Road) -> None:
    """R100: neither who asks for it nor the one it is for may say yes to it."""
    both = with_people(alike, BOTH.replace("[finn, olga]", "[finn, olga, ana]"))
    asked = ask(both, done(both), by="finn")

    assert both.prepare(asked) == "awaiting"
    assert both.decide(asked, person="finn").sentence == (
        "You asked for this, so someone else must approve it: Olga (Finance)."
    )
    assert both.decide(asked, person="ana").sentence == (
        "This is for you, so someone else must approve it: Olga (Finance)."
    )
    assert both.decide(asked, person="olga").outcome == "approved"
    assert both.execute(asked) == "succeeded"

    assert permission(both).principal_id == "ana"
    covered = both.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert both.prepare(covered) == "allowed"


@on_sqlite
def test_the_only_one_who_may_approve_cannot_give_it_alone(alike: Road) -> None:
    asked = ask(alike, done(alike), by="finn")

    assert alike.prepare(asked) == "denied"


@on_sqlite
def test_where_four_eyes_are_not_asked_an_approver_may_give_it_alone(alike: Road) -> None:
    text = STANDING.replace("standing: true", "standing: true, four_eyes: false")
    lax = alike.changed(policy=parse_policy(text, Path("policy.yaml")))
    asked = ask(lax, done(lax), by="finn")

    assert lax.prepare(asked) == "awaiting"
    assert lax.decide(asked, person="finn").outcome == "approved"


@on_sqlite
def test_whoever_it_is_for_cannot_give_it_in_the_place_of_somebody_away(alike: Road) -> None:
    away = "away: [{from: 2026-11-01, until: 2026-12-31, delegate: ana}]"
    text = BOTH.replace("operator: true", f"operator: true, {away}")
    both = with_people(alike, text)
    asked = ask(both, done(both), by="finn")
    both.prepare(asked)

    assert both.decide(asked, person="ana").outcome == "not_allowed"


@on_sqlite
@pytest.mark.parametrize("tampered", ["never approved", "changed", "money left open"])
def test_what_was_not_approved_as_it_stands_is_no_example(alike: Road, tampered: str) -> None:
    first = alike.propose("till.refund", turn="turn_first", order="4711", minor=100)
    alike.prepare(first)
    if tampered != "never approved":
        alike.decide(first)
    if tampered == "changed":
        alike.set(first, edits=[{"by": "finn", "at": "", "changed": []}])
    free = ["order", "to"] if tampered == "money left open" else ["order"]

    assert alike.prepare(ask(alike, first, may_differ=free)) == "failed"


# What people say no to


def ended(road: Road) -> list[str]:
    """Why permissions ended, as the log tells it."""
    with road.db.read() as session:
        query = select(Event.reason).where(Event.type == "approvals:standing:ended")
        return list(session.exec(query))


def told(road: Road) -> dict[str, str]:
    """Who was told of the permission, and what."""
    with road.db.read() as session:
        rows = session.exec(select(Post).where(Post.subject == permission(road).id))
        return {row.channel: row.body["text"] for row in rows}


def look(road: Road) -> int:
    """The keeper looks at what was given for a time."""
    with road.db.transaction() as session:
        return end_due(session, road.deps.log, road.deps.people, now=road.clock.now())


@pytest.mark.parametrize("when", ["before it is looked at", "before it begins"])
def test_a_no_said_since_ends_it(alike: Road, when: str) -> None:
    """R4: of what waited when it came in force, and counted until the action has begun."""
    waiting = alike.propose("till.refund", turn="turn_0", order="4713", minor=100)
    assert alike.prepare(waiting) == "awaiting"
    given(alike)
    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)

    if when == "before it begins":
        assert alike.prepare_only(action_id) == "allowed"
    alike.decide(waiting, vote="reject")
    if when == "before it begins":
        assert alike.execute(action_id) == "superseded"
        action_id = alike.head(action_id).id

    assert alike.prepare(action_id) == "awaiting"
    assert permission(alike).used == 0
    assert ended(alike) == ["It was ended: Finn said no to one of them"]
    assert told(alike) == dict.fromkeys(
        ["U0ANA", "U0FINN"],
        "“Do things like “Refund EUR 1.00 for 4711” without asking each time” has ended: Finn said "
        "no to one of them. It is asked again from now on.",
    )


@on_sqlite
@pytest.mark.parametrize("when", ["before it is asked for", "while it is in force"])
def test_what_nobody_answered_ends_nothing_and_bars_nothing(alike: Road, when: str) -> None:
    """R4: `on_expiry: reject` refuses what ran out; no person said no to it."""
    lapses = alike.changed(
        policy=parse_policy(
            STANDING.replace("standing: true", "standing: true, on_expiry: reject"),
            Path("policy.yaml"),
        )
    )
    if when == "while it is in force":
        given(lapses)
    # Chosen by the model, so that it is asked about in any case; its values are within.
    unanswered = lapses.propose("till.refund", turn="turn_0", order="4712", minor=7)
    assert lapses.prepare(unanswered) == "awaiting"
    with lapses.db.transaction() as session:
        request = session.exec(select(Request).where(Request.action_id == unanswered)).one()
        expire_due(session, lapses.deps.log, now=request.expires_at)
    assert lapses.row(unanswered).status == "rejected"
    if when == "before it is asked for":
        given(lapses)

    action_id = lapses.propose("till.refund", turn="turn_2", order="4713", minor=100)

    assert lapses.prepare(action_id) == "allowed"
    assert ended(lapses) == []


@on_sqlite
def test_a_no_to_what_the_model_had_chosen_counts(alike: Road) -> None:
    """It was outside the permission, and its values are within."""
    given(alike)
    made_up = alike.propose("till.refund", turn="turn_2", order="4712", minor=7)
    assert alike.prepare(made_up) == "awaiting"
    alike.decide(made_up, vote="reject")

    action_id = alike.propose("till.refund", turn="turn_3", order="4713", minor=100)

    assert alike.prepare(action_id) == "awaiting"


@on_sqlite
def test_a_no_to_what_it_would_never_cover_changes_nothing(alike: Road) -> None:
    given(alike)
    more = alike.propose("till.refund", turn="turn_2", order="4712", minor=18000)
    alike.prepare(more)
    alike.decide(more, vote="reject")
    others = alike.propose("till.refund", turn="turn_3", by="olga", order="4712", minor=100)
    alike.prepare(others)
    alike.decide(others, vote="reject")

    action_id = alike.propose("till.refund", turn="turn_4", order="4713", minor=100)

    assert look(alike) == 0
    assert alike.prepare(action_id) == "allowed"


@on_sqlite
@pytest.mark.parametrize("begun", [False, True])
def test_taking_back_what_it_covered_ends_it(alike: Road, begun: bool) -> None:
    hold = "" if begun else "hold: 20 s, "
    text = ORDERED.replace("standing: true, why", f"standing: true, {hold}why")
    road = alike.changed(policy=parse_policy(text, Path("policy.yaml")))
    first = road.approved("till.order", turn="turn_first", sku="SKU-1", quantity=3)
    road.wait(20)
    assert road.execute(first) == "succeeded"
    asked = ask(road, first, at_most=None, in_all=None, may_differ=[])
    assert road.prepare(asked) == "awaiting"
    road.decide(asked)
    assert road.execute(asked) == "succeeded"
    covered = road.propose("till.order", turn="turn_2", sku="SKU-1", quantity=3)
    assert road.prepare(covered) == "allowed"
    if begun:
        assert road.status(covered) == "succeeded"

    press(road, covered)

    another = road.propose("till.order", turn="turn_3", sku="SKU-1", quantity=3)
    assert road.prepare(another) == "awaiting"
    assert ended(road) == [
        f"It was ended: {'Ana took one of them back' if begun else 'one of them was taken back'}"
    ]


@on_sqlite
@pytest.mark.parametrize(("by", "stays"), [("finn", False), ("ana", True)])
def test_what_one_took_back_stays_a_no_when_another_takes_back_the_rest(
    alike: Road, by: str, stays: bool
) -> None:
    """Else whoever has the permission could press a no away."""
    road = alike.changed(policy=parse_policy(ORDERED, Path("policy.yaml")))
    first = road.approved("till.order", turn="turn_first", sku="SKU-1", quantity=3)
    assert road.execute(first) == "succeeded"
    asked = ask(road, first, at_most=None, in_all=None, may_differ=[])
    road.prepare(asked)
    road.decide(asked)
    assert road.execute(asked) == "succeeded"
    rest = Compensation(
        id="comp_1",
        workspace_id="T0PRACTICE",
        turn_id="turn_first",
        steps=[first],
        status="running",
        decided_by="ana",
        created_at=road.clock.now(),
    )
    press(road, first, by)
    with road.db.transaction() as session:
        undo = session.exec(select(Action).where(Action.undoes == first)).one()
        assert undo.undone_by == by
        session.add(rest)

    another = road.propose("till.order", turn="turn_3", sku="SKU-1", quantity=3)

    assert road.prepare(another) == ("allowed" if stays else "awaiting")


def test_the_keeper_ends_what_somebody_spoke_against_once(alike: Road) -> None:
    waiting = alike.propose("till.refund", turn="turn_0", order="4713", minor=100)
    alike.prepare(waiting)
    given(alike)
    alike.decide(waiting, vote="reject")

    looks = run_at_once(3, lambda: look(alike))

    assert sum(looks) == 1
    assert len(ended(alike)) == 1
    assert look(alike) == 0
    assert set(told(alike)) == {"U0ANA", "U0FINN"}
    with alike.db.read() as session:
        finn = alike.deps.people.by_id("finn")
        assert finn is not None
        assert not live_ones(
            session, alike.deps.people, finn, workspace_id="T0PRACTICE", now=alike.clock.now()
        )


@pytest.mark.parametrize("over", ["time", "number"])
def test_the_log_says_once_that_it_ran_out(alike: Road, over: str) -> None:
    """R4, R5."""
    given(alike, uses=1)
    assert look(alike) == 0
    if over == "time":
        alike.wait(timedelta(days=7).total_seconds())
    else:
        covered = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
        assert alike.prepare(covered) == "allowed"

    assert sum(run_at_once(3, lambda: look(alike))) == 1

    said = {
        "time": "its time is over (0 of 1 used, EUR 0.00 of EUR 3.00)",
        "number": "used up (1 of 1 used, EUR 1.00 of EUR 3.00)",
    }
    assert ended(alike) == [f"The standing permission ended: {said[over]}"]
    assert told(alike) == {}


@on_sqlite
def test_what_was_rejected_when_a_letter_chose_it_cannot_be_asked_for(alike: Road) -> None:
    made_up = alike.propose("till.refund", turn="turn_0", order="4712", minor=7)
    alike.prepare(made_up)
    alike.decide(made_up, vote="reject")

    assert alike.prepare(ask(alike, done(alike))) == "failed"


# Confirmations


@pytest.fixture
def confirmed(alike: Road) -> Road:
    """The same where Ana confirms refunds herself."""
    return alike.changed(policy=parse_policy(CONFIRMED, Path("policy.yaml")))


def confirm(road: Road) -> str:
    first = road.propose("till.refund", turn="turn_first", order="4711", minor=100)
    assert road.prepare(first) == "awaiting"
    assert road.decide(first, person="ana").outcome == "approved"
    assert road.execute(first) == "succeeded"
    return first


@on_sqlite
def test_that_a_confirmation_is_not_needed_is_for_others_to_say(confirmed: Road) -> None:
    """A confirmation is the asker's own care: nobody takes it from themselves."""
    asked = ask(confirmed, confirm(confirmed))

    assert confirmed.prepare(asked) == "awaiting"
    row = confirmed.row(asked)
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["group:finance"]
    assert confirmed.decide(asked, person="ana").outcome == "not_allowed"
    assert confirmed.decide(asked, person="finn").outcome == "approved"
    assert confirmed.execute(asked) == "succeeded"

    covered = confirmed.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert confirmed.prepare(covered) == "allowed"
    made_up = confirmed.propose("till.refund", turn="turn_3", order="4713", minor=7)
    assert confirmed.prepare(made_up) == "awaiting"
    assert permission(confirmed).used == 1


@on_sqlite
@pytest.mark.parametrize(
    "rule",
    [
        "default_approvers: group:nobody",
        "default_approvers: group:ana",
        "- {name: own, tool: signoff.allow_alike, ask: requester}",
        "- {name: own, tool: signoff.allow_alike, allow: true}",
    ],
)
def test_where_nobody_else_is_named_a_confirmation_is_never_covered(alike: Road, rule: str) -> None:
    text = CONFIRMED
    if rule.startswith("-"):
        text += f"  {rule}\n"
    else:
        text = text.replace("default_approvers: group:finance", rule)
    alone = with_people(alike, PEOPLE.replace("nobody: []", "nobody: [], ana: [ana]")).changed(
        policy=parse_policy(text, Path("policy.yaml"))
    )

    assert alone.prepare(ask(alone, confirm(alone))) == "denied"


# What ends it


@on_sqlite
@pytest.mark.parametrize("began", [False, True])
def test_another_version_of_the_tool_ends_it(
    alike: Road, till: Till, ports: Ports, began: bool
) -> None:
    """For what is asked afterwards, and for what was allowed and has not begun."""
    given(alike)
    if began:
        action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
        assert alike.prepare_only(action_id) == "allowed"
    plain = connector(till.url)
    tools = tuple(replace(tool, version="2.0.0") for tool in plain.tools)
    registry = Registry.of([replace(plain, tools=tools), signoff.make(ports)])
    newer = alike.changed(registry=registry)

    if began:
        assert newer.execute(action_id) == "superseded"
        action_id = newer.head(action_id).id
    else:
        action_id = newer.propose("till.refund", turn="turn_2", order="4712", minor=100)

    assert newer.prepare(action_id) == "awaiting"
    assert newer.row(action_id).tool_version == "2.0.0"
    assert permission(newer).used == 0


@on_sqlite
@pytest.mark.parametrize(
    "stricter",
    [
        "who: group:board, standing: true, why",
        "who: group:finance, quorum: 2, standing: true, why",
    ],
)
def test_a_policy_that_asks_others_since_is_not_answered_by_it(alike: Road, stricter: str) -> None:
    given(alike)
    people = PEOPLE.replace("finance: [finn]", "finance: [finn, olga], board: [olga]")
    text = POLICY.replace("who: group:finance, why", stricter)
    changed = with_people(alike, people).changed(policy=parse_policy(text, Path("policy.yaml")))

    action_id = changed.propose("till.refund", turn="turn_2", order="4712", minor=100)

    assert changed.prepare(action_id) == "awaiting"


@on_sqlite
def test_four_eyes_asked_for_since_are_not_given_by_one_person_alone(alike: Road) -> None:
    lax = STANDING.replace("standing: true", "standing: true, four_eyes: false")
    alone = with_people(alike, PEOPLE.replace("[finn]", "[ana]")).changed(
        policy=parse_policy(lax, Path("policy.yaml"))
    )
    first = alone.propose("till.refund", turn="turn_first", order="4711", minor=100)
    alone.prepare(first)
    alone.decide(first, person="ana")
    alone.execute(first)
    asked = ask(alone, first)
    alone.prepare(asked)
    alone.decide(asked, person="ana")
    assert alone.execute(asked) == "succeeded"

    strict = with_people(alone, PEOPLE.replace("[finn]", "[ana, finn]")).changed(
        policy=parse_policy(STANDING, Path("policy.yaml"))
    )
    action_id = strict.propose("till.refund", turn="turn_2", order="4712", minor=100)

    assert strict.prepare(action_id) == "awaiting"


@on_sqlite
def test_what_was_rejected_counts_however_long_ago(alike: Road) -> None:
    """R107: burying a refusal under newer actions does not make it forgotten."""
    rejected = alike.propose("till.refund", turn="turn_0", order="4712", minor=100)
    alike.prepare(rejected)
    alike.decide(rejected, vote="reject")
    alike.wait(60)
    done(alike)
    bounds = Bounds(
        tool="till.refund", tool_version="1.0.0", asker="ana", automation="assistant",
        outside=False, own=False, at_most=Money(100, "EUR"), recipients=(),
        fields={"order": {"any": True}, "minor": {"from": 1, "to": 100}},
    )  # fmt: skip

    with alike.db.read() as session:
        found = looked_through(
            session, alike.deps.people, bounds, workspace_id="T0PRACTICE", newest=1
        )

    assert rejected not in found.asked
    assert found.rejected == (rejected,)


@pytest.mark.parametrize(
    ("address", "covered"),
    [
        ("mara@post.example", True),
        ("MARA@Post.Example", True),
        ("eve@evil.example,mara@post.example", False),
        ("eve@evil.example mara@post.example", False),
        ("eve@evil.example <mara@post.example>", False),
        ("mara@post.example@evil.example", False),
        ("mara@evil.example", False),
        ("mara@sub.post.example", False),
        ("mara", False),
    ],
)
def test_a_domain_covers_one_plain_address_of_it(address: str, covered: bool) -> None:
    """R100: what a model writes into one argument never reaches further than what was allowed."""
    bounds = Bounds(
        tool="mail.send", tool_version="1.0.0", asker="ana", automation="assistant", outside=True,
        own=True, at_most=None, recipients=("@post.example",), fields={"to": {"recipients": True}},
    )  # fmt: skip
    people = People.parse(PEOPLE, Path("people.yaml"))
    ana = people.by_id("ana")
    assert ana is not None
    subject = Subject(
        tool="mail.send", effect="irreversible", args={"to": [address]}, principal=ana,
        channel="C0SUPPORT", automation="assistant", origins={"/to/0": Origin.REQUESTER},
        authority=("to",), outside=True, own=True, recipients=(address,),
    )  # fmt: skip

    assert (outside_of(bounds, subject, people, "1.0.0") is None) is covered


@on_sqlite
def test_the_card_says_what_is_not_bounded(alike: Road) -> None:
    text = STANDING.replace(
        "outside: false, allow: true", "outside: false, who: group:finance, standing: true"
    )
    road = alike.changed(policy=parse_policy(text, Path("policy.yaml")))
    first = road.approved("till.letter", to="finn@lindqvist.example", text="hello")
    road.execute(first)

    letters = ask(
        road, first, at_most=None, in_all=None, may_differ=[], recipients=["@lindqvist.example"]
    )

    assert road.prepare(letters) == "awaiting"
    preview = road.row(letters).preview
    assert preview is not None
    assert ["may say anything in", "text"] in preview["details"]
