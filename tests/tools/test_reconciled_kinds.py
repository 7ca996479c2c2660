"""Every kind of effect that our own connectors have, held against the real system's record: what no
action explains, and what was done as the ledger has it and is not there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from road import PEOPLE, POLICY, Road, make_log
from sqlalchemy import text

from approvals.by_hand import BY_HAND
from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.policy.versions import take_in_file
from bot.permissions import PermissionsInSql
from core.clock import HeldClock
from core.db import Database
from core.ids import new_id
from sandbox.office.calendar import collections
from sandbox.office.testing import LOGIN, Office, start
from tools import findings
from tools.calling import key_of
from tools.connectors import calendar, mail, notes, shop, signoff
from tools.contract import Call, Caller, Effect, Ports, Result
from tools.limits import Limits
from tools.reconcile import Reconciler
from tools.registry import Registry

ALLOWED = POLICY.split("rules:")[0] + "rules: [{name: all, allow: true, why: this is a test}]"
#: Finn may use nothing until he is given it.
SCOPED = PEOPLE + "scopes: {everyone: ['calendar:read'], support: ['*']}\n"
ANA = "ana@lindqvist.example"
#: What the stranger is called in the database, who has our access and no action.
STRANGER = "act_00000000000000000000000000000bad"
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
pytestmark = on_sqlite


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = start(tmp_path_factory.mktemp("office"))
    yield office
    office.stop()


@dataclass
class Desk:
    """The road to the practice office's systems, and ways behind its back."""

    road: Road
    office: Office

    def do(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        """Have it done; what it came to."""
        action_id = self.road.propose(tool, turn=new_id("turn"), **args)
        if tool.startswith("signoff."):
            self.road.set(action_id, automation=BY_HAND)  # people ask for these by a form
        self.road.prepare(action_id)
        row = self.road.row(action_id)
        assert row.status == "succeeded", self.road.reasons(action_id)
        return dict(row.outcome or {})["result"] | {"action": action_id}

    def stray(self, tool: str, args: dict[str, Any]) -> Result:
        """The same by somebody else with our access."""
        declared = self.road.deps.registry.tool(tool)
        assert declared is not None
        caller = Caller("ana", "Ana Berg", ANA)
        call = Call(STRANGER, key_of(new_id("act")), caller, self.road.clock.now(), 10.0)
        return declared.run(declared.args.model_validate(args), call)

    def compare(self, tool: str) -> list[tuple[str, str | None]]:
        """(kind, action) of what is found when everything had time to settle."""
        self.road.wait(300)
        assert Reconciler(self.road.deps).run(tool) == "compared"
        with self.road.db.read() as session:
            rows = findings.open_findings(session, workspace_id="T0PRACTICE")
        return [(row.kind, row.action_id) for row in rows]

    def in_shop(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.office.data / "office" / "shop.db", timeout=10)) as link:
            assert link.execute(statement, values).rowcount == 1
            link.commit()

    def in_sql(self, statement: str, **values: Any) -> None:
        with self.road.db.transaction() as session:
            changed = session.execute(text(statement), values)
            assert changed.rowcount == 1  # type: ignore[attr-defined]

    def meeting(self) -> str:
        """A meeting of Ana's that nobody else has heard of; its uid."""
        uid = new_id("practice")
        at = f"{self.day().replace('-', '')}T10"
        event = f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Tea\r\nDTSTART:{at}0000Z\r\n"
        body = f"BEGIN:VEVENT\r\n{event}DTEND:{at}3000Z\r\nEND:VEVENT"
        self.put(f"/{ANA}/calendar/{uid}.ics", _ICAL.format(body))
        return uid

    def put(self, path: str, body: str) -> None:
        url = self.office.calendar_url + path
        kind = {"Content-Type": "text/calendar"}
        httpx.put(url, content=body, auth=LOGIN, trust_env=False, headers=kind).raise_for_status()

    def read(self, uid: str) -> str:
        url = f"{self.office.calendar_url}/{ANA}/calendar/{uid}.ics"
        return httpx.get(url, auth=LOGIN, trust_env=False).raise_for_status().text

    def delete(self, uid: str) -> None:
        url = f"{self.office.calendar_url}/{ANA}/calendar/{uid}.ics"
        httpx.delete(url, auth=LOGIN, trust_env=False).raise_for_status()

    def day(self) -> str:
        return (self.road.clock.now() + timedelta(days=400)).date().isoformat()


_ICAL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{}\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def desk(db: Database, ports: Ports, office: Office) -> Desk:
    clock = HeldClock(datetime.now(UTC))  # the systems have the real time
    people = People.parse(SCOPED, Path("people.yaml"))
    permissions = PermissionsInSql(db, make_log(), people)
    own = replace(ports, setting=office.setting, clock=clock, permissions=permissions)
    registry = Registry.of([room.make(own) for room in (shop, mail, calendar, notes, signoff)])
    road = Road.over(db, clock, "http://127.0.0.1:9").changed(
        registry=registry,
        policy=parse_policy(ALLOWED, Path("policy.yaml")),
        people=people,
        limits=Limits(hold_factor=0.0),
    )
    for left in collections(office.data).glob("*/*/*.ics"):
        if "X-SIGNOFF" in left.read_text():  # another test's, whose ledger is gone
            left.unlink()
    return Desk(road, office)


REFUND = {"order": "4711", "amount": {"minor": 100, "currency": "EUR"}, "reason": "torn"}
ELEVATE = {"scope": "shop:refund", "holder": "finn", "minutes": 5}
LETTER = {"to": [ANA], "subject": "Hi", "body": "Hello"}
Made = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A tool, what to call it with, and how what it did is lost behind our back. `stray`: how the
    same is done without an action, where the tool's own function cannot."""

    tool: str
    args: Callable[[Desk], Made]
    lose: Callable[[Desk, Made], None]
    stray: Callable[[Desk], None] | None = None


def _refunded(desk: Desk) -> Made:
    return {"refund": desk.do("shop.refund", REFUND)["refund"]}


def _meeting(desk: Desk) -> Made:
    return {"uid": desk.meeting()}


def _put_back(desk: Desk, made: Made) -> None:
    desk.put(f"/{ANA}/calendar/{made['uid']}.ics", made["before_it"])


def _elevated(desk: Desk) -> None:
    desk.in_sql(
        "INSERT INTO elevation (id, workspace_id, action_id, holder, scope, created_at, expires_at)"
        " VALUES ('elev_x', 'T0PRACTICE', :by, 'ana', 'shop:refund', :now, :now)",
        by=STRANGER,
        now=desk.road.clock.now().isoformat(sep=" "),
    )


def _noted(desk: Desk) -> Made:
    return {"note_id": desk.do("notes.remember", {"text": "Kappel pays late"})["note_id"]}


BOTH_WAYS = [
    Kind(
        "shop.refund",
        lambda _desk: REFUND,
        lambda desk, made: desk.in_shop("DELETE FROM refunds WHERE id = ?", made["refund"]),
    ),
    Kind(
        "shop.cancel_refund",
        _refunded,
        lambda desk, made: desk.in_shop(
            "DELETE FROM cancellations WHERE refund_id = ?", made["refund"]
        ),
    ),
    Kind(
        "shop.restock",
        lambda _desk: {"sku": "TENT-2", "quantity": 1},
        lambda desk, made: desk.in_shop("DELETE FROM restocks WHERE id = ?", made["restock"]),
    ),
    Kind("calendar.move", lambda d: _meeting(d) | {"start": f"{d.day()}T15:00"}, _put_back),
    Kind(
        "notes.remember",
        lambda _desk: {"text": "Kappel pays late"},
        lambda desk, made: desk.in_sql("DELETE FROM note WHERE id = :id", id=made["note_id"]),
    ),
    Kind(
        "notes.forget",
        _noted,
        lambda desk, made: desk.in_sql(
            "UPDATE note SET forgotten_at = NULL WHERE id = :id", id=made["note_id"]
        ),
    ),
    Kind(
        "signoff.elevate",
        lambda _desk: ELEVATE,
        lambda desk, made: desk.in_sql("DELETE FROM elevation WHERE id = :id", id=made["made"]),
        stray=_elevated,
    ),
]


@pytest.mark.parametrize("kind", BOTH_WAYS, ids=lambda kind: kind.tool)
def test_what_no_action_explains_and_what_is_not_there_are_found(desk: Desk, kind: Kind) -> None:
    args = kind.args(desk)
    before = desk.read(args["uid"]) if "uid" in args else ""
    made = desk.do(kind.tool, args) | {"before_it": before}
    assert desk.compare(kind.tool) == []

    if kind.stray is None:
        desk.stray(kind.tool, kind.args(desk))
    else:
        kind.stray(desk)
    assert desk.compare(kind.tool) == [("unasked", None)]

    other = kind.args(desk)
    before = desk.read(other["uid"]) if "uid" in other else ""
    made = desk.do(kind.tool, other) | {"before_it": before}
    kind.lose(desk, made)
    assert desk.compare(kind.tool) == [("unasked", None), ("missing", made["action"])]


def test_a_cancelled_meeting_that_is_there_is_found_and_settles_when_it_goes(desk: Desk) -> None:
    uid = desk.meeting()
    before = desk.read(uid)
    made = desk.do("calendar.cancel", {"uid": uid})
    desk.do("calendar.cancel", {"uid": desk.meeting()})
    desk.put(f"/{ANA}/calendar/{uid}.ics", before)

    assert desk.compare("calendar.cancel") == [("missing", made["action"])]
    desk.delete(uid)
    assert desk.compare("calendar.cancel") == []


def test_a_booked_meeting_that_somebody_deleted_is_no_finding(desk: Desk) -> None:
    args = {"title": "Stock", "start": f"{desk.day()}T15:00", "minutes": 30}
    made = desk.do("calendar.create", args)
    desk.delete(made["uid"])
    assert desk.compare("calendar.create") == []

    desk.stray("calendar.create", args)
    assert desk.compare("calendar.create") == [("unasked", None)]


def test_a_meeting_that_lies_in_the_calendars_of_all_invited_is_one(desk: Desk) -> None:
    args = {"title": "Stock", "start": f"{desk.day()}T16:00", "minutes": 30}
    uid = desk.do("calendar.create", args)["uid"]
    desk.do("calendar.move", {"uid": uid, "start": f"{desk.day()}T17:00"})
    desk.put(f"/finn@lindqvist.example/calendar/{uid}.ics", desk.read(uid))

    assert desk.compare("calendar.create") == []
    assert desk.compare("calendar.move") == []


def test_a_copy_that_a_person_makes_of_a_meeting_of_ours_is_no_finding(desk: Desk) -> None:
    args = {"title": "Stock", "start": f"{desk.day()}T16:00", "minutes": 30}
    uid = desk.do("calendar.create", args)["uid"]
    desk.do("calendar.move", {"uid": uid, "start": f"{desk.day()}T17:00"})
    desk.put(f"/{ANA}/calendar/copy.ics", desk.read(uid).replace(uid, "copy"))

    assert desk.compare("calendar.create") == []
    assert desk.compare("calendar.move") == []
    desk.delete("copy")


def test_a_moved_meeting_that_somebody_moved_on_or_deleted_is_no_finding(desk: Desk) -> None:
    for number in (1, 2):
        uid = desk.meeting()
        before = desk.read(uid)
        desk.do("calendar.move", {"uid": uid, "start": f"{desk.day()}T15:00"})
        if number == 1:
            desk.put(f"/{ANA}/calendar/{uid}.ics", before.replace("T10", "T12"))
        else:
            desk.delete(uid)

    assert desk.compare("calendar.move") == []


def test_a_mail_no_action_explains_is_found_and_a_deleted_one_is_not(desk: Desk) -> None:
    desk.do("mail.send", LETTER)
    box = desk.office.data / "office" / "mail" / ANA / "new"
    newest = max(box.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()
    assert desk.compare("mail.send") == []

    desk.stray("mail.send", LETTER)
    assert desk.compare("mail.send") == [("unasked", None)]


def test_permissions_that_no_action_gave_are_found(desk: Desk) -> None:
    now = desk.road.clock.now()
    with desk.road.db.transaction() as session:
        take_in_file(session, desk.road.deps.log, workspace_id="T0PRACTICE", text=ALLOWED, now=now)
    desk.do("signoff.set_policy", {"text": ALLOWED.replace("a test", "another test")})
    desk.in_sql(
        "INSERT INTO policy_version (workspace_id, number, digest, source, by, at)"
        " VALUES ('T0PRACTICE', 9, 'd', :by, 'ana', :now)",
        by=STRANGER,
        now=now.isoformat(sep=" "),
    )

    desk.in_sql(
        "INSERT INTO admitted_connector (workspace_id, source, name, version, tools, at)"
        " VALUES ('T0PRACTICE', :by, 'pay', '1.0.0', '[]', :now)",
        by=STRANGER,
        now=now.isoformat(sep=" "),
    )

    assert desk.compare("signoff.set_policy") == [("unasked", None)]
    assert desk.compare("signoff.admit_connector") == [("unasked", None)] * 2


def test_every_tool_with_an_effect_is_played_here(desk: Desk) -> None:
    effects = {t.name for t in desk.road.deps.registry.tools if t.effect is not Effect.READ}
    one_way = {"calendar.create", "calendar.cancel", "mail.send"}
    permissions = {"signoff.allow_alike", "signoff.set_policy", "signoff.admit_connector"}

    assert effects == {kind.tool for kind in BOTH_WAYS} | one_way | permissions
    assert {t.name for t in desk.road.deps.registry.tools if t.unrecorded} == one_way
