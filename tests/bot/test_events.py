"""Events of other systems start work: taken once, bounded, and nobody's words but the sender's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from approvals.people import People
from audit.tables import Event
from bot.events.door import LONGEST
from bot.events.intake import JOB
from bot.events.opening import Openings
from bot.events.rules import PER_MINUTE, EventRule, load_event_rules
from bot.events.signatures import signed
from bot.schedules import load_automations
from core.clock import HeldClock
from core.db import Database
from core.errors import ConfigError
from core.outbox import Outbox
from tests.bot.desk import ANA, FINN, GENERAL, OLGA, SAM, SUPPORT, Desk, shown
from tests.bot.opening import CONFIG, opened, sqlite

KEY = bytes(range(32))
RULES = """
digests:
  - {name: support-morning, channel: C0SUPPORT, at: "09:00"}
events:
  - name: parcel-lost
    source: shop
    type: parcel.lost
    channel: C0SUPPORT
    owner: ana
    scopes: ["shop:read"]
    say: "The parcel of order {data.order} is lost: {data.reason}. Look at order {data.order}."
  - name: very-late
    source: shop
    when: event.type == "parcel.late" && event.data.days > 7
    channel: C0SUPPORT
    owner: ana
    scopes: []
    say: "A parcel is {data.days} days late."
  - name: nowhere
    source: shop
    type: nowhere
    channel: C0NOWHERE
    owner: ana
    scopes: []
    say: "Hello."
  - name: of-a-guest
    source: shop
    type: guest
    channel: C0SUPPORT
    owner: gita
    scopes: []
    say: "Hello."
  - name: dividing
    source: shop
    type: shared
    when: event.data.sum / event.data.people > 100
    channel: C0SUPPORT
    owner: ana
    scopes: []
    say: "Hello."
"""
GUEST = "  - {id: gita, name: Gita Rao, slack_id: U0GITA}\n"
LOST = {"type": "parcel.lost", "data": {"order": "4712", "reason": "sorting <!here> centre"}}


@pytest.fixture
def people() -> People:
    text = (CONFIG / "people.yaml").read_text()
    return People.parse(text.replace("\ngroups:", f"\n{GUEST}\ngroups:"), CONFIG / "people.yaml")


@dataclass
class Sender:
    """The shop, as it tells the app at `desk` of things."""

    desk: Desk
    number: int = 0
    wait_s: int = 0

    async def send(
        self, event: Any = LOST, *, id: str = "", source: str = "shop", **changed: str
    ) -> tuple[int, dict[str, Any]]:
        """`changed` replaces headers; a header of "" is left out. A `Retry-After` is kept."""
        self.number += 1
        id = id or f"msg_{self.number}"
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        at = int(self.desk.clock.now().timestamp())
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(at),
            "webhook-signature": signed(KEY, id, at, body),
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        headers = {name: value for name, value in headers.items() if value}
        url = f"{self.desk.bot}/events/{source}"
        async with self.desk.http.post(url, data=body, headers=headers) as answer:
            self.wait_s = int(answer.headers.get("Retry-After", 0))
            return answer.status, await answer.json()


def rules_of(tmp_path: Path, people: People, text: str = RULES) -> tuple[EventRule, ...]:
    path = tmp_path / "automations.yaml"
    path.write_text(text)
    load_automations(path)
    return load_event_rules(path, people)


@pytest.fixture
async def any_shop(
    db: Database, clock: HeldClock, people: People, tmp_path: Path
) -> AsyncIterator[Sender]:
    """The app with these rules on both databases; it speaks with Slack in Socket Mode."""
    async with opened("socket", db, clock, people, tmp_path, **parts_of(tmp_path, people)) as desk:
        yield Sender(desk)


@pytest.fixture
async def shop(clock: HeldClock, people: People, tmp_path: Path) -> AsyncIterator[Sender]:
    """The same over HTTP and on SQLite, where neither makes a difference."""
    db = sqlite(tmp_path)
    async with opened("http", db, clock, people, tmp_path, **parts_of(tmp_path, people)) as desk:
        yield Sender(desk)
    db.engine.dispose()


def parts_of(tmp_path: Path, people: People) -> dict[str, Any]:
    return {"event_rules": rules_of(tmp_path, people), "event_keys": {"shop": [KEY]}}


def inbound(desk: Desk) -> list[str]:
    return [row.key for row in desk.inbound()]


def log_of(desk: Desk, kind: str) -> list[str]:
    query = select(Event.reason).where(Event.type == kind).order_by(Event.at, Event.id)
    with desk.deps.db.read() as session:
        return list(session.exec(query))


def openings(desk: Desk) -> Openings:
    deps = desk.deps
    return Openings(deps.db, deps.log, deps.clock, deps.people, desk.poster())


async def opened_all(desk: Desk) -> int:
    """Run what is owed to events, as workers would; how many were run."""
    query = select(Outbox).where(Outbox.job == JOB, Outbox.done_at.is_(None))  # type: ignore[union-attr]
    with desk.deps.db.read() as session:
        rows = session.exec(query).all()
    for row in rows:
        await asyncio.to_thread(lambda args=row.args: openings(desk).run(**args))
    return len(rows)


async def test_an_event_becomes_one_turn_in_its_own_thread_however_often_it_comes(
    any_shop: Sender,
) -> None:
    """R37, R42, R71, R72: an event of another system starts work, once."""
    desk = any_shop.desk

    first = await any_shop.send(id="msg_a")
    again = await any_shop.send(id="msg_a")
    assert desk.turns() == []  # it was acknowledged, and is worked on later
    await opened_all(desk)
    late = await any_shop.send(id="msg_a")
    assert await opened_all(desk) == 0

    assert [first, again, late] == [
        (200, {"status": "taken", "starts": ["parcel-lost"]}),
        (200, {"status": "known", "starts": []}),
        (200, {"status": "known", "starts": []}),
    ]
    [message], [turn] = await desk.messages(), desk.turns()
    assert turn.text == (
        "The parcel of order 4712 is lost: “data.reason” of the event. Look at order 4712."
    )
    assert (turn.principal_id, turn.automation) == ("ana", "parcel-lost")
    assert (turn.channel, turn.thread_ts, turn.message_ts) == (SUPPORT, *[message["ts"]] * 2)
    assert turn.versions == {}
    told = shown(message)
    assert turn.text in told
    assert "An event of shop · asked by the rule parcel-lost, for Ana" in told
    assert "data.order: 4712 · data.reason: sorting <!here> centre" in told
    assert "<!here>" not in message["text"]
    with desk.deps.db.read() as session:
        jobs = session.exec(select(Outbox.job).where(Outbox.done_at.is_(None))).all()  # type: ignore[union-attr]
    assert jobs == ["run_turn"]
    assert log_of(desk, "bot:event:received") == ["An event of shop came. It starts parcel-lost"]
    assert log_of(desk, "bot:turn:received") == ["The rule parcel-lost asked for Ana in #support"]


async def test_a_follow_up_in_the_events_thread_is_heard_without_a_mention(shop: Sender) -> None:
    await shop.send()
    await opened_all(shop.desk)
    [message] = await shop.desk.messages()

    await shop.desk.say(FINN, SUPPORT, "When was it sent?", thread_ts=message["ts"])

    first, second = shop.desk.turns()
    assert first.conversation_id == second.conversation_id
    assert (second.principal_id, second.automation, second.happened) == ("finn", "assistant", None)


async def test_what_no_rule_means_is_acknowledged_and_stands_in_the_log(shop: Sender) -> None:
    """R54."""
    late = {"type": "parcel.late", "data": {"days": 3}}
    unclear = {"type": "parcel.late", "data": {}}

    statuses = [(await shop.send(event))[0] for event in ({}, late, unclear)]

    assert statuses == [200, 200, 200]
    assert len(inbound(shop.desk)) == 3
    assert (
        log_of(shop.desk, "bot:event:received")
        == ["An event of shop came. No rule starts anything on it"] * 3
    )
    assert await opened_all(shop.desk) == 0


async def test_a_condition_in_cel_decides_over_the_whole_event(shop: Sender) -> None:
    """R42."""
    await shop.send({"type": "parcel.late", "data": {"days": 8}})

    await opened_all(shop.desk)

    assert [turn.text for turn in shop.desk.turns()] == ["A parcel is 8 days late."]


async def test_a_condition_that_cannot_be_told_of_an_event_means_it_not(shop: Sender) -> None:
    nobody = {"type": "shared", "data": {"sum": 1_000, "people": 0}}

    assert await shop.send(nobody) == (200, {"status": "taken", "starts": []})
    assert (await shop.send({"type": "shared", "data": {"sum": 1_000, "people": 5}}))[1] == {
        "status": "taken",
        "starts": ["dividing"],
    }


TURNED_AWAY: list[tuple[dict[str, str], Any, int]] = [
    ({"source": "billing"}, LOST, 404),
    ({"webhook_id": ""}, LOST, 400),
    ({"webhook_id": "a.b"}, LOST, 400),
    ({"webhook_signature": ""}, LOST, 400),
    ({"webhook_signature": "v1,AAAA"}, LOST, 401),
    ({"webhook_id": "another"}, LOST, 401),
    ({"webhook_timestamp": "1"}, LOST, 401),
    ({"webhook_timestamp": "x"}, LOST, 401),
    ({"Content_Encoding": "x-own"}, LOST, 415),
    ({}, b"no json", 400),
    ({}, b"\xff\xfe", 400),
    ({}, b"[]", 400),
    ({}, b'{"a": NaN}', 400),
    ({}, b'{"a": 1e999}', 400),
    ({}, b'{"a": ' + b"9" * 5_000 + b"}", 400),
    ({}, b"[" * 50_000, 400),
    ({}, {"a": [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}, 400),
    ({}, {"a": "x" * LONGEST}, 413),
]


async def test_what_is_not_a_sources_genuine_event_is_turned_away(shop: Sender) -> None:
    """R1."""
    answers = [await shop.send(event, **changed) for changed, event, _status in TURNED_AWAY]

    assert [status for status, _said in answers] == [status for *_, status in TURNED_AWAY]
    assert all(said["error"] for _status, said in answers)
    assert inbound(shop.desk) == []


async def test_too_many_are_refused_and_none_that_comes_again_is_lost(any_shop: Sender) -> None:
    desk = any_shop.desk
    for number in range(PER_MINUTE):
        assert (await any_shop.send({}, id=f"n{number}"))[0] == 200

    refused = await any_shop.send(id="late")
    known = await any_shop.send({}, id="n1")
    desk.clock.advance(timedelta(seconds=2))
    taken = await any_shop.send(id="late")

    assert refused[0] == 429
    assert known == (200, {"status": "known", "starts": []})
    assert taken == (200, {"status": "taken", "starts": ["parcel-lost"]})
    await opened_all(desk)
    assert len(desk.turns()) == 1


SOURCES = """
sources:
  shop: {per_minute: 2}
"""


async def test_how_many_are_taken_is_set_for_a_source_and_the_wait_that_is_told_is_enough(
    clock: HeldClock, people: People, tmp_path: Path
) -> None:
    """`billing`, of which nothing is said, is taken as ever."""
    (tmp_path / "set.yaml").write_text(RULES + SOURCES)
    rates = load_automations(tmp_path / "set.yaml").rates
    parts = parts_of(tmp_path, people)
    parts |= {"event_rates": rates, "event_keys": {"shop": [KEY], "billing": [KEY]}}
    db = sqlite(tmp_path)
    async with opened("http", db, clock, people, tmp_path, **parts) as desk:
        shop, statuses = Sender(desk), list[int]()
        for _ in range(3):
            statuses.append((await shop.send({}))[0])
        wait = shop.wait_s
        desk.clock.advance(timedelta(seconds=wait - 1))
        statuses.append((await shop.send({}))[0])
        desk.clock.advance(timedelta(seconds=1))
        statuses.append((await shop.send({}))[0])
        others = [(await shop.send({}, source="billing"))[0] for _ in range(3)]
    db.engine.dispose()

    assert (statuses, wait) == ([200, 200, 429, 429, 200], 30)
    assert others == [200] * 3


async def test_what_cannot_be_committed_gets_no_200_and_is_taken_when_it_comes_again(
    shop: Sender,
) -> None:
    def rename(of: str, to: str) -> None:
        with shop.desk.deps.db.transaction() as session:
            session.execute(text(f"ALTER TABLE {of} RENAME TO {to}"))

    rename("inbound", "inbound_away")
    status, said = await shop.send(id="a")
    rename("inbound_away", "inbound")

    assert status == 503
    assert "SQL" not in said["error"]
    assert (await shop.send(id="a"))[1]["status"] == "taken"


async def test_an_event_that_lacks_what_its_rule_needs_is_told_the_owner_once_a_day(
    shop: Sender,
) -> None:
    for event in ({"type": "parcel.lost"}, {"type": "parcel.lost", "data": {"order": ["4712"]}}):
        assert (await shop.send(event))[1] == {"status": "taken", "starts": []}

    await shop.desk.send_owed()

    [told] = [post.body["text"] for post in shop.desk.posts()]
    assert told == (
        "parcel-lost did nothing on an event of shop: it has no data.order. Its `say` in "
        "config/automations.yaml names that field."
    )
    assert "it has no data.order" in log_of(shop.desk, "bot:event:received")[0]


async def test_nothing_is_begun_for_an_owner_who_is_not_served(shop: Sender) -> None:
    """R7."""
    assert (await shop.send({"type": "guest"}))[1] == {"status": "taken", "starts": []}

    [told] = [post.body["text"] for post in shop.desk.posts()]
    assert told.startswith("of-a-guest did nothing on an event of shop: I cannot work for its")


async def test_a_channel_that_cannot_be_written_into_is_told_and_nothing_is_begun(
    shop: Sender,
) -> None:
    await shop.send({"type": "nowhere"})

    await opened_all(shop.desk)

    assert shop.desk.turns() == []
    assert await opened_all(shop.desk) == 0
    [why] = log_of(shop.desk, "bot:event:left")
    assert why.startswith("Nothing was done on it: I could not write into C0NOWHERE")
    told = [post.body["text"] for post in shop.desk.posts() if post.kind == "notice"]
    assert len(told) == 1
    assert "Invite me there" in told[0]


async def test_a_stopped_rule_keeps_its_events_until_its_owner_lets_it_go_on(
    shop: Sender,
) -> None:
    """R150: the rule alone, by its name; what came meanwhile is not lost."""
    desk = shop.desk
    assert (await desk.command(SAM, "stop parcel-lost", GENERAL)).startswith("You can stop an")
    assert (await desk.command(FINN, "stop parcel-lost")).startswith(
        "Stopped: the automation parcel-lost. The rest goes on."
    )
    assert "Finn stopped the automation parcel-lost" in await desk.command(OLGA, "status")

    assert "wait" not in await desk.command(OLGA, "status")

    await shop.send()
    await shop.send({"type": "parcel.late", "data": {"days": 8}})
    await opened_all(desk)
    assert [turn.automation for turn in desk.turns()] == ["very-late"]
    assert (
        "   1 event of another system waits since 10:00. It is posted and looked into when it "
        "goes on."
    ) in (await desk.command(OLGA, "status")).splitlines()

    assert (await desk.command(FINN, "resume parcel-lost")).startswith("You cannot let this go on")
    assert (await desk.command(ANA, "resume parcel-lost")).splitlines() == [
        "Going on: the automation parcel-lost.",
        "• Posted and looked into now: 1 event of another system, held since 10:00",
    ]
    assert await opened_all(desk) == 1
    assert sorted(turn.automation for turn in desk.turns()) == ["parcel-lost", "very-late"]


async def test_of_two_stops_each_tells_the_events_it_holds(shop: Sender) -> None:
    desk = shop.desk
    await desk.command(OLGA, "stop all")
    await desk.command(OLGA, "stop parcel-lost")
    await shop.send()
    desk.clock.advance(timedelta(minutes=5))
    await shop.send()
    for _ in range(3):
        await shop.send({"type": "parcel.late", "data": {"days": 8}})
    await opened_all(desk)
    assert desk.turns() == []

    told = (await desk.command(OLGA, "status")).splitlines()
    rule = await desk.command(OLGA, "resume parcel-lost")
    then = (await desk.command(OLGA, "status")).splitlines()
    everything = await desk.command(OLGA, "resume all")

    end = "Each is posted and looked into when it goes on."
    assert told[1] == f"   3 events of other systems wait since 10:05. {end}"
    assert told[3] == f"   2 events of other systems wait since 10:00. {end}"
    assert rule.endswith("• Still held, Olga stopped everything: 2 events of other systems")
    assert then[1] == f"   5 events of other systems wait since 10:00. {end}"
    assert everything.endswith(
        "• Posted and looked into now: 5 events of other systems, held since 10:00"
    )
    assert await opened_all(desk) == 5
    assert len(desk.turns()) == 5


async def test_a_worker_that_dies_between_the_post_and_the_turn_begins_one_turn(
    shop: Sender,
) -> None:
    desk = shop.desk
    await shop.send()

    class Died(Exception):
        pass

    class Dies(Openings):
        def _begin(self, *_args: Any) -> None:
            raise Died

    deps = desk.deps
    dying = Dies(deps.db, deps.log, deps.clock, deps.people, desk.poster())
    with deps.db.read() as session:
        args = session.exec(select(Outbox.args).where(Outbox.job == JOB)).one()
    with pytest.raises(Died):
        await asyncio.to_thread(lambda: dying.run(**args))
    await opened_all(desk)
    await asyncio.to_thread(lambda: openings(desk).run(**args))

    [message], [turn] = await desk.messages(), desk.turns()
    assert turn.message_ts == message["ts"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("owner: gita", "owner: nemo"), "line 30: the owner 'nemo' of of-a-guest is nobody"),
        (("event.data.days > 7", "evnt.data.days > 7"), "line 14: this condition uses 'evnt'"),
        (("&& event.data", "&&& event.data"), "line 14: this condition cannot be read"),
        (("{data.days} days", "{data.days days"), "line 18: events.1.say: a hole is written"),
        (("very-late", "parcel-lost"), "line 4: events: two automations are called"),
        (("very-late", "support-morning"), "line 4: events: two automations are called"),
        (("very-late", "all"), "line 4: events: no automation can be called all"),
        (("source: shop\n    when", "source: Shop\n    when"), "line 13: events.1.source"),
        (("events:", "sources: {shop: {per_minute: 0}}\nevents:"), "sources.shop.per_minute"),
        (("events:", "sources: {Shop: {per_minute: 9}}\nevents:"), "sources.Shop"),
        (("events:", "sources: {shop: {each: 9}}\nevents:"), "line 4: I do not know the key"),
        (('    scopes: []\n    say: "A', '    say: "A'), "events.1.scopes is missing"),
    ],
)
def test_a_rule_that_cannot_be_used_stops_the_start_with_its_line(
    tmp_path: Path, people: People, change: tuple[str, str], says: str
) -> None:
    with pytest.raises(ConfigError) as error:
        rules_of(tmp_path, people, RULES.replace(*change))

    assert says in error.value.sentence


def test_the_starter_file_has_a_rule_and_gives_it_reads_of_the_shop_only() -> None:
    people = People.load(CONFIG / "people.yaml")
    (rule,) = load_event_rules(CONFIG / "automations.yaml", people)

    assert load_automations(CONFIG / "automations.yaml").scopes == {rule.name: ("shop:read",)}


async def test_no_text_of_an_event_keeps_it_from_being_taken_once(any_shop: Sender) -> None:
    body = (
        r'{"type": "parcel.lost", "more\u0000\ud801": [1.5, 1e300, 123456789012345678901],'
        r' "data": {"order": "4712", "reason": "a\u0000b\ud800c"}}'
    )

    status, _ = await any_shop.send(body.encode())

    assert status == 200
    assert await opened_all(any_shop.desk) == 1
    assert len(any_shop.desk.turns()) == 1
