"""What goes wrong on the way, for each retry class: effects counted where they happen."""

from __future__ import annotations

import threading

import pytest
from road import Road
from till import Fault, Till
from till_tools import SETTLE_S, TIMEOUT_S

from approvals import actions
from approvals.moves import row_of
from core.errors import InvalidTransition, LeaseLost
from tools.calling import ask
from tools.limits import Limits
from tools.observe import observation
from tools.settle import answered
from tools.start import begin


def dies_after_intent(road: Road, action_id: str) -> None:
    """Everything up to the committed intent happens; the call does not."""
    work = road.executor._work(road.row(action_id), (), None)
    begin(road.deps, work)  # type: ignore[arg-type]


def dies_after_call(road: Road, action_id: str) -> None:
    """The call reaches the counterpart; its outcome is never written."""
    work = road.executor._work(road.row(action_id), (), None)
    claim = begin(road.deps, work)  # type: ignore[arg-type]
    ask(road.deps.bounded, claim.tool, claim.tool.run, claim.args, claim.call)  # type: ignore[union-attr]


#: A claim's lease, and the time after which what is not there was not done.
LEASE_S = TIMEOUT_S + Limits().lease_slack_s
SETTLED_S = TIMEOUT_S + SETTLE_S

REFUND = {"tool": "till.refund", "order": "4711", "minor": 18_000}
ORDER = {"tool": "till.order", "sku": "SKU-1", "quantity": 3}
LETTER = {"tool": "till.letter", "to": "finn@lindqvist.example", "text": "hello"}


def ready(road: Road, call: dict[str, object]) -> str:
    """A permitted action, not begun."""
    args = {name: value for name, value in call.items() if name != "tool"}
    if call["tool"] == "till.refund":
        return road.approved("till.refund", **args)
    action_id = road.propose(str(call["tool"]), **args)
    assert road.prepare_only(action_id) == "allowed"
    return action_id


@pytest.mark.parametrize("call", [REFUND, ORDER, LETTER], ids=["same key", "looked up", "asks you"])
def test_delivered_again_and_again_it_happens_once(road: Road, till: Till, call: dict) -> None:
    """R58, R59."""
    action_id = ready(road, call)

    answers = [road.execute(action_id) for _ in range(4)]

    assert answers == ["succeeded"] * 4
    assert sum(entry.effect for entry in till.journal) == 1


@pytest.mark.parametrize("call", [REFUND, ORDER, LETTER], ids=["same key", "looked up", "asks you"])
def test_two_workers_at_once_make_one_effect(road: Road, till: Till, call: dict) -> None:
    action_id = ready(road, call)
    start, answers = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        answers.append(road.execute(action_id))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(entry.effect for entry in till.journal) == 1
    assert "succeeded" in answers
    assert set(answers) <= {"succeeded", "held", "stale", "executing"}
    assert road.status(action_id) == "succeeded"


def test_same_key_a_lost_answer_is_called_again_and_counts_once(road: Road, till: Till) -> None:
    """R58, R59."""
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "drop_after"))

    assert road.execute(action_id) == "held"
    assert road.row(action_id).tainted
    road.wait(1)
    assert road.execute(action_id) == "succeeded"

    assert till.calls("/refund") == 2
    assert till.effects("/refund") == 1
    assert len({entry.key for entry in till.journal if entry.path == "/refund"}) == 1


def test_looked_up_a_lost_answer_is_found_and_not_called_again(road: Road, till: Till) -> None:
    """R58."""
    action_id = ready(road, ORDER)
    till.faults.append(Fault("POST /order", "drop_after"))

    assert road.execute(action_id) == "held"
    road.wait(59)
    assert road.execute(action_id) == "held"  # absent would prove nothing yet
    road.wait(1)
    assert road.execute(action_id) == "succeeded"

    assert till.calls("/order") == 1
    assert observation(road.row(action_id))["result"] == {"source": "till", "number": "or_1"}
    assert "tools:effect:verified" in road.events(action_id)


def test_looked_up_what_never_arrived_is_called_again(road: Road, till: Till) -> None:
    action_id = ready(road, ORDER)
    till.faults.append(Fault("POST /order", "drop_before"))

    assert road.execute(action_id) == "held"
    road.wait(60)
    assert road.execute(action_id) == "succeeded"

    assert till.calls("/order") == 2
    assert till.effects("/order") == 1


def test_looked_up_a_counterpart_still_working_gets_no_second_call(road: Road, till: Till) -> None:
    action_id = ready(road, ORDER)
    till.faults.append(Fault("POST /order", "late"))
    assert road.execute(action_id) == "held"
    road.wait(30)
    assert road.execute(action_id) == "held"

    till.finish_late()
    road.wait(30)

    assert road.execute(action_id) == "succeeded"
    # Its journal has the one call twice: received, and done later.
    assert till.calls("/order") == 2
    assert till.effects("/order") == 1


def test_asks_you_a_lost_answer_becomes_unknown_and_asks_once(road: Road, till: Till) -> None:
    """R89."""
    action_id = ready(road, LETTER)
    till.faults.append(Fault("POST /letter", "drop_after"))

    assert road.execute(action_id) == "unknown"
    for _ in range(3):
        road.wait(3_600)
        assert road.execute(action_id) == "unknown"

    assert till.effects("/letter") == 1
    assert road.posts(action_id, "question") == 1
    assert observation(road.row(action_id))["status"] == "unknown"
    assert road.open_jobs(action_id) == []


def test_asks_you_what_was_surely_not_received_is_tried_again(road: Road, till: Till) -> None:
    action_id = ready(road, LETTER)
    till.faults.append(Fault("POST /letter", "status", status=503))

    assert road.execute(action_id) == "held"
    road.wait(1)
    assert road.execute(action_id) == "succeeded"

    assert not road.row(action_id).tainted
    assert till.effects("/letter") == 1


@pytest.mark.parametrize("dies", [dies_after_intent, dies_after_call])
def test_same_key_a_dead_worker_is_replaced_after_its_lease(
    road: Road, till: Till, dies: object
) -> None:
    action_id = ready(road, REFUND)
    dies(road, action_id)  # type: ignore[operator]

    assert road.execute(action_id) == "held"
    road.wait(LEASE_S)
    assert road.execute(action_id) == "succeeded"

    assert till.effects("/refund") == 1
    assert road.row(action_id).tainted
    assert road.row(action_id).token == 2


@pytest.mark.parametrize(("dies", "calls"), [(dies_after_intent, 1), (dies_after_call, 1)])
def test_looked_up_a_dead_worker_is_replaced_after_a_look(
    road: Road, till: Till, dies: object, calls: int
) -> None:
    action_id = ready(road, ORDER)
    dies(road, action_id)  # type: ignore[operator]

    road.wait(LEASE_S)
    assert road.execute(action_id) == "held"  # its lease is over, its settling time is not
    road.wait(55)
    assert road.execute(action_id) == "succeeded"

    assert till.calls("/order") == calls
    assert till.effects("/order") == 1


@pytest.mark.parametrize(("dies", "letters"), [(dies_after_intent, 0), (dies_after_call, 1)])
def test_asks_you_a_dead_workers_letter_is_asked_about_not_sent_again(
    road: Road, till: Till, dies: object, letters: int
) -> None:
    action_id = ready(road, LETTER)
    dies(road, action_id)  # type: ignore[operator]

    road.wait(LEASE_S)

    assert road.execute(action_id) == "unknown"
    assert road.posts(action_id, "question") == 1
    assert len(till.letters) == letters


def test_a_worker_paused_past_its_lease_cannot_write(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    work = road.executor._work(road.row(action_id), (), None)
    paused = begin(road.deps, work)  # type: ignore[arg-type]
    result = ask(road.deps.bounded, paused.tool, paused.tool.run, paused.args, paused.call)  # type: ignore[union-attr]

    road.wait(LEASE_S)
    assert road.execute(action_id) == "succeeded"
    before = road.row(action_id).model_dump()

    with pytest.raises(InvalidTransition):
        answered(road.deps, paused, result)  # type: ignore[arg-type]
    assert road.row(action_id).model_dump() == before
    assert till.effects("/refund") == 1


def test_a_worker_paused_before_its_call_does_not_send_what_another_sent(
    road: Road, till: Till
) -> None:
    action_id = ready(road, ORDER)
    work = road.executor._work(road.row(action_id), (), None)
    paused = begin(road.deps, work)  # type: ignore[arg-type]

    road.wait(LEASE_S)
    assert road.execute(action_id) == "held"  # not there yet, which proves nothing yet
    road.wait(SETTLED_S)
    assert road.execute(action_id) == "succeeded"

    with pytest.raises((LeaseLost, InvalidTransition)):
        road.executor._step(paused, work)  # type: ignore[arg-type]
    assert till.effects("/order") == 1


def test_a_worker_that_comes_to_its_call_too_late_gives_it_back_unsent(
    road: Road, till: Till
) -> None:
    action_id = ready(road, LETTER)
    work = road.executor._work(road.row(action_id), (), None)
    paused = begin(road.deps, work)  # type: ignore[arg-type]

    road.wait(0.75 * TIMEOUT_S)
    assert road.executor._step(paused, work) == "held"  # type: ignore[arg-type]
    assert (till.calls("/letter"), road.row(action_id).tainted) == (0, False)

    road.wait(1)
    assert road.execute(action_id) == "succeeded"
    assert till.effects("/letter") == 1


def test_a_refusal_is_final_and_said_as_it_was(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "status", status=422))

    assert road.execute(action_id) == "failed"

    assert observation(road.row(action_id)) == {
        "status": "failed",
        "code": "fault",
        "message": "The till refuses: fault.",
    }


def test_same_key_a_refusal_after_a_lost_answer_proves_nothing(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    till.faults += [
        Fault("POST /refund", "drop_after"),
        Fault("POST /refund", "status", status=409),
    ]

    assert road.execute(action_id) == "held"
    road.wait(1)
    assert road.execute(action_id) == "unknown"

    assert till.effects("/refund") == 1
    assert road.posts(action_id, "question") == 1


def test_looked_up_a_refusal_after_a_lost_answer_is_settled_by_a_look(
    road: Road, till: Till
) -> None:
    action_id = ready(road, ORDER)
    till.faults += [
        Fault("POST /order", "drop_before"),
        Fault("POST /order", "status", status=409),
    ]

    assert road.execute(action_id) == "held"
    road.wait(60)
    assert road.execute(action_id) == "held"  # looked, called, refused: looked once more
    road.wait(SETTLED_S)
    assert road.execute(action_id) == "failed"

    assert observation(road.row(action_id))["code"] == "fault"
    assert till.effects("/order") == 0


def test_exhausted_without_a_trace_it_has_failed(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "status", times=99, status=503))

    statuses = [road.execute(action_id)]
    while statuses[-1] == "held":
        road.wait(31)
        statuses.append(road.execute(action_id))

    assert statuses == ["held"] * 5 + ["failed"]
    assert observation(road.row(action_id))["code"] == "unavailable"
    assert till.effects("/refund") == 0


def test_exhausted_after_it_may_have_arrived_it_is_unknown(road: Road, till: Till) -> None:
    """R89."""
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "drop_after", times=99))

    statuses = [road.execute(action_id)]
    while statuses[-1] == "held":
        road.wait(31)
        statuses.append(road.execute(action_id))

    assert statuses == ["held"] * 5 + ["unknown"]
    assert till.effects("/refund") == 1
    assert road.posts(action_id, "question") == 1


def test_a_key_the_counterpart_has_forgotten_is_not_used_again(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "drop_after"))

    assert road.execute(action_id) == "held"
    road.wait(86_400)

    assert road.execute(action_id) == "unknown"
    assert till.calls("/refund") == 1


def test_an_answer_nobody_understands_after_a_call_is_not_taken_for_a_yes(
    road: Road, till: Till
) -> None:
    action_id = ready(road, REFUND)
    till.faults.append(Fault("POST /refund", "garbage"))

    assert road.execute(action_id) == "held"
    road.wait(1)
    assert road.execute(action_id) == "succeeded"

    assert till.effects("/refund") == 1


def test_a_call_that_hangs_is_left_behind_and_counts_as_received(road: Road, till: Till) -> None:
    action_id = ready(road, REFUND)
    impatient = road.changed(limits=Limits(deadline_factor=0.1))
    till.faults.append(Fault("POST /refund", "delay", seconds=1.0))

    assert impatient.execute(action_id) == "held"
    assert impatient.row(action_id).tainted
    road.wait(1)

    assert road.execute(action_id) == "succeeded"
    assert till.effects("/refund") == 1


def test_a_read_that_gets_no_answer_fails_soon_and_says_so(road: Road, till: Till) -> None:
    action_id = road.propose("till.balance", order="4711")
    till.faults.append(Fault("GET /balance", "drop_before", times=99))

    assert road.prepare(action_id) == "allowed"
    for _ in range(3):
        road.wait(31)
        road.execute(action_id)

    assert till.calls("/balance", "GET") == 3
    assert observation(road.row(action_id)) == {
        "status": "failed",
        "code": "unavailable",
        "message": "The till does not answer.",
    }


def test_a_person_settles_what_is_unknown(road: Road, till: Till) -> None:
    action_id = ready(road, LETTER)
    till.faults.append(Fault("POST /letter", "drop_after"))
    road.execute(action_id)

    with road.db.transaction() as session:
        actions.answer_unknown(
            session,
            road.deps.log,
            action_id=action_id,
            person=road.deps.people.by_id("ana"),
            happened=True,
            now=road.clock.now(),
        )

    assert observation(road.row(action_id)) == {
        "status": "succeeded",
        "result": {},
        "summary": "Ana looked: it happened",
        "origin": "first_party",
    }
    with road.db.read() as session:
        assert row_of(session, action_id).settled_at == road.clock.now()
