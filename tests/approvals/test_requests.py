"""Questions and answers: one decision however many click, and a truthful reply to each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from approvals import grants
from approvals.actions import cancel
from approvals.decided import Decided
from approvals.disclosing import disclose
from approvals.opening import open_request
from approvals.people import People
from approvals.people_tables import Accounts
from approvals.policy.judge import Stage
from approvals.requests import decide, expire_due
from approvals.tables import Action, Decision, Disclosure, Grant, Request
from approvals.waiting import waiting_for, waiting_of
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.errors import ApprovalError
from core.outbox import Outbox
from core.posts import Post
from tests.approvals.conftest import CROWD, NOW, Propose, verdict

Awaiting = Callable[..., tuple[Action, str]]
Click = Callable[..., Decided]
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def click(db: Database, log: Log, people: People) -> Click:
    def press(
        request_id: str,
        who: str | None,
        vote: str = "approve",
        *,
        now: datetime = LATER,
        reason: str | None = None,
    ) -> Decided:
        with db.transaction() as session:
            return decide(
                session,
                log,
                people,
                request_id=request_id,
                person=None if who is None else people.by_id(who),
                vote=vote,  # type: ignore[arg-type]
                reason=reason,
                now=now,
            )

    return press


def statuses(session: Session, action: Action, request_id: str) -> tuple[str, str]:
    row = session.get_one(Action, action.id)
    return row.status, session.get_one(Request, request_id).status


def test_an_approval_permits_and_queues_the_execution_once(
    db: Database, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()

    assert click(request_id, "finn") == Decided("approved", "Approved. I do it now.")

    with db.read() as session:
        assert statuses(session, action, request_id) == ("approved", "approved")
        queued = session.exec(select(Outbox).where(Outbox.job == "execute")).one()
        grant = session.exec(select(Grant)).one()
        card = session.exec(select(Post).where(Post.kind == "card")).one()
    assert (queued.key, queued.args) == (f"{action.id}:approved", {"action_id": action.id})
    assert (grant.digest, grant.source, grant.consumed_at) == (
        "sha256:content",
        f"request:{request_id}",
        None,
    )
    assert (card.subject, card.channel, card.thread_ts, card.body, card.wanted) == (
        action.id,
        "C0SUPPORT",
        "1.0",
        {"request_id": request_id},
        2,
    )


def test_a_second_click_changes_nothing_and_is_told_what_happened(
    db: Database, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    click(request_id, "finn")

    answers = [
        click(request_id, who, vote) for who in ("finn", "olga") for vote in ("approve", "reject")
    ]

    assert {answer.outcome for answer in answers} == {"already_decided"}
    assert answers[0].sentence == "You approved this already, at 10:05 on Fri 20 Nov."
    assert answers[2].sentence == "Finn approved this already, at 10:05 on Fri 20 Nov."
    with db.read() as session:
        assert len(session.exec(select(Decision)).all()) == 1
        assert statuses(session, action, request_id) == ("approved", "approved")


def test_a_rejection_ends_it_and_wakes_the_turn(
    db: Database, log: Log, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()

    answer = click(request_id, "finn", "reject", reason="We already sent a replacement")

    assert answer.outcome == "rejected"
    assert click(request_id, "olga").sentence.startswith("Finn rejected this already")
    with db.read() as session:
        assert statuses(session, action, request_id) == ("rejected", "rejected")
        assert session.exec(select(Grant)).all() == []
        (turn,) = session.exec(select(Outbox).where(Outbox.job == "run_turn")).all()
        vote = session.exec(select(Event).where(Event.type == "approvals:request:vote")).one()
        assert log.body(session, vote.id) == {"words": "We already sent a replacement"}
    assert turn.args == {"turn_id": "turn_1"}
    assert vote.reason == "Finn said no"


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("ana", "You cannot decide this; it is for Finn or Olga (Finance)."),
        ("sam", "You cannot decide this; it is for Finn or Olga (Finance)."),
        (None, "I don't know you, so you cannot decide this."),
    ],
)
def test_a_click_by_somebody_not_entitled_is_refused_with_the_reason_and_logged(
    db: Database, awaiting: Awaiting, click: Click, who: str | None, sentence: str
) -> None:
    """R7."""
    action, request_id = awaiting()
    if who == "ana":
        sentence = "You asked for this, so someone else must approve it: Finn or Olga (Finance)."

    assert click(request_id, who) == Decided("not_allowed", sentence)

    with db.read() as session:
        assert statuses(session, action, request_id) == ("awaiting", "pending")
        refused = session.exec(
            select(Event).where(Event.type == "approvals:request:refused_click")
        ).one()
    assert refused.actor == (who or "unknown")


def test_a_made_up_request_belongs_to_nothing(db: Database, click: Click) -> None:
    assert click("req_made_up", "finn").sentence == (
        "This button doesn't belong to an open request."
    )


def test_where_four_eyes_are_asked_the_asker_is_excluded_even_as_a_member(
    db: Database,
    log: Log,
    people: People,
    propose_some: Propose,
    click: Click,
) -> None:
    (action,) = propose_some(principal_id="finn")
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        row.digest = "sha256:c"
        request = open_request(session, log, row, verdict(), people, now=NOW)
        assert request is not None

    assert click(request.id, "finn").sentence == (
        "You asked for this, so someone else must approve it: Olga (Finance)."
    )
    assert click(request.id, "olga").outcome == "approved"


def test_a_confirmation_is_the_askers_alone(awaiting: Awaiting, click: Click) -> None:
    _, request_id = awaiting(Stage("requester", 1, "mail goes out in your name"), four_eyes=False)

    assert click(request_id, "olga").sentence == ("Only Ana, who asked for this, can confirm it.")
    assert click(request_id, "ana").outcome == "approved"


def test_a_quorum_counts_different_people(db: Database, awaiting: Awaiting, click: Click) -> None:
    action, request_id = awaiting(Stage("group:finance", 2, "it is much"))

    assert click(request_id, "finn") == Decided("counted", "Counted. 1 of 2 from Finance so far.")
    assert click(request_id, "finn") == Decided(
        "voted", "You have answered already. 1 of 2 from Finance so far."
    )
    with db.read() as session:
        assert statuses(session, action, request_id) == ("awaiting", "pending")
    assert click(request_id, "olga").outcome == "approved"


def test_stages_follow_one_another_and_nobody_fills_two(
    db: Database, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting(
        Stage("group:finance", 1, "money"), Stage("group:board", 1, "much")
    )

    assert click(request_id, "sam").outcome == "not_allowed"
    assert click(request_id, "finn") == Decided("counted", "Counted. Now it is for Board.")
    assert click(request_id, "finn").outcome == "voted"
    assert click(request_id, "sam").outcome == "approved"
    with db.read() as session:
        assert statuses(session, action, request_id) == ("approved", "approved")


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (Stage("group:empty"), "nobody can approve this: group empty is empty"),
        (Stage("group:ghosts"), "nobody can approve this: group ghosts is empty"),
        (
            Stage("group:alone"),
            "nobody can approve this: nobody but the person who asks is in Alone",
        ),
        (Stage("person:nobody"), "nobody can approve this: Nobody may not"),
        (
            Stage("group:finance", 3),
            "nobody can approve this: it needs 3 of Finance, and only 2 may",
        ),
    ],
)
def test_what_nobody_can_approve_is_denied_at_once(
    db: Database, log: Log, people: People, propose_some: Propose, stage: Stage, reason: str
) -> None:
    (action,) = propose_some()
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        assert open_request(session, log, row, verdict(stage), people, now=NOW) is None

    with db.read() as session:
        assert session.get_one(Action, action.id).status == "denied"
        assert session.exec(select(Request)).all() == []
        event = session.exec(select(Event).where(Event.type == "approvals:action:denied")).one()
        told = session.exec(select(Post).where(Post.kind == "notice")).one()
    assert event.reason == reason
    assert told.channel == "U0OLGA"
    assert str(told.body["text"]).startswith(f"{reason.capitalize()[0]}{reason[1:]}. What needs it")


def test_two_stages_that_need_the_same_only_person_are_denied(
    db: Database, log: Log, people: People, propose_some: Propose
) -> None:
    (action,) = propose_some()
    stages = (Stage("group:finance", 2), Stage("person:finn", 1))
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        assert open_request(session, log, row, verdict(*stages), people, now=NOW) is None


def test_a_late_click_finds_it_expired(db: Database, awaiting: Awaiting, click: Click) -> None:
    action, request_id = awaiting(expires_in_s=3600)

    answer = click(request_id, "finn", now=NOW + timedelta(hours=1))

    assert answer == Decided("expired", "This expired at 11:00 on Fri 20 Nov; nothing was done.")
    with db.read() as session:
        assert statuses(session, action, request_id) == ("expired", "expired")
    assert click(request_id, "finn").outcome == "already_decided"


def test_what_is_due_expires_and_the_rest_stays(db: Database, log: Log, awaiting: Awaiting) -> None:
    short, short_request = awaiting(turn_id="turn_a", expires_in_s=60)
    long, long_request = awaiting(turn_id="turn_b", expires_in_s=7200)

    with db.transaction() as session:
        assert expire_due(session, log, now=LATER) == 1
    with db.transaction() as session:
        assert expire_due(session, log, now=LATER) == 0

    with db.read() as session:
        assert statuses(session, short, short_request) == ("expired", "expired")
        assert statuses(session, long, long_request) == ("awaiting", "pending")
        event = session.exec(select(Event).where(Event.type == "approvals:action:expired")).one()
        turns = session.exec(select(Outbox.subject).where(Outbox.job == "run_turn")).all()
    assert event.reason == "Nobody answered in time (asked Finance)"
    assert turns == ["turn_a"]


def test_a_click_on_something_cancelled_is_told_so(
    db: Database, log: Log, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    with db.transaction() as session:
        cancel(session, log, action, now=NOW, actor="ana", reason="Ana stopped it")

    assert click(request_id, "finn") == Decided(
        "already_decided", "This was cancelled at 10:00 on Fri 20 Nov; nothing was done."
    )


def test_fifty_people_clicking_at_once_make_one_decision_and_truthful_replies(
    db: Database, log: Log, people: People, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    answers: list[Decided] = []
    start = threading.Barrier(50)

    def race(number: int) -> None:
        start.wait()
        who = ("finn", "olga")[number % 2]
        answers.append(click(request_id, who, ("approve", "reject")[number // 2 % 2]))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    outcomes = Counter(answer.outcome for answer in answers)
    won = "approved" if outcomes["approved"] else "rejected"
    assert outcomes == {won: 1, "already_decided": 49}
    late = {answer.sentence for answer in answers if answer.outcome == "already_decided"}
    assert all(f" {won} this already" in sentence for sentence in late)
    with db.read() as session:
        assert statuses(session, action, request_id) == (won, won)
        assert len(session.exec(select(Decision)).all()) == 1
        assert len(session.exec(select(Grant)).all()) == (won == "approved")


def test_a_click_and_an_expiry_at_once_leave_one_of_them(
    db: Database, log: Log, awaiting: Awaiting, click: Click
) -> None:
    for number in range(10):
        action, request_id = awaiting(turn_id=f"turn_{number}", expires_in_s=600)
        answers: list[str] = []

        def expire() -> None:
            with db.transaction() as session:
                expire_due(session, log, now=NOW + timedelta(seconds=600))

        def approve(request: str = request_id, into: list[str] = answers) -> None:
            into.append(click(request, "finn").outcome)

        threads = [threading.Thread(target=expire), threading.Thread(target=approve)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        with db.read() as session:
            status = statuses(session, action, request_id)
        assert (answers, status) in [
            (["approved"], ("approved", "approved")),
            (["already_decided"], ("expired", "expired")),
        ]


def test_what_waits_for_me_and_what_i_asked_for(
    db: Database, people: People, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting(Stage("group:finance", 2, "much"))
    finn, olga, ana = (people.by_id(name) for name in ("finn", "olga", "ana"))
    assert finn
    assert olga
    assert ana
    click(request_id, "finn")

    with db.read() as session:
        assert waiting_for(session, people, finn, now=LATER) == []
        assert [(r.id, a.id) for r, a in waiting_for(session, people, olga, now=LATER)] == [
            (request_id, action.id)
        ]
        assert waiting_for(session, people, ana, now=LATER) == []
        assert [r.id for r, _ in waiting_of(session, "ana")] == [request_id]
        assert waiting_of(session, "finn") == []
        assert waiting_for(session, people, olga, now=LATER, workspace_id="T0OTHER") == []


# The permission itself.


def test_a_permission_is_used_once(
    db: Database, log: Log, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    click(request_id, "finn")
    used: list[str] = []

    def race() -> None:
        try:
            with db.transaction() as session:
                grants.consume(session, log, action, now=LATER)
            used.append("used")
        except ApprovalError as error:
            used.append(error.sentence)

    threads = [threading.Thread(target=race) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(used) == {"used": 1, "this permission was used already": 19}


def test_a_permission_is_for_this_very_content_and_not_for_ever(
    db: Database, log: Log, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    click(request_id, "finn")

    def consume(digest: str, now: datetime) -> None:
        with db.transaction() as session:
            row = session.get_one(Action, action.id)
            row.digest = digest
            grants.consume(session, log, row, now=now)

    with pytest.raises(ApprovalError, match="is not what would be done now"):
        consume("sha256:other", LATER)
    with pytest.raises(ApprovalError, match="has expired"):
        consume("sha256:content", LATER + grants.GRANT_LIFE)
    consume("sha256:content", LATER)


def test_without_a_permission_nothing_is_consumed(
    db: Database, log: Log, awaiting: Awaiting
) -> None:
    action, _ = awaiting()

    with pytest.raises(ApprovalError, match="nobody permitted this"), db.transaction() as session:
        grants.consume(session, log, action, now=LATER)


def test_an_unprepared_action_cannot_be_permitted(
    db: Database, log: Log, propose_some: Propose
) -> None:
    (action,) = propose_some()

    with pytest.raises(ApprovalError, match="not looked into yet"), db.transaction() as session:
        grants.mint(session, log, action, source="policy", now=NOW)


def test_an_approver_who_left_the_group_is_noticed_at_execution(
    db: Database, people: People, awaiting: Awaiting, click: Click
) -> None:
    action, request_id = awaiting()
    click(request_id, "finn")
    left = People.parse(CROWD.replace("finance: [finn, olga]", "finance: [olga]"), Path("p.yaml"))
    gone = People.parse(
        CROWD.replace("{id: ana,", "{id: anna,").replace("[ana]", "[]"), Path("p.yaml")
    )

    with db.read() as session:
        row = session.get_one(Action, action.id)
        assert grants.lapsed(session, people, row, now=LATER) is None
        assert grants.lapsed(session, left, row, now=LATER) == (
            "somebody who approved this may not approve it any more"
        )
        assert (
            grants.lapsed(session, gone, row, now=LATER)
            == "the person who asked is not served any more"
        )


def test_an_approver_whose_account_was_closed_is_noticed_at_execution(
    db: Database, people: People, awaiting: Awaiting, click: Click
) -> None:
    """R2, R118: what Slack last told of accounts counts for answers that were given before."""
    action, request_id = awaiting()
    click(request_id, "finn")

    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        assert grants.lapsed(session, people, row, now=LATER) is None
        session.add(Accounts(workspace_id=row.workspace_id, asked_at=NOW, inactive=["finn"]))
        assert grants.lapsed(session, people, row, now=LATER) == (
            "somebody who approved this may not approve it any more"
        )


def test_what_is_asked_in_a_direct_message_is_shown_to_those_who_decide_once_the_asker_agrees(
    db: Database, log: Log, people: People, propose_some: Propose
) -> None:
    (action,) = propose_some()
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        row.channel, row.thread_ts = "D0ANA", None
        session.flush()
        request = open_request(session, log, row, verdict(), people, now=NOW)
        assert request is not None
        before = session.exec(select(Post.kind)).all()
        ana = people.by_id("ana")
        assert ana is not None
        asked = session.exec(select(Disclosure)).one()
        disclose(
            session, log, people, disclosure_id=asked.id, person=ana, agrees=True, now=NOW
        )  # fmt: skip

    with db.read() as session:
        cards = session.exec(select(Post).where(Post.kind == "card").order_by("n")).all()
    assert before == ["disclosure"]
    assert [(card.n, card.channel, card.thread_ts) for card in cards] == [
        (0, "D0ANA", None),
        (1, "U0FINN", None),
        (2, "U0OLGA", None),
    ]
