"""Limits over time where actions are judged and begun: what counts, and that none is overrun."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from road import TEXT, Road
from sqlmodel import select
from till import Fault, Till
from till_tools import connector

from approvals.editing import edit
from approvals.origins import Labelled
from approvals.policy.file import parse_policy
from approvals.policy.judge import Verdict
from approvals.tables import Request
from core.origins import Origin
from tools.contract import Connector
from tools.registry import Registry

ORDERS = [f"47{n:02}" for n in range(11, 40)]
#: Where the database makes no difference.
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
REFUNDS = "tool: till.refund, in_all: {at_most: 3 EUR, within: 24 hours}"
USED = (
    "EUR 3 of EUR 3 in 24 hours are used up for Ana without needing anybody else; "
    "this would make it EUR 4"
)


@pytest.fixture
def limited(road: Road, till: Till) -> Road:
    """Refunds of EUR 3 in 24 hours for each asker pass; what is beyond is asked of Finance."""
    till.paid.update(dict.fromkeys(ORDERS, 18_000))
    texts = [Labelled(Origin.REQUESTER, " ".join([TEXT, "200", *ORDERS]))]
    return under(road.changed(evidence=lambda _session, _action: texts), f"{REFUNDS}, allow: true")


def under(road: Road, *rules: str) -> Road:
    text = "default_approvers: group:finance\nrules:\n" + "".join(
        f"  - {{name: r{n}, {rule}}}\n" for n, rule in enumerate(rules)
    )
    return road.changed(policy=parse_policy(text, Path("policy.yaml")))


def refund(
    road: Road, n: int, minor: int = 100, *, tool: str = "till.refund", by: str = "ana"
) -> str:
    """The n-th refund, proposed."""
    return road.propose(tool, turn=f"turn_{n}", by=by, order=ORDERS[n], minor=minor)


def done(road: Road, numbers: Sequence[int]) -> list[str]:
    return [road.prepare(refund(road, n)) for n in numbers]


def why(road: Road, action_id: str) -> str:
    found = road.row(action_id).verdict
    assert found is not None
    return Verdict.from_json(found).reason


def test_what_is_beyond_the_limit_is_asked_and_the_card_says_how_much_was_used_up(
    limited: Road, till: Till
) -> None:
    assert done(limited, range(3)) == ["allowed"] * 3

    fourth = refund(limited, 3)

    assert limited.prepare(fourth) == "awaiting"
    assert why(limited, fourth) == USED
    assert limited.posts(fourth, "card") == 1
    assert till.effects("/refund") == 3
    # Another asker has a limit of their own.
    assert limited.prepare(refund(limited, 4, by="finn")) == "allowed"
    # What Finance said yes to is done, once, and uses nothing up.
    limited.decide(fourth)
    assert limited.execute(fourth) == "succeeded"
    limited.wait(86_400 + 10)
    assert done(limited, (5, 6, 7, 8)) == ["allowed"] * 3 + ["awaiting"]


def test_many_that_each_fit_alone_are_not_all_begun(limited: Road, till: Till) -> None:
    """Judged at the same moment and begun at the same moment: the limit holds all the same, and
    what is beyond it is asked."""
    road = under(
        limited.changed(registry=Registry.of([connector(till.url), another(till.url)])),
        f"{REFUNDS.replace('till.refund', '[till.refund, kiosk.refund]')}, allow: true",
    )
    ids = [refund(road, n, tool=("till.refund", "kiosk.refund")[n % 2]) for n in range(8)]
    together = threading.Barrier(len(ids))

    def judged_at_once(_subject: Any, verdict: Verdict) -> Verdict:
        together.wait(timeout=60)
        return verdict

    at_once(road.changed(floor=judged_at_once).prepare_only, ids)
    assert {road.status(action_id) for action_id in ids} == {"allowed"}

    at_once(road.execute, ids)

    statuses = sorted(road.status(action_id) for action_id in ids)
    assert statuses == ["succeeded"] * 3 + ["superseded"] * 5
    assert till.effects("/refund") == 3
    heads = [road.head(action_id).id for action_id in ids]
    asked = [head for head in heads if head not in ids]
    assert {road.prepare(head) for head in asked} == {"awaiting"}
    assert {why(road, head) for head in asked} == {USED}
    assert f"Looked at afresh: {USED}" in road.reasons(road.row(asked[0]).supersedes or "")


def another(url: str) -> Connector:
    """Another connector that refunds: nothing but the limit is common to both."""
    till = connector(url)
    refunds = next(tool for tool in till.tools if tool.name == "till.refund")
    return replace(till, name="kiosk", tools=(replace(refunds, name="kiosk.refund"),))


def at_once(job: Any, ids: Sequence[str]) -> None:
    threads = [threading.Thread(target=job, args=(action_id,)) for action_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@on_sqlite
def test_two_rules_are_no_way_past_the_limit(limited: Road) -> None:
    two = under(
        limited,
        f"{REFUNDS}, args: {{order: '471*'}}, allow: true",
        f"{REFUNDS}, args: {{order: '472*'}}, allow: true",
    )

    assert done(two, (0, 1)) == ["allowed"] * 2
    assert done(two, (9, 10, 2)) == ["allowed", "awaiting", "awaiting"]


@on_sqlite
def test_what_its_asker_has_yet_to_confirm_counts(limited: Road) -> None:
    confirmed = under(limited, f"{REFUNDS}, ask: requester")
    first = [refund(confirmed, n) for n in range(3)]
    assert [confirmed.prepare(action_id) for action_id in first] == ["awaiting"] * 3

    confirmed.wait(86_400 + 3_600)
    fourth = refund(confirmed, 3)
    confirmed.prepare(fourth)

    assert asked(confirmed, first[0]) == ["requester"]
    assert asked(confirmed, fourth) == ["group:finance"]
    for action_id in first:
        confirmed.decide(action_id, "ana")
        assert confirmed.execute(action_id) == "succeeded"


@on_sqlite
def test_questions_put_before_the_limit_was_reached_are_put_to_others_after_it(
    limited: Road, till: Till
) -> None:
    """Confirmed one after the other, later than all of them were judged."""
    free = under(limited, "tool: till.refund, ask: requester")
    confirmed = under(limited, f"{REFUNDS}, ask: requester")
    ids = [refund(free, n) for n in range(5)]
    for action_id in ids:
        free.prepare(action_id)
        limited.set(action_id, verdict=_by(confirmed, free.row(action_id).verdict))
        free.decide(action_id, "ana")

    assert [confirmed.execute(each) for each in ids] == ["succeeded"] * 3 + ["superseded"] * 2
    again = confirmed.head(ids[-1]).id
    confirmed.prepare(again)
    assert asked(confirmed, again) == ["group:finance"]
    assert till.effects("/refund") == 3


def _by(road: Road, verdict: Any) -> dict[str, Any]:
    """As if it had been judged under this policy, at a time when all of it fitted."""
    digests = {"policy": road.deps.policy.digest, "people": road.deps.people.digest}
    return {**verdict, "digests": digests}


def asked(road: Road, action_id: str) -> list[str]:
    with road.db.read() as session:
        request = session.exec(select(Request).where(Request.action_id == action_id)).one()
        return [stage["who"] for stage in request.stages]


@on_sqlite
def test_what_failed_for_certain_gives_its_share_back_and_what_is_unclear_does_not(
    limited: Road, till: Till
) -> None:
    ids = [refund(limited, n) for n in range(3)]
    till.faults.append(Fault("POST /refund", "status", status=409))
    assert [limited.prepare(action_id) for action_id in ids] == ["allowed"] * 3
    assert [limited.status(each) for each in ids] == ["failed", "succeeded", "succeeded"]

    limited.set(ids[1], status="unknown")

    assert done(limited, (3, 4)) == ["allowed", "awaiting"]


@on_sqlite
def test_what_was_taken_back_counts_and_taking_it_back_adds_nothing(limited: Road) -> None:
    ids = [refund(limited, n) for n in range(2)]
    for action_id in ids:
        limited.prepare(action_id)
    limited.set(ids[1], undoes=ids[0])

    assert done(limited, (3, 4, 5)) == ["allowed", "allowed", "awaiting"]


@on_sqlite
def test_what_was_edited_counts_once(limited: Road) -> None:
    road = under(limited, f"{REFUNDS}, ask: requester, editable: minor")
    first = refund(road, 0)
    road.prepare(first)
    newer = changed(road, first, {"order": ORDERS[0], "minor": 200})
    assert road.prepare(newer) == "awaiting"

    second, third = refund(road, 1), refund(road, 2)
    road.prepare(second)
    road.prepare(third)

    assert asked(road, second) == ["requester"]
    assert asked(road, third) == ["group:finance"]


def changed(road: Road, action_id: str, args: dict[str, Any]) -> str:
    with road.db.transaction() as session:
        request = session.exec(select(Request).where(Request.action_id == action_id)).one()
        ana = road.deps.people.by_id("ana")
        assert ana is not None
        found = edit(
            session, road.deps.log, road.deps.people, request_id=request.id, person=ana,
            args=args, now=road.clock.now(),
        )  # fmt: skip
    assert found.action_id is not None
    return found.action_id


@on_sqlite
def test_what_was_tried_twice_counts_once(limited: Road, till: Till) -> None:
    till.faults.append(Fault("POST /refund", "drop_after"))
    first = refund(limited, 0)
    limited.prepare(first)
    limited.wait(60)
    assert limited.execute(first) == "succeeded"
    assert limited.row(first).attempt == 2

    assert done(limited, (1, 2, 3)) == ["allowed", "allowed", "awaiting"]


@on_sqlite
@pytest.mark.parametrize(
    ("seconds", "then"), [(86_000, "awaiting"), (86_400 + 10, "allowed"), (-90_000, "awaiting")]
)
def test_the_window_slides_and_a_clock_set_back_empties_none(
    limited: Road, seconds: int, then: str
) -> None:
    done(limited, range(3))

    limited.clock.advance(timedelta(seconds=seconds))

    assert done(limited, [3]) == [then]


@on_sqlite
def test_another_currency_in_between_has_it_asked(limited: Road) -> None:
    (first,) = [refund(limited, 0)]
    limited.prepare(first)
    preview = dict(limited.row(first).preview or {})
    limited.set(first, preview={**preview, "amount": {"minor": 100, "currency": "USD"}})

    second = refund(limited, 1)

    assert limited.prepare(second) == "awaiting"
    assert why(limited, second) == "what went through before cannot be added up with it"


def test_a_limit_for_each_recipient_counts_how_often(limited: Road) -> None:
    road = under(
        limited,
        "tool: till.letter, in_all: {at_most: 1, within: 1 hour, per: args.to}, allow: true",
    )
    letters = [
        road.propose("till.letter", turn=f"turn_l{n}", to=to, text=f"hello {n}")
        for n, to in enumerate(("finn@lindqvist.example", "o@lindqvist.example"))
    ]
    again = road.propose("till.letter", turn="turn_l3", to="Finn@lindqvist.example", text="hello")

    assert [road.prepare(each) for each in letters] == ["allowed", "allowed"]
    assert road.prepare(again) == "awaiting"
    assert why(road, again) == (
        "1 of 1 in 1 hour are used up for finn@lindqvist.example without needing anybody else; "
        "this would make it 2"
    )


@on_sqlite
def test_a_limit_that_refuses_refuses_what_was_permitted_before_it_was_reached(
    limited: Road, till: Till
) -> None:
    road = under(
        limited,
        "tool: till.refund, allow: true",
        "tool: till.refund, in_all: {above: 3 EUR, within: 24 hours, per: all}, deny: true",
    )
    late = refund(road, 9)
    assert road.prepare_only(late) == "allowed"
    road.set(late, status="proposed")  # it is not counted with the others
    done(road, range(3))
    road.set(late, status="allowed")

    assert road.execute(late) == "denied"
    assert till.effects("/refund") == 3
