"""What is reported of people's answers and of money, from work that was really done."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from road import Road
from sqlmodel import select
from test_edit_fields import changed_by_finn
from till import Till

from approvals import switches
from approvals.actions import move
from approvals.requests import decide
from approvals.tables import Action, Decision, Request
from audit.keys import KeyRing
from bot.cli import main
from bot.feedback import corrections
from bot.figures import OfRule, figures
from bot.money_events import money_events
from core.db import open_database
from core.schema import migrate
from graphs.runtime.tables import Conversation, Turn
from llm.tables import ModelResponse
from tests.conftest import NOW
from tools.calling import key_of

TEAM = "T0PRACTICE"
SINCE = NOW - timedelta(days=1)
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)


def task(road: Road, name: str, *, minutes: float = 0) -> None:
    """A turn that began at NOW and ended so many minutes later."""
    turn = Turn(
        id=name, workspace_id=TEAM, conversation_id="conv_1", principal_id="ana",
        channel="C0SUPPORT", message_ts=name, text="hello", context=[], status="answered",
        versions={}, created_at=NOW, finished_at=NOW + timedelta(minutes=minutes),
    )  # fmt: skip
    conversation = Conversation(
        id="conv_1", workspace_id=TEAM, channel="C0SUPPORT", thread_ts="1.1", kind="channel",
        created_at=NOW,
    )  # fmt: skip
    with road.db.transaction() as session:
        if session.get(Conversation, "conv_1") is None:
            session.add(conversation)
            session.flush()
        session.add(turn)


def reject(road: Road, action_id: str, why: str) -> None:
    with road.db.transaction() as session:
        request = session.exec(select(Request).where(Request.action_id == action_id)).one()
        finn = road.deps.people.by_id("finn")
        assert finn is not None
        decide(
            session, road.deps.log, road.deps.people, request_id=request.id, person=finn,
            vote="reject", reason=why, now=road.clock.now(),
        )  # fmt: skip


def measured(road: Road) -> Any:
    with road.db.read() as session:
        return figures(session, workspace_id=TEAM, since=SINCE)


@on_sqlite
def test_the_time_from_a_card_to_its_decision_is_measured(road: Road) -> None:
    """R114: of what was decided, not of what ran out or was changed."""
    for number, minutes in enumerate((2, 4)):
        action_id = road.propose("till.refund", f"turn_{number}", order="4711", minor=100 + number)
        road.prepare(action_id)
        road.wait(60 * minutes)
        road.decide(action_id, vote="approve" if number else "reject")

    assert measured(road).to_intervene_s == 180


@on_sqlite
def test_a_stop_is_effective_when_what_had_begun_has_ended(road: Road) -> None:
    """R105, R114: at once where nothing was under way."""
    action_id = road.propose("till.order", sku="SKU-1", quantity=3)
    assert road.prepare_only(action_id) == "allowed"
    now = NOW
    with road.db.transaction() as session:
        begun = move(
            session, road.deps.log, road.row(action_id), "executing", now=now, actor="system:tools",
            reason="Started",
        )  # fmt: skip
        switches.stop(
            session, road.deps.log, scope=switches.automation_scope("assistant"),
            workspace_id=TEAM, by="olga", now=now + timedelta(seconds=1),
        )  # fmt: skip
        switches.stop(
            session, road.deps.log, scope=switches.automation_scope("support-morning"),
            workspace_id=TEAM, by="olga", now=now + timedelta(seconds=1),
        )  # fmt: skip
        move(
            session, road.deps.log, begun, "succeeded", now=now + timedelta(seconds=5),
            actor="system:tools", reason="Done",
        )  # fmt: skip

    assert measured(road).to_stop_s == (4 + 0) / 2


@on_sqlite
def test_the_share_of_time_that_waits_for_people_counts_each_minute_once(road: Road) -> None:
    """Two questions open at once are one wait; a task nobody was asked about waits for nobody."""
    task(road, "turn_1", minutes=20)
    task(road, "turn_2", minutes=20)
    first = road.propose("till.refund", "turn_1", order="4711", minor=100)
    road.prepare(first)
    road.wait(60)
    second = road.propose("till.refund", "turn_3", order="4711", minor=200)
    road.set(second, turn_id="turn_1")
    road.prepare(second)
    road.wait(60)
    road.decide(first)
    road.wait(60)
    road.decide(second)

    assert measured(road).peoples_share == pytest.approx(3 / 40)


@on_sqlite
def test_escalations_are_counted_for_a_thousand_tasks(road: Road) -> None:
    """R116: a task counts once, however often others were asked."""
    for number in range(8):
        task(road, f"turn_{number}", minutes=1)
    for minor in (100, 200):
        action_id = road.propose("till.refund", f"turn_{minor // 100}", order="4711", minor=minor)
        road.prepare(action_id)
        road.decide(action_id)

    assert measured(road).escalated_per_1000 == 250


@on_sqlite
def test_where_nothing_happened_nothing_is_made_up(road: Road) -> None:
    found = measured(road)

    assert (found.tasks, found.escalated_per_1000, found.to_intervene_s) == (0, None, None)
    assert (found.to_stop_s, found.peoples_share, found.rules) == (None, None, ())


@pytest.mark.parametrize(
    ("rate", "decided", "corrected", "next_rate"),
    [
        (100, 20, 0, 100),
        (100, 80, 0, 50),
        (50, 80, 0, 12),
        (12, 500, 0, 12),
        (100, 80, 3, 100),
        (50, 80, 12, 100),
        (12, 80, 12, 50),
    ],
)
def test_a_step_down_is_shown_by_many_answers_with_hardly_any_correction(
    rate: int, decided: int, corrected: int, next_rate: int
) -> None:
    """R107: 100, 50, 12; too few answers show nothing, and too many corrections lead up again."""
    assert OfRule("refunds", rate, decided, corrected, 0).next_rate == next_rate


def test_what_people_changed_and_refused_is_kept_field_by_field(road: Road) -> None:
    """R106: with the rule that asked, who, when, why, and which model wrote it by which prompt."""
    with road.db.transaction() as session:
        session.add(
            ModelResponse(
                id="resp_1", workspace_id=TEAM, turn_id="turn_1", step=0, tier="small",
                model="small-1", prompt="assistant@3", message={}, input_tokens=1,
                output_tokens=1, duration_ms=1, at=NOW,
            )
        )  # fmt: skip
    first = road.propose("till.refund", "turn_1", order="4711", minor=9_000)
    road.prepare(first)
    road.wait(60)
    newer = changed_by_finn(road, first, 5_000)
    road.prepare(newer)
    road.wait(60)
    reject(road, newer, "Paid back by hand already")

    with road.db.read() as session:
        edited, rejected = corrections(session, workspace_id=TEAM, since=SINCE)

    assert (edited.kind, edited.argument, edited.before, edited.after) == (
        "edited", "minor", 9_000, 5_000,
    )  # fmt: skip
    assert (edited.action_id, edited.tool, edited.rules) == (
        first,
        "till.refund@1.0.0",
        ("refunds",),
    )
    assert (edited.who, edited.at, edited.why) == ("finn", NOW + timedelta(minutes=1), None)
    assert (edited.model, edited.prompt) == ("small-1", "assistant@3")
    assert (rejected.kind, rejected.action_id, rejected.who) == ("rejected", newer, "finn")
    assert (rejected.why, rejected.argument) == ("Paid back by hand already", None)
    assert rejected.model is None
    found = measured(road)
    assert found.rules == (OfRule("refunds", 100, 2, 1, 1),)


@on_sqlite
def test_every_step_of_what_moved_money_is_one_stream(road: Road, till: Till) -> None:
    """R91: with amount, key and the other side's own name; reads and goods are not in it."""
    road.prepare(road.propose("till.order", "turn_9", sku="SKU-1", quantity=3))
    action_id = road.approved("till.refund", order="4711", minor=100)
    road.execute(action_id)

    with road.db.read() as session:
        found = list(money_events(session, workspace_id=TEAM, since=SINCE))

    steps = [each.type.rpartition(":")[2] for each in found]
    assert steps == ["proposed", "awaiting", "approved", "executing", "succeeded"]
    assert {(e.action_id, e.minor, e.currency, e.key) for e in found} == {
        (action_id, 100, "EUR", key_of(action_id))
    }
    outcome = road.row(action_id).outcome
    assert outcome is not None
    assert [each.source for each in found][-2:] == [None, outcome["result"]["source"]]


@pytest.fixture
def empty_office(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "data"
    folder.mkdir()
    KeyRing.load_or_create(folder / "signoff.key")
    db = open_database(f"sqlite:///{folder / 'signoff.db'}")
    migrate(db)
    db.engine.dispose()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return str(folder)


def test_it_is_told_in_lines_and_in_json(
    empty_office: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for what, more in (("figures", []), ("figures", ["--json"]), ("feedback", []), ("money", [])):
        assert main(["report", what, "--data", empty_office, *more]) == 0
        told.append(capsys.readouterr().out)

    assert told[0].splitlines()[0] == "tasks that ended: 0"
    assert json.loads(told[1])["tasks"] == 0
    assert told[2] == told[3] == "Nothing in that time. --since 90d looks further back.\n"
    assert main(["report", "money", "--data", empty_office, "--since", "lately"]) == 2
    assert "--since 'lately' is not a time" in capsys.readouterr().err


def test_a_rejection_stands_in_both_and_its_words_cannot_steer_the_terminal(
    empty_office: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    db = open_database(f"sqlite:///{empty_office}/signoff.db")
    action = Action(
        id="act_1", workspace_id=TEAM, principal_id="ana", channel="C0SUPPORT",
        tool="shop.refund", tool_version="1.0.0", args={}, origins={}, status="rejected",
        verdict={"rules": ["refunds above EUR 100"], "review": 50}, created_at=at,
    )  # fmt: skip
    request = Request(
        id="req_1", workspace_id=TEAM, action_id="act_1", status="rejected", stages=[],
        stage_at=at, awaited=[], expires_at=at, created_at=at, closed_at=at + timedelta(minutes=5),
    )  # fmt: skip
    said = Decision(
        id="dec_1", workspace_id=TEAM, request_id="req_1", stage=0, person_id="finn",
        for_id="finn", vote="reject", reason="Paid \x1b[2J already", at=at + timedelta(minutes=5),
    )  # fmt: skip
    with db.transaction() as session:
        for row in (action, request, said):
            session.add(row)
            session.flush()
    db.engine.dispose()

    assert main(["report", "feedback", "--data", empty_office]) == 0
    feedback = capsys.readouterr().out
    assert main(["report", "figures", "--data", empty_office]) == 0
    figured = capsys.readouterr().out.splitlines()

    assert feedback.rstrip().endswith(
        "finn rejected shop.refund@1.0.0 act_1: Paid \ufffd[2J already"
    )
    assert "from a card to its decision, on average: 0:05:00" in figured
    assert figured[-1] == (
        "rule “refunds above EUR 100”: 1 decided, 0 changed, 1 rejected (between 21% and 100% of "
        "all need correcting); asks about 50 %; go up to 100 %"
    )
