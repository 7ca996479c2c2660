"""The log: append-only on both databases, its words encrypted, provable and erasable."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import rfc8785
from sqlalchemy import delete, text, update
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from audit.check import check
from audit.entry import Entry
from audit.keys import KeyRing, unseal
from audit.log import Log
from audit.sequencer import Sequencer, order_events
from audit.tables import Event, EventBody, EventOrder, SubjectKey
from core.db import Database
from core.errors import AuditError, ConfigError
from core.ids import new_id
from tests.audit.conftest import NOW, Write


def test_a_leaf_is_the_rfc_9162_hash_of_the_rows_canonical_bytes(
    db: Database, write: Write
) -> None:
    at = datetime(2026, 11, 20, 10, 0, 0, 7, tzinfo=timezone(timedelta(hours=1)))
    event_id = write(at=at, reason="Ana fragt: ä", turn_id="turn_1", versions={"tool": "x@1"})

    with db.read() as session:
        row = session.get_one(Event, event_id)
    expected = {
        "id": event_id,
        "workspace_id": "T",
        "type": "approvals:action:proposed",
        "subject": "act_1",
        "turn_id": "turn_1",
        "action_id": None,
        "actor": "ana",
        "at": "2026-11-20T09:00:00.000007+00:00",
        "versions": {"tool": "x@1"},
        "reason": "Ana fragt: ä",
        "body_digest": None,
        "commitment": None,
    }
    assert row.leaf == hashlib.sha256(b"\x00" + rfc8785.dumps(expected)).hexdigest()


@pytest.mark.parametrize("table", ["event", "event_order"])
def test_the_database_refuses_to_change_or_delete_what_was_logged(
    db: Database, write: Write, table: str
) -> None:
    write()
    with db.transaction() as session:
        assert order_events(session) == 1
    changes = {"event": "reason = 'x'", "event_order": "position = 7"}

    for statement in (f"UPDATE {table} SET {changes[table]}", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"), db.transaction() as session:
            session.execute(text(statement))

    with db.read() as session:
        assert len(session.exec(select(Event)).all()) == 1
        assert session.exec(select(EventOrder.position)).all() == [0]


@pytest.mark.postgres
def test_postgresql_refuses_to_truncate_the_log_too(db: Database, write: Write) -> None:
    write()
    if db.engine.dialect.name == "sqlite":
        return  # SQLite has no TRUNCATE: its DELETE is refused above.

    with pytest.raises(DBAPIError, match="append-only"), db.transaction() as session:
        session.execute(text("TRUNCATE event CASCADE"))


def test_words_lie_encrypted_and_nowhere_else(db: Database, log: Log, write: Write) -> None:
    body = {"words": "Kündige Mara", "n": 1.5, "list": [None, True]}
    event_id = write(body=body)

    with db.read() as session:
        assert log.body(session, event_id) == body
        event, stored = session.get_one(Event, event_id), session.get_one(EventBody, event_id)
        key = session.get_one(SubjectKey, stored.key_id)
    everything = repr((event, stored, key))
    assert "Mara" not in everything
    assert (key.subject, key.purpose) == ("ana", "event")
    sealed = stored.nonce + stored.ciphertext
    assert event.body_digest == "sha256:" + hashlib.sha256(sealed).hexdigest()


def test_the_commitment_proves_the_body_under_its_salt(db: Database, write: Write) -> None:
    keys = KeyRing(bytes(32))
    with db.transaction() as session:
        event_id = Log(keys=keys).record(
            session,
            workspace_id="T",
            type="x:y:z",
            subject="s",
            actor="ana",
            at=NOW,
            body={"b": 2, "a": 1},
        )

    with db.read() as session:
        event, stored = session.get_one(Event, event_id), session.get_one(EventBody, event_id)
        key = session.get_one(SubjectKey, stored.key_id)
    assert key.wrapped is not None
    data_key = keys.unwrap(key.wrapped, key_id=key.id)
    plain = unseal(data_key, stored.nonce + stored.ciphertext, context=event_id)
    assert json.loads(plain[32:]) == {"a": 1, "b": 2}
    assert event.commitment == hmac.new(plain[:32], plain[32:], hashlib.sha256).hexdigest()


def test_erasing_a_person_takes_their_words_and_leaves_the_proof(
    db: Database, log: Log, write: Write
) -> None:
    hers = [write(body={"words": "one"}), write(body={"words": "two"}, actor="finn", about="ana")]
    his = write(body={"words": "three"}, actor="finn")

    with db.transaction() as session:
        assert log.erase(session, workspace_id="T", subject="ana", at=NOW, actor="olga") == 2

    with db.read() as session:
        assert [log.body(session, each) for each in hers] == [None, None]
        assert log.body(session, his) == {"words": "three"}
        key = session.exec(select(SubjectKey).where(SubjectKey.subject == "ana")).one()
        assert (key.wrapped, key.destroyed_at) == (None, NOW)
        erased = session.exec(select(Event).where(Event.type == "audit:subject:erased")).one()
        checked = check(session, log)
    assert (erased.subject, erased.actor, erased.reason) == (
        "ana",
        "olga",
        "Erased what 2 entries held",
    )
    assert checked.intact
    assert checked.sentence == "intact: 4 entries, 1 with their content, 2 erased on request"


def test_after_an_erasure_new_words_get_a_new_key(db: Database, log: Log, write: Write) -> None:
    write(body={"words": "old"})
    with db.transaction() as session:
        log.erase(session, workspace_id="T", subject="ana", at=NOW, actor="olga")

    again = write(body={"words": "new"})

    with db.read() as session:
        assert log.body(session, again) == {"words": "new"}
        assert len(session.exec(select(SubjectKey)).all()) == 2


def test_an_erasure_in_another_workspace_touches_nothing_here(
    db: Database, log: Log, write: Write
) -> None:
    event_id = write(body={"words": "mine"})

    with db.transaction() as session:
        assert log.erase(session, workspace_id="OTHER", subject="ana", at=NOW, actor="x") == 0

    with db.read() as session:
        assert log.body(session, event_id) == {"words": "mine"}


def test_twenty_writers_at_once_share_one_key_per_person(
    db: Database, log: Log, write: Write
) -> None:
    ids: list[str] = []

    def run(number: int) -> None:
        ids.append(write(body={"n": number}))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as session:
        assert sorted((log.body(session, each) or {})["n"] for each in ids) == list(range(20))
        assert len(session.exec(select(SubjectKey)).all()) == 1


def test_what_cannot_be_logged_fails_the_transaction_it_belongs_to(
    db: Database, log: Log, write: Write
) -> None:
    for bad in ({"versions": {"f": 1.5}}, {"body": {"x": object()}}, {"body": {"n": float("nan")}}):
        with pytest.raises(AuditError) as caught:
            write(**bad)
        assert caught.value.sentence == "The log cannot be written, so nothing was done."

    with db.read() as session:
        assert session.exec(select(Event)).all() == []
        assert session.exec(select(EventBody)).all() == []


def test_a_reason_no_database_can_hold_is_kept_as_far_as_it_goes(
    db: Database, log: Log, write: Write
) -> None:
    write(reason="a\x00b\ud800c")

    with db.read() as session:
        assert session.exec(select(Event.reason)).all() == ["ab?c"]
        assert check(session, log).intact


# Order.


def test_the_order_has_no_gaps_and_follows_time(db: Database, write: Write) -> None:
    late = write(at=NOW + timedelta(seconds=1))
    early = [write() for _ in range(4)]

    for limit, given in ((2, 2), (10, 3), (10, 0)):
        with db.transaction() as session:
            assert order_events(session, limit=limit) == given

    with db.read() as session:
        rows = session.exec(select(EventOrder).order_by(text("position"))).all()
    assert [(row.position, row.event_id) for row in rows] == list(enumerate([*early, late]))


def test_two_sequencers_and_eight_writers_at_once_leave_no_gap_and_no_double(
    db: Database, log: Log, write: Write
) -> None:
    done = threading.Event()

    def put() -> None:
        for _ in range(15):
            write()

    def sequence() -> None:
        while not done.is_set():
            with db.transaction() as session:
                order_events(session, limit=7)
            done.wait(0.002)

    sequencers = [threading.Thread(target=sequence) for _ in range(2)]
    writers = [threading.Thread(target=put) for _ in range(8)]
    for thread in (*sequencers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sequencers:
        thread.join()
    with db.transaction() as session:
        order_events(session)

    with db.read() as session:
        positions = session.exec(select(EventOrder.position).order_by(text("position"))).all()
        assert positions == list(range(120))
        assert check(session, log).intact


def test_a_sequencer_finds_what_is_new_and_in_time_what_was_committed_very_late(
    db: Database, write: Write
) -> None:
    sequencer = Sequencer(step=3)

    def order(limit: int = 500) -> int:
        with db.transaction() as session:
            return sequencer.order(session, limit=limit)

    first = [write() for _ in range(5)]
    # Two that are new and one that the walk meets; then the rest.
    assert [order(limit=2), order(), order()] == [3, 2, 0]
    late = _write_late(db, write)
    new = write()

    found = [order(), order(), order()]

    assert sum(found) == 2
    assert found[0] >= 1
    with db.read() as session:
        rows = session.exec(select(EventOrder.event_id).order_by(text("position"))).all()
    assert set(rows[5:]) == {late, new}
    assert set(rows[:5]) == set(first)


def test_a_sequencer_that_begins_anew_goes_on_from_the_last_event_it_ordered(
    db: Database, write: Write
) -> None:
    write()
    with db.transaction() as session:
        Sequencer(step=1).order(session)
    write()
    write()

    with db.transaction() as session:
        assert Sequencer(step=1).order(session) == 2


@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_a_pass_costs_as_much_after_a_long_history_as_after_a_short_one(
    db: Database, log: Log, write: Write
) -> None:
    def steps_of_a_pass() -> int:
        """What SQLite's machine does for it, counted once all is ordered."""
        sequencer, counted = Sequencer(step=20), 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        with db.transaction() as session:
            sequencer.order(session)
        with db.transaction() as session:
            connection = session.connection().connection.driver_connection
            assert connection is not None
            connection.set_progress_handler(count, 10)
            assert sequencer.order(session) == 0
            connection.set_progress_handler(None, 10)
        return counted

    _history(db, log, 50)
    short = steps_of_a_pass()
    _history(db, log, 1_000)

    assert steps_of_a_pass() < short * 1.5


def _history(db: Database, log: Log, count: int) -> None:
    """So many events of an hour ago, in order."""
    entry = Entry("T", "approvals:action:proposed", "act_1", "ana", NOW)
    with db.transaction() as session:
        written = _at_an_hour_ago(session, log, [entry] * count)
        assert order_events(session, limit=count) == len(written) == count


def _write_late(db: Database, write: Write) -> str:
    """An event whose id was made an hour before it was committed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.log.new_id", _hour_old_id)
        return write()


def _at_an_hour_ago(session: Session, log: Log, entries: list[Entry]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.log.new_id", _hour_old_id)
        return log.record_all(session, entries)


def _hour_old_id(prefix: str) -> str:
    name, _, digits = new_id(prefix).partition("_")
    return f"{name}_{int(digits[:12], 16) - 3_600_000:012x}{digits[12:]}"


# Several at once.


def test_what_is_gathered_is_one_entry_each_in_the_order_it_came(db: Database, log: Log) -> None:
    statements = []
    with db.transaction() as session, log.gathered(session) as one:
        listen(db.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
        ids = [_say(one, session, f"step {n}", {"n": n} if n else None) for n in range(3)]
        assert statements == []

    assert sum(said.startswith("INSERT INTO event ") for said in statements) == 1
    with db.read() as session:
        rows = session.exec(select(Event).order_by(Event.id)).all()
        assert [(row.id, row.reason) for row in rows] == [(ids[n], f"step {n}") for n in range(3)]
        assert [log.body(session, id) for id in ids] == [None, {"n": 1}, {"n": 2}]
        assert check(session, log).intact


def test_what_is_gathered_stays_when_the_block_is_left_early(db: Database, log: Log) -> None:
    def leave() -> str:
        with db.transaction() as session, log.gathered(session) as one:
            return _say(one, session, "left", None)

    event_id = leave()

    with db.read() as session:
        assert session.exec(select(Event.id)).all() == [event_id]


def test_nothing_of_it_stays_when_the_block_fails_or_one_cannot_be_kept(
    db: Database, log: Log
) -> None:
    def write_gathered(*bodies: dict[str, object] | None, then: Exception | None = None) -> None:
        with db.transaction() as session, log.gathered(session) as one:
            session.add(
                SubjectKey(id="k", workspace_id="T", subject="x", purpose="p", created_at=NOW)
            )
            for body in bodies:
                _say(one, session, "lost", body)
            if then is not None:
                raise then

    with pytest.raises(ValueError, match="no"):
        write_gathered(None, then=ValueError("no"))
    with pytest.raises(AuditError):
        write_gathered(None, {"when": NOW})

    with db.read() as session:
        assert session.exec(select(Event)).all() == []
        assert session.exec(select(SubjectKey)).all() == []


def _say(log: Log, session: Session, reason: str, body: dict[str, object] | None) -> str:
    return log.record(
        session,
        workspace_id="T",
        type="a:b:c",
        subject="act_1",
        actor="ana",
        at=NOW,
        reason=reason,
        body=body,
    )


# Checking.


def _tamper(db: Database, statement: object) -> None:
    """As somebody with the database in hand would: past the triggers."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER event_no_update")
            connection.exec_driver_sql("DROP TRIGGER event_order_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
            connection.exec_driver_sql("ALTER TABLE event_order DISABLE TRIGGER ALL")
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "Finn approved"),
        ("actor", "finn"),
        ("at", NOW + timedelta(microseconds=1)),
        ("versions", {"tool": "other"}),
        ("versions", {"tool": 1.5}),
        ("action_id", "act_2"),
        ("commitment", "00"),
        ("leaf", "00"),
    ],
)
def test_a_changed_entry_is_found_whatever_was_changed(
    db: Database, log: Log, write: Write, column: str, value: object
) -> None:
    write()
    event_id = write(reason="Sam asked", body={"a": 1}, action_id="act_1")
    _tamper(db, update(Event).where(Event.id == event_id).values({column: value}))  # type: ignore[arg-type]

    with db.read() as session:
        checked = check(session, log)
        of_action = check(session, log, action_id="act_1")

    assert not checked.intact
    assert {problem.event_id for problem in checked.problems} == {event_id}
    assert "NOT INTACT" in checked.sentence
    assert of_action.intact is (column == "action_id")


def test_a_changed_body_and_a_missing_place_in_the_order_are_found(
    db: Database, log: Log, write: Write
) -> None:
    first, second = write(body={"a": 1}), write(body={"a": 2})
    with db.transaction() as session:
        order_events(session)
        one = session.get_one(EventBody, first)
        other = session.get_one(EventBody, second)
        one.ciphertext, one.nonce = other.ciphertext, other.nonce
        session.add(one)
    _tamper(db, delete(EventOrder).where(EventOrder.position == 0))  # type: ignore[arg-type]

    with db.read() as session:
        problems = check(session, log).problems

    assert [problem.event_id for problem in problems] == [first, ""]
    assert "1 entries are missing from the order" in problems[1].problem


def test_contents_that_nobody_erased_and_lost_keys_are_found(
    db: Database, log: Log, write: Write
) -> None:
    gone, kept = write(body={"a": 1}), write(body={"a": 2})
    write(body={"a": 3}, about="sam")
    with db.transaction() as session:
        log.erase(session, workspace_id="T", subject="sam", at=NOW, actor="olga")
        at_first = check(session, log)
        session.delete(session.get_one(EventBody, gone))
        session.flush()
        taken = check(session, log)
        key = session.get_one(SubjectKey, session.get_one(EventBody, kept).key_id)
        key.wrapped = None
        session.flush()
        locked = check(session, log)

    assert (at_first.intact, at_first.erased) == (True, 1)
    assert [one.problem for one in taken.problems] == ["1 contents are gone that nobody erased"]
    assert [one.event_id for one in locked.problems] == [kept, ""]


def test_another_key_file_opens_nothing_and_says_so(db: Database, write: Write) -> None:
    event_id = write(body={"a": 1})

    with db.read() as session, pytest.raises(AuditError, match="the key file is another one"):
        Log(keys=KeyRing(bytes(32))).body(session, event_id)


# The key file.


def test_the_key_is_made_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signoff.key"

    made, again = KeyRing.load_or_create(path), KeyRing.load_or_create(path)

    assert made == again
    assert len(made.master) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert made.master.hex() not in repr(made)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    rings: list[KeyRing] = []
    path = tmp_path / "signoff.key"
    threads = [
        threading.Thread(target=lambda: rings.append(KeyRing.load_or_create(path)))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({ring.master for ring in rings}) == 1


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_broken_key_file_is_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "signoff.key"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match=r"not a key of 64 hex digits\. Put the right file back"):
        KeyRing.load_or_create(path)

    assert path.read_text() == content


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signoff.key"
    KeyRing.load_or_create(path)
    path.chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        KeyRing.load_or_create(path)


def test_times_without_a_zone_are_not_logged(write: Write) -> None:
    with pytest.raises(AuditError):
        write(at=datetime(2026, 11, 20, 9))  # noqa: DTZ001 - that is the point

    assert write(at=datetime(2026, 11, 20, 9, tzinfo=UTC))
