"""History judged again: what is rebuilt, what a change would do, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from approvals.config_texts import keep_text
from approvals.editing import agreed_by_asker
from approvals.floors import SET_POLICY, raised
from approvals.groups_then import note
from approvals.people import People
from approvals.policy.again import NO_MEMBERS
from approvals.policy.cases import Subject
from approvals.policy.file import parse_policy
from approvals.policy.history import Directories, Past, Slice, past_actions
from approvals.policy.judge import Policy, Verdict, judge
from approvals.policy.report import report
from approvals.policy.trials import Trial, try_everywhere, try_here
from approvals.policy.trying import Change, Tried
from approvals.subjects import ALIKE, subject_of
from approvals.tables import Action
from core.db import Database
from tests.approvals.conftest import CROWD, NOW, TEAM, said_no

THEN = """
default_approvers: group:finance
rules:
  - {name: small, tool: shop.refund, at_most: 100 EUR, ask: requester}
  - {name: large, tool: shop.refund, above: 100 EUR, who: group:finance}
"""
LOOSER = THEN.replace("100 EUR", "200 EUR").replace("ask: requester", "allow: true")
Acted = Callable[..., str]


@pytest.fixture
def acted(db: Database, people: People) -> Acted:
    """A past refund as the product leaves it, judged under `THEN`."""
    count = 0

    def make(minor: int, *, by: str = "ana", **columns: Any) -> str:
        nonlocal count
        count += 1
        action = Action(
            id=f"act_{count:02x}", workspace_id=TEAM, principal_id=by, channel="C0SUPPORT",
            tool="shop.refund", tool_version="1.0.0", status="succeeded", preview=_preview(minor),
            args={"order": f"{count}"}, origins={"/order": "requester"}, created_at=NOW,
        )  # fmt: skip
        action.verdict = judge(
            parse_policy(THEN, Path("p.yaml")), people, _subject(people, action)
        ).as_json()
        for name, value in columns.items():
            setattr(action, name, value)
        with db.transaction() as session:
            session.add(action)
        return f"act_{count:02x}"

    return make


def _preview(minor: int) -> dict[str, Any]:
    return {
        "title": f"Refund {minor}", "amount": {"minor": minor, "currency": "EUR"},
        "outside": False, "own": False, "recipients": [], "authority": ["order"],
        "read_at": NOW.isoformat(),
    }  # fmt: skip


def _subject(people: People, action: Action) -> Subject:
    principal = people.by_id(action.principal_id)
    assert principal is not None
    assert action.preview is not None
    return subject_of(
        tool=action.tool, effect="reversible", args=action.args, principal=principal,
        channel=action.channel, automation=action.automation, origins=action.origins,
        authority=["order"], preview=action.preview, undoes=False, at=NOW,
    )  # fmt: skip


def _try(db: Database, people: People, text: str) -> Tried:
    with db.read() as session:
        return try_here(session, parse_policy(text, Path("new.yaml")), people, Slice(TEAM))


def _report(db: Database, people: People, tried: Tried) -> list[str]:
    with db.read() as session:
        return report(session, people, tried)


def test_what_was_judged_is_rebuilt_as_it_was(db: Database, people: People, acted: Acted) -> None:
    acted(5000)

    with db.read() as session:
        (past,) = past_actions(session, Slice(TEAM), Directories({people.digest: people}))
        (row,) = [session.get_one(Action, "act_01")]

    assert isinstance(past, Past)
    assert past.subject() == _subject(people, row)


def test_a_change_is_told_by_rule_for_whom_and_how_much(
    db: Database, people: People, acted: Acted
) -> None:
    acted(5000)
    acted(7000, by="sam")
    acted(15_000)
    acted(50_000)

    tried = _try(db, people, LOOSER)

    assert _report(db, people, tried) == [
        "3 of 4 past actions would have come out differently.",
        "Answers asked of people: 4 then, 1 under this file (3 saved, 0 added).",
        "  asked of the asker → allowed, by “small”: 2 actions, Ana 1, Sam 1; EUR 120.00",
        "  asked of Finance → allowed, by “small”: 1 action, Ana 1; EUR 150.00",
    ]


def test_allowing_what_a_person_rejected_is_listed_with_their_words(
    db: Database, people: People, acted: Acted
) -> None:
    """R110: whoever loosens a rule sees which refusals of people it would have passed over."""
    action_id = acted(15_000, status="rejected")
    acted(15_000, status="expired")
    with db.transaction() as session:
        said_no(session, action_id, "not this customer")

    tried = _try(db, people, LOOSER)

    assert tried.rejected_allowed.ids == [action_id]
    assert _report(db, people, tried)[-2:] == [
        "ALLOWED NOW, BUT REJECTED BY A PERSON THEN: 1",
        f"  {action_id} Refund 15000, asked by Ana; Finn said no at 09:00 on Fri 20 Nov: "
        "“not this customer”",
    ]


def test_what_others_rejected_is_not_left_to_the_asker_unseen(
    db: Database, people: People, acted: Acted
) -> None:
    action_id = acted(15_000, status="rejected")
    with db.transaction() as session:
        said_no(session, action_id)

    tried = _try(db, people, THEN.replace("100 EUR", "200 EUR"))

    assert (tried.rejected_allowed.count, tried.rejected_to_asker.ids) == (0, [action_id])


def test_what_nobody_answered_was_rejected_by_nobody(
    db: Database, people: People, acted: Acted
) -> None:
    """A rule's `on_expiry: reject` refuses it, and is nobody's no (ADR 0025)."""
    acted(15_000, status="rejected")

    allowed, to_asker = (
        _try(db, people, text) for text in (LOOSER, THEN.replace("100 EUR", "200 EUR"))
    )

    assert (allowed.changed, allowed.rejected_allowed.count) == (1, 0)
    assert (to_asker.changed, to_asker.rejected_to_asker.count) == (1, 0)


def test_refusing_what_was_done_is_listed(db: Database, people: People, acted: Acted) -> None:
    done = acted(5000)
    acted(5000, status="cancelled")

    tried = _try(db, people, THEN.replace("ask: requester", "deny: true"))

    assert (tried.done_refused.count, tried.done_refused.ids) == (1, [done])
    assert tried.changes[Change("asked of the asker", "refused", "small")].actions == 2


def test_asking_nobody_counts_as_refusing(db: Database, people: People, acted: Acted) -> None:
    done = acted(5000)

    tried = _try(db, people, THEN.replace("ask: requester", "who: group:empty"))

    after = "refused, as nobody could approve"
    assert list(tried.changes) == [Change("asked of the asker", after, "small")]
    assert (tried.done_refused.ids, tried.asked_now) == ([done], 0)


def test_what_no_policy_decided_is_no_change(db: Database, people: People, acted: Acted) -> None:
    """The same was under way: asked whatever the rules say. A standing permission covered it."""
    raised = replace(
        judge(parse_policy(LOOSER, Path("p.yaml")), people, _subject_of(people)), kind="ask"
    ).as_json()
    acted(5000, verdict={**raised, "rules": [*raised["rules"], ALIKE]})
    large = judge(parse_policy(LOOSER, Path("p.yaml")), people, _subject_of(people, 50_000))
    acted(50_000, verdict={**large.as_json(), "stood_on": "stand_1"})

    tried = _try(db, people, LOOSER)

    assert (tried.changes, tried.asked_then, tried.asked_now) == ({}, 0, 0)


def _subject_of(people: People, minor: int = 5000) -> Subject:
    principal = people.by_id("ana")
    assert principal is not None
    return subject_of(
        tool="shop.refund", effect="reversible", args={}, principal=principal, channel="C",
        automation="assistant", origins={}, authority=[], preview=_preview(minor), undoes=False,
        at=NOW,
    )  # fmt: skip


BOARD = THEN.replace("who: group:finance}", "who: usergroup:board}")


def test_a_user_group_is_asked_with_the_members_it_had_then(db: Database, acted: Acted) -> None:
    """Before anything is known of it nothing is guessed; then Sam is in it, then nobody is known,
    then only Ana, who asks herself."""
    people = People.parse(CROWD + "usergroups: {board: S0BOARD}\n", Path("people.yaml"))
    for day in range(4):
        preview = {**_preview(15_000), "read_at": (NOW + timedelta(days=day)).isoformat()}
        verdict = {**judge(_parsed(THEN), people, _subject_of(people, 15_000)).as_json()}
        acted(15_000, preview=preview, verdict=verdict)
    with db.transaction() as session:
        for day, members in ((1, ["U0SAM"]), (2, None), (3, ["U0ANA"])):
            at = NOW + timedelta(days=day)
            note(session, workspace_id=TEAM, group_id="S0BOARD", members=members, now=at)

    tried = _try(db, people, BOARD)

    nobody = "refused, as nobody could approve"
    assert {change.after: found.actions for change, found in tried.changes.items()} == {
        "asked of Board": 1,
        nobody: 2,
    }
    assert tried.left_out == {NO_MEMBERS: 1}


def test_what_others_changed_is_judged_with_the_askers_yes_as_it_was(
    db: Database, people: People, acted: Acted
) -> None:
    """Finn lowered it: Ana agreed to that, and would have to under any other policy as well."""
    edits = [{"by": "finn", "at": NOW.isoformat(), "changed": []}]
    action_id = acted(15_000, edits=edits)
    with db.transaction() as session:
        row = session.get_one(Action, action_id)
        row.verdict = agreed_by_asker(Verdict.from_json(row.verdict or {}), row, people).as_json()
        session.add(row)

    same, looser = _try(db, people, THEN), _try(db, people, LOOSER)

    assert (same.changes, same.asked_now) == ({}, 2)
    assert list(looser.changes) == [
        Change("asked of Finance and the asker", "asked of the asker", "small")
    ]


def test_what_no_policy_lowers_is_no_change(db: Database, people: People, acted: Acted) -> None:
    verdict = judge(_parsed(THEN), people, _subject_of(people))
    subject = replace(_subject_of(people), tool=SET_POLICY)
    raised_then = raised(subject, verdict, people, lambda _id: None).as_json()
    acted(5000, tool=SET_POLICY, verdict=raised_then)

    tried = _try(db, people, "default_approvers: group:finance\nrules: [{name: a, allow: true}]")

    assert (tried.judged, tried.changes) == (1, {})


def _parsed(text: str) -> Policy:
    return parse_policy(text, Path("p.yaml"))


def test_what_cannot_be_rebuilt_is_counted_and_never_guessed(
    db: Database, people: People, acted: Acted
) -> None:
    acted(5000)
    acted(5000, status="superseded")
    acted(5000, verdict=None, status="failed")
    acted(5000, preview={"title": "before previews said all"})
    acted(5000, preview={**_preview(1), "read_at": "yesterday"})
    old = {**judge(parse_policy(THEN, Path("p")), people, _subject_of(people)).as_json()}
    acted(5000, verdict={**old, "digests": {"people": "sha256:lost"}})
    acted(5000, principal_id="gone")

    lines = _report(db, people, _try(db, people, THEN))

    assert lines[0] == "0 of 1 past actions would have come out differently."
    assert set(lines[2:]) == {
        "Not judged again: 1 were replaced by newer ones, which are judged.",
        "Not judged again: 1 ended before they were judged.",
        "Not judged again: 1 do not say what was found before they were judged.",
        "Not judged again: 1 hold something that cannot be judged.",
        "Not judged again: 1 were judged with a people.yaml that was not kept.",
        "Not judged again: 1 were asked for by somebody who is not in people.yaml.",
    }


def test_the_people_of_then_count_unless_others_are_named(
    db: Database, people: People, acted: Acted
) -> None:
    """Ana was support then; today she is not. A rule for support meets what she asked then."""
    acted(5000)
    today = CROWD.replace("roles: [support]", "roles: [sales]")
    text = THEN.replace("ask: requester", "allow: true, role: support")
    with db.transaction() as session:
        keep_text(session, workspace_id=TEAM, kind="people", text=CROWD, now=NOW)
        keep_text(session, workspace_id=TEAM, kind="people", text="not: [people", now=NOW)
    url = db.engine.url.render_as_string(hide_password=False)

    then = try_everywhere(url, Trial(text, today), Slice(TEAM), processes=1)
    now = try_everywhere(url, Trial(text, today, for_all=True), Slice(TEAM), processes=1)

    assert [change.after for change in then.changes] == ["allowed"]
    assert [change.after for change in now.changes] == ["asked of Finance"]


def test_several_processes_find_what_one_finds(db: Database, people: People, acted: Acted) -> None:
    """Also where some of it is judged in its order, under a limit over time."""
    for n in range(40):
        tool = "shop.refund" if n % 2 else "shop.order"
        status = "rejected" if n % 5 == 0 else "succeeded"
        acted(n * 1000, status=status, id=f"act_{n * 6:02x}{n}", tool=tool)
    text = LOOSER + LIMITED.split("rules:")[1]
    url, trial = db.engine.url.render_as_string(hide_password=False), Trial(text, CROWD)

    assert try_everywhere(url, trial, Slice(TEAM), processes=2) == try_everywhere(
        url, trial, Slice(TEAM), processes=1
    )


def test_what_decides_about_a_person_is_asked_under_any_policy(
    db: Database, people: People, acted: Acted
) -> None:
    """R117: a policy that allows all of it changes nothing there."""
    action_id = acted(18_000)
    with db.transaction() as session:
        row = session.get_one(Action, action_id)
        row.verdict = {**(row.verdict or {}), "about_people": True}

    tried = _try(db, people, "default_approvers: group:finance\nrules: [{name: all, allow: true}]")

    assert (tried.judged, tried.changed) == (1, 0)


LIMITED = """
default_approvers: group:finance
rules:
  - {name: few, tool: shop.refund, allow: true, in_all: {at_most: 100 EUR, within: 24 hours}}
"""


def acted_at(acted: Acted, hours: int, minor: int, **changes: Any) -> None:
    """So many hours ago."""
    at = NOW - timedelta(hours=hours)
    acted(minor, preview=_preview(minor) | {"read_at": at.isoformat()}, created_at=at, **changes)


def test_limits_over_time_are_played_again_in_order(
    db: Database, people: People, acted: Acted
) -> None:
    """What failed counts for nothing, nor does what Finance would have been asked about."""
    acted_at(acted, 50, 6_000, status="failed")
    acted_at(acted, 40, 6_000)
    acted_at(acted, 30, 6_000)
    acted_at(acted, 15, 6_000)
    acted_at(acted, 1, 6_000)
    acted_at(acted, 0, 6_000, by="sam")

    tried = _try(db, people, LIMITED)

    assert {(c.before, c.after): found.actions for c, found in tried.changes.items()} == {
        ("asked of the asker", "allowed"): 4,
        ("asked of the asker", "asked of Finance"): 2,
    }


def test_the_newest_are_played_again_in_order_too(
    db: Database, people: People, acted: Acted
) -> None:
    for hours in (3, 1, 2, 5, 4):
        acted_at(acted, hours, 3_000)
    policy = parse_policy(LIMITED, Path("new.yaml"))

    with db.read() as session:
        newest, whole = (
            try_here(session, policy, people, Slice(TEAM, newest=n)) for n in (100, None)
        )

    assert newest == whole
    assert sorted(found.actions for found in whole.changes.values()) == [2, 3]
