"""`signoff runs`: what a turn did, its state at each step, and a new try that repeats nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlmodel import col, select

from approvals.tables import Action, Compensation
from audit.tables import Event
from bot.cli import main
from core.db import Database
from core.outbox import Outbox
from core.schema import migrate
from graphs.runtime.evidence import make_evidence
from graphs.runtime.tables import Turn
from graphs.runtime.turns import stop
from tests.graphs.conftest import redis_url, wipe
from tests.graphs.office import Office, calls, open_office
from tests.graphs.test_turns_with_tools import REGISTRY, Workers, approve, sent
from tests.llm.rehearsal import rehearsal_model

__all__ = ["redis_url", "wipe"]
ROOT = Path(__file__).resolve().parents[2]
FIND = calls(("shop__find_order", {"order": "4711"}))
REFUND = calls(("shop__refund", {"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}}))
Signoff = Callable[..., str]


@pytest.fixture
def office(
    empty_db: Database, tmp_path: Path, redis_url: str, wipe: redis.Redis
) -> Iterator[Office]:
    """An office that the command line can open, on both databases."""
    migrate(empty_db)
    with rehearsal_model() as model, open_office(tmp_path, redis_url, model, empty_db) as opened:
        shutil.copy(tmp_path / "key", tmp_path / "signoff.key")
        sent.clear()
        yield opened
        sent.clear()


@pytest.fixture
def workers(office: Office) -> Workers:
    return Workers(office)


@pytest.fixture
def signoff(
    office: Office,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Signoff:
    """Runs a command and gives what it printed, or the sentence it refused with."""
    for name in ("SIGNOFF_KEY_FILE", "SIGNOFF_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", office.db.engine.url.render_as_string(hide_password=False))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("getpass.getuser", lambda: "root")

    def run(*args: Any) -> str:
        status = main(["runs", *map(str, args), "--data", str(tmp_path)])
        told = capsys.readouterr()
        assert status == (2 if told.err else 0)
        return told.err or told.out

    return run


@pytest.fixture
def refunded(office: Office, workers: Workers) -> Turn:
    """A turn of three answers: it looked, refunded after Finn's approval, and said so."""
    office.model.script(FIND, REFUND, {"content": "Refunded."})
    turn = office.say("Refund order 4711, EUR 180")
    workers.work()
    approve(office, office.actions(turn.id)[1].id)
    workers.work()
    return office.turn(turn.id)


@pytest.fixture
def stopped(office: Office, workers: Workers) -> Turn:
    """A turn that looked, asked for a refund, and was stopped before anybody approved it."""
    office.model.script(FIND, REFUND)
    turn = office.say("Refund order 4711, EUR 180")
    workers.work()
    with office.db.transaction() as session:
        stop(session, office.log, turn_id=turn.id, by="ana", name="Ana", now=office.clock.now())
    office.rung.clear()
    return office.turn(turn.id)


def run_events(office: Office) -> list[tuple[str, str, str]]:
    with office.db.read() as session:
        query = select(Event).where(col(Event.type).like("graphs:run:%")).order_by(col(Event.id))
        return [(event.type[11:], event.actor, event.reason) for event in session.exec(query)]


def test_show_tells_the_steps_of_an_ended_turn_from_sql(
    office: Office, refunded: Turn, signoff: Signoff, wipe: redis.Redis
) -> None:
    """R49."""
    wipe.flushall()

    told = signoff("show", refunded.id)

    lines = [line for line in told.splitlines() if "sha256" not in line]
    look, refund = office.actions(refunded.id)
    assert lines[0] == f"{refunded.id}: Ana Berg asked in #support, answered"
    assert "  asked:  Refund order 4711, EUR 180" in lines
    assert "  graph: assistant@2" in lines
    assert [line[:7] for line in lines if line.startswith("step")] == [
        "step 1 ",
        "step 2 ",
        "step 3 ",
    ]
    assert "  Refund EUR 180.00 for order 4711: succeeded, policy: ask" in lines
    assert f'    {look.id}  shop.find_order@1.0.0  {{"order": "4711"}}' in lines
    assert "    Finn Aalto approved" in lines
    assert lines[-2] == "answer: Refunded."
    assert lines[-1].startswith("in all: 3 steps, ")
    assert run_events(office) == [("shown", "os:root", "The operator looked at the steps of this")]
    assert refund.id in told


def test_rewind_shows_the_state_the_model_was_asked_with_and_changes_nothing(
    office: Office, refunded: Turn, signoff: Signoff, wipe: redis.Redis
) -> None:
    wipe.flushall()
    asked, actions, posts = len(office.model.calls()), office.actions(refunded.id), all_rows(office)

    told = [signoff("rewind", refunded.id, step, "--as", "olga") for step in range(4)]

    begun, looked, done, answered = (text.splitlines() for text in told)
    assert begun[3] == "  user: Refund order 4711, EUR 180"
    assert begun[4:] == [
        "The model was then asked exactly this.",
        "No fork: Step 2 did this: Refund EUR 180.00 for order 4711 (succeeded). A new try from "
        "step 0 could do it again. Begin at that step or later, or have it undone first: signoff "
        f"runs back {refunded.id} 0",
    ]
    assert looked[4] == '  assistant: shop__find_order {"order": "4711"}'
    assert '"text": "shipped"' in looked[5]
    assert "The model was then asked exactly this." in looked
    assert done[-1] == f"To go on from here in a new turn: signoff runs fork {refunded.id} 2"
    assert "answer: Refunded." in answered
    assert sent == ["refund EUR 180.00"]
    assert len(office.model.calls()) == asked
    assert office.actions(refunded.id) == actions
    assert all_rows(office) == posts
    assert run_events(office)[-1] == (
        "rewound",
        "os:root/olga",
        "Olga looked at the state of this after step 3",
    )


def all_rows(office: Office) -> tuple[int, int]:
    with office.db.read() as session:
        return (
            len(session.exec(select(Outbox.id)).all()),
            len(session.exec(select(Turn.id)).all()),
        )


def test_a_waiting_turn_can_be_looked_at_and_not_forked(
    office: Office, workers: Workers, signoff: Signoff
) -> None:
    office.model.script(FIND, REFUND)
    turn = office.say("Refund order 4711, EUR 180")
    workers.work()
    waiting = office.actions(turn.id)[1]

    told = signoff("rewind", "last", 2)

    assert f"  (not settled: {waiting.id})" in told.splitlines()
    assert "is still waiting: let it end, or stop it with /signoff stop" in told
    assert "is still waiting" in signoff("fork", turn.id, 1)
    assert "Step 2 was never finished" in signoff("fork", turn.id, 2)
    assert office.turn(turn.id).status == "waiting"


def test_diff_tells_what_a_step_changed(refunded: Turn, signoff: Signoff) -> None:
    told = signoff("diff", refunded.id, 1, 2).splitlines()

    assert told[0] == f"{refunded.id}: from step 1 to step 2"
    assert told[1] == "messages:"
    assert told[2].startswith('  + assistant: shop__refund {"order": "4711"')
    assert told[3].startswith("  + tool: ")
    assert "step: 1 -> 2" in told
    assert signoff("diff", refunded.id, 2, 2).splitlines()[1:] == ["nothing changed"]


def test_a_fork_goes_on_in_a_new_turn_without_repeating_what_was_done(
    office: Office, stopped: Turn, workers: Workers, signoff: Signoff, wipe: redis.Redis
) -> None:
    """R85."""
    asked = len(office.model.calls())
    office.model.script(REFUND, {"content": "Refunded."})

    told = signoff("fork", stopped.id, 1, "--as", "olga")
    forked_id = told.split()[0]
    workers.deliver(forked_id)
    wipe.flushall()
    [refund] = office.actions(forked_id)
    approve(office, refund.id)
    workers.work()

    forked = office.turn(forked_id)
    look, dropped = office.actions(stopped.id)
    assert forked.answer == "Refunded."
    assert forked.versions["fork"] == f"{stopped.id}@1"
    assert (look.status, dropped.status) == ("succeeded", "cancelled")
    assert refund.id != dropped.id
    # The order was looked up once, by the first try; the refund needed its own approval.
    assert sent == ["refund EUR 180.00"]
    assert len(office.model.calls()) == asked + 2
    assert {post.kind: post.body["text"] for post in office.posts(forked_id)} == {
        "notice": "Olga had me try this again from step 1.",
        "answer": "Refunded.",
    }
    assert [event[0] for event in run_events(office)] == ["forked", "forked"]
    assert run_events(office)[0][1:] == ("os:root/olga", "Olga had me try this again from step 1")


def test_a_forked_turn_knows_where_its_values_come_from(
    office: Office, stopped: Turn, workers: Workers, signoff: Signoff
) -> None:
    office.model.script(REFUND, {"content": "Refunded."})
    forked_id = signoff("fork", stopped.id, 1).split()[0]
    workers.deliver(forked_id)
    [refund] = office.actions(forked_id)

    with office.db.read() as session:
        texts = make_evidence(office.people, REGISTRY)(session, session.get_one(Action, refund.id))

    assert any('"text": "shipped"' in text.text for text in texts)
    assert refund.origins["/order"] == "requester"


def test_a_fork_of_a_fork_goes_on_from_both(
    office: Office, stopped: Turn, workers: Workers, signoff: Signoff
) -> None:
    office.model.script(REFUND)
    first = signoff("fork", stopped.id, 1).split()[0]
    workers.deliver(first)
    still = signoff("fork", stopped.id, 1)
    with office.db.transaction() as session:
        stop(session, office.log, turn_id=first, by="ana", name="Ana", now=office.clock.now())
    office.model.script(FIND, {"content": "Shipped; not refunded."})

    second = signoff("fork", first, 0).split()[0]
    workers.deliver(second)

    assert f"{first} is still waiting" in still
    assert office.turn(second).answer == "Shipped; not refunded."
    told = signoff("rewind", second, 1).splitlines()
    assert [line.split()[1] for line in told if line.startswith("  assistant:")] == [
        "shop__find_order",
        "shop__find_order",
    ]


def test_what_a_fork_did_bars_a_second_one(
    office: Office, stopped: Turn, workers: Workers, signoff: Signoff
) -> None:
    office.model.script(REFUND, {"content": "Refunded."})
    forked_id = signoff("fork", stopped.id, 1).split()[0]
    workers.deliver(forked_id)
    approve(office, office.actions(forked_id)[0].id)
    workers.work()

    told = signoff("fork", stopped.id, 1)

    assert told.startswith(f"signoff: Step 1 of {forked_id} did this: Refund EUR 180.00")
    assert sent == ["refund EUR 180.00"]


def test_going_back_asks_whoever_asked_for_it_whether_to_undo_what_stands(
    office: Office, refunded: Turn, signoff: Signoff
) -> None:
    """R85."""
    refund = office.actions(refunded.id)[1]
    barred = signoff("back", refunded.id, 1)
    with office.db.transaction() as session:  # as where the shop takes refunds back
        row = session.get_one(Action, refund.id)
        row.verdict = {**(row.verdict or {}), "undo_s": 10**9}

    told = [signoff("back", refunded.id, 1, "--as", "olga") for _ in range(2)]

    assert "“Refund EUR 180.00 for order 4711” was done after that and cannot be undone" in barred
    assert told[0] == told[1]
    assert told[0].splitlines() == [
        f"Asked Ana Berg in the thread of {refunded.id}.",
        "Once they agree, this is undone, the last first, each as policy says:",
        "  Refund EUR 180.00 for order 4711",
        "Then a new turn goes on from step 1. It is told in that thread.",
    ]
    with office.db.read() as session:
        [row] = session.exec(select(Compensation)).all()
        assert (row.status, row.occasion) == (
            "offered",
            "Olga wants to go back to before “Refund EUR 180.00 for order 4711”.",
        )
        [event] = session.exec(select(Event).where(Event.subject == row.id)).all()
    assert (event.type, event.actor) == ("tools:compensation:offered", "os:root/olga")
    assert [post.kind for post in office.posts(row.id)] == ["compensation"]
    assert "Step 3 is the answer" in signoff("back", refunded.id, 3)
    assert sent == ["refund EUR 180.00"]


def test_an_answer_is_no_place_to_go_on_from(refunded: Turn, signoff: Signoff) -> None:
    assert "Step 3 is the answer. Choose an earlier step" in signoff("fork", refunded.id, 3)


def test_a_state_whose_words_were_erased_is_told_from_what_is_left(
    office: Office, refunded: Turn, signoff: Signoff
) -> None:
    with office.db.transaction() as session:
        office.log.erase(
            session,
            workspace_id=refunded.workspace_id,
            subject="ana",
            at=office.clock.now() + timedelta(days=1),
            actor="olga",
        )

    told = signoff("rewind", refunded.id, 2).splitlines()

    assert any(line.startswith("  assistant: shop__refund") for line in told)
    assert not any("The model was then asked" in line for line in told)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("show", "turn_none"), "There is no turn turn_none. `signoff runs show last` shows the"),
        (("rewind", "last", 9), "has 3 steps: choose from 0 (its beginning) on."),
        (("rewind", "last"), "`signoff runs rewind` takes a turn and one step."),
        (("diff", "last", 1), "`signoff runs diff` takes a turn and two steps."),
        (("show", "last", "--as", "nobody"), "config/people.yaml knows no nobody."),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    refunded: Turn, signoff: Signoff, args: tuple[Any, ...], says: str
) -> None:
    assert says in signoff(*args)


def test_a_turn_of_a_version_that_is_gone_is_still_shown(
    office: Office, refunded: Turn, signoff: Signoff
) -> None:
    with office.db.transaction() as session:
        row = session.get_one(Turn, refunded.id)
        row.versions = {**row.versions, "graph": "assistant@0"}

    assert "answer: Refunded." in signoff("show", refunded.id)
    assert signoff("rewind", refunded.id, 1) == (
        f"signoff: {refunded.id} ran in assistant@0, which this code does not have any more.\n"
    )


def test_nothing_was_asked_for_yet(office: Office, signoff: Signoff) -> None:
    assert "Nobody has asked for anything yet." in signoff("show", "last")


def test_a_models_words_cannot_steer_the_terminal(
    office: Office, workers: Workers, signoff: Signoff
) -> None:
    office.model.script({"content": "All \u001b[2Jgood\u009b."})
    office.say("hello")
    workers.work()

    assert "answer: All \ufffd[2Jgood\ufffd." in signoff("show", "last").splitlines()
