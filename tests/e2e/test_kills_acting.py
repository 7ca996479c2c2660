"""The tool worker killed with SIGKILL in the middle of acting, Redis wiped or restarted on top.

Counted at the counterpart: the shop's journal, the Maildir, Radicale's files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.broker import Doorbell
from core.outbox import Message
from tests.e2e.chaos import KINDS, ONCE, Chaos, End, Errand, running
from tests.e2e.demo import words_of

pytestmark = [
    pytest.mark.chaos,
]

#: Plain mail can neither be repeated safely nor looked up: somebody is asked instead.
NOT_SENT = End(effects=0, cards=1, answers=0, questions=1, status="unknown")
SENT = replace(NOT_SENT, effects=1)
UNKNOWN = {
    ("mail", "executor:intent-committed"): NOT_SENT,
    ("mail", "executor:called"): SENT,
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    with running(tmp_path_factory.mktemp("acting")) as chaos:
        yield chaos


# In one half of the cases a pool child dies alone; in the other the whole worker dies, and Redis is
# wiped with it.
DEATHS = pytest.mark.parametrize("group", [False, True], ids=["child", "worker-and-redis"])


@DEATHS
@pytest.mark.parametrize("kind", KINDS)
def test_killed_before_anybody_was_asked_it_is_asked_and_done_once(
    office: Chaos, kind: str, group: bool
) -> None:
    errand = office.errand(kind)
    mark = office.arm("prepare:judged", group=group)

    thread = office.ask(errand)
    office.died(mark)
    if group:
        office.wipe()
    office.advance()
    office.approve(errand, thread)

    assert office.settled(errand, thread) == ONCE


@DEATHS
@pytest.mark.parametrize(
    "place", ["executor:intent-committed", "executor:called", "executor:outcome-committed"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_while_acting_it_happens_once_or_a_person_is_asked(
    office: Chaos, kind: str, place: str, group: bool
) -> None:
    errand = office.errand(kind)
    thread = office.ask(errand)
    office.card(errand.channel, thread, button=errand.button)
    mark = office.arm(place, group=group)

    office.approve(errand, thread)
    office.died(mark)
    if group:
        office.wipe()
    office.advance()

    expected = UNKNOWN.get((kind, place), ONCE)
    assert office.settled(errand, thread) == expected
    if expected is not ONCE:
        settle(office, errand, thread, happened=expected is SENT)
        status = "succeeded" if expected is SENT else "failed"
        assert office.settled(errand, thread) == replace(expected, answers=1, status=status)


@pytest.mark.parametrize("wiped", [False, True], ids=["kept", "wiped"])
def test_every_job_published_three_times_at_every_moment_changes_nothing(
    office: Chaos, wiped: bool
) -> None:
    errands = [office.errand(kind) for kind in KINDS]
    threads = office.ask_all(errands)
    office.cards(errands, threads)

    publish_all_thrice(office)
    office.approve_all(errands, threads)
    publish_all_thrice(office)
    if wiped:
        office.wipe()
        office.advance()
    before = [office.settled(*each) for each in zip(errands, threads, strict=True)]
    publish_all_thrice(office)
    office.until(office.drained, "the queues to be empty")

    assert before == [ONCE] * 3
    assert [office.settled(*each) for each in zip(errands, threads, strict=True)] == before


@pytest.mark.parametrize("wiped", [False, True], ids=["kept", "wiped"])
def test_a_post_whose_reply_was_lost_leaves_one_message(office: Chaos, wiped: bool) -> None:
    errand = office.errand("mail")
    office.post("faults", {"kind": "lost_reply", "method": "chat.postMessage", "times": 1})
    thread = office.ask(errand)
    office.card(errand.channel, thread, button=errand.button)
    if wiped:
        office.wipe()
    office.post("faults", {"kind": "lost_reply", "method": "chat.postMessage", "times": 1})

    office.approve(errand, thread)

    assert office.settled(errand, thread) == ONCE


@pytest.mark.parametrize("how", ["restarted", "wiped"])
@pytest.mark.parametrize("kind", ["refund", "mail"])
def test_redis_gone_while_an_action_executes_costs_nothing_but_time(
    office: Chaos, kind: str, how: str
) -> None:
    errand = office.errand(kind)
    thread = office.ask(errand)
    office.card(errand.channel, thread, button=errand.button)
    slow(office, kind)

    office.approve(errand, thread)
    office.until(lambda: office.status(thread) == "executing", "the call to begin")
    if how == "restarted":
        office.killed("redis")
    else:
        office.wipe()

    assert office.settled(errand, thread) == ONCE


def test_after_all_that_the_log_is_whole(office: Chaos) -> None:
    """Nothing has two ends, and each effect had its permission, used up once."""
    twice = office.rows(
        "SELECT subject FROM event WHERE type IN ('approvals:action:succeeded', "
        "'approvals:action:failed') GROUP BY subject HAVING count(*) > 1"
    )
    unpermitted = office.rows(
        'SELECT a.id FROM action a LEFT JOIN "grant" g ON g.action_id = a.id '
        "WHERE a.status IN ('succeeded', 'unknown') AND g.consumed_at IS NULL"
    )

    assert (twice, unpermitted) == ([], [])


def settle(office: Chaos, errand: Errand, thread: str, *, happened: bool) -> None:
    """Ana looked, and says so."""
    button = "happened" if happened else "not_happened"
    question = office.card(errand.channel, thread, button=button)
    assert "Did this happen?" in words_of(question)

    def settled() -> bool:
        if office.status(thread) == "unknown":
            office.click("U0ANA", question, button)
        return office.status(thread) != "unknown"

    office.until(settled, "the answer to count")


def publish_all_thrice(office: Chaos) -> None:
    """Every row there is, done or not, as a confused broker would."""
    ring = Doorbell(office.redis)
    ring([Message(job, args) for job, args in office.jobs() for _ in range(3)])
    ring.close()


def slow(office: Chaos, kind: str) -> None:
    """The counterpart takes two seconds before it does the next thing it is asked for."""
    match = {"refund": "POST /refunds", "mail": "SMTP DATA"}[kind]
    fault = {"match": match, "moment": "before", "action": "delay", "seconds": 2.0}
    office.outside(f"{office.shop}/control/faults", fault)
