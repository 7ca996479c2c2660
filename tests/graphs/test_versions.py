"""Turns that wait while the code changes: kept, taken over, or the deploy stops."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from langgraph.graph import END, START, StateGraph
from sqlmodel import select

from approvals.tables import Request
from audit.tables import Event
from core.errors import GraphError
from core.posts import Post
from graphs import assistant
from graphs.assistant import Message, Run, State, build_assistant
from graphs.runtime.places import Place, PlaceMissing, places, refuse
from graphs.versions import ASSISTANT, Version, Versions
from tests.graphs.office import FIND, Office, calls
from tests.graphs.test_turns_with_tools import Workers, approve, sent, workers

__all__ = ["workers"]
OLD = Version("assistant@1", build_assistant)
REFUND = calls(("shop__refund", {"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}}))
DONE = {"content": "Refunded."}


def build_newer(saver: Any) -> assistant.Assistant:
    """Another shape: it checks before it proposes, and waits at a node of another name."""
    graph = StateGraph(State, context_schema=Run)
    graph.add_node("plan", assistant._plan)
    graph.add_node("look", lambda state: {})
    graph.add_node("propose", assistant._propose)
    graph.add_node("hold", assistant._wait, input_schema=assistant.Wait)
    graph.add_node("observe", assistant._observe)
    graph.add_node("answer", assistant._answer)
    graph.add_edge(START, "plan")
    routes = {"plan": "plan", "propose": "look", "answer": "answer"}
    graph.add_conditional_edges("plan", assistant._after_plan, routes)
    graph.add_edge("look", "propose")
    sends = lambda state: [_to_hold(one) for one in assistant._waits(state)]  # noqa: E731
    graph.add_conditional_edges("propose", sends, ["hold"])
    graph.add_edge("hold", "observe")
    graph.add_edge("observe", "plan")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=saver, name="assistant@9")


def _to_hold(send: Any) -> Any:
    return type(send)("hold", send.arg)


def a_refund_waits(office: Office, workers: Workers, versions: Versions) -> str:
    """A turn begun under these versions, its card with Finance; the turn's id."""
    office.versions = versions
    workers.renew(office)
    office.model.script(REFUND, DONE)
    turn = office.say("Refund order 4711, EUR 180")
    workers.work()
    assert office.turn(turn.id).status == "waiting"
    return turn.id


def cards(office: Office) -> int:
    with office.db.read() as session:
        return len(session.exec(select(Post).where(Post.kind == "card")).all())


def requests(office: Office) -> list[str]:
    with office.db.read() as session:
        return list(session.exec(select(Request.id)))


@pytest.mark.parametrize("wiped", [False, True])
def test_a_waiting_turn_goes_on_in_the_version_it_began_with(
    office: Office, workers: Workers, wipe: redis.Redis, wiped: bool
) -> None:
    turn_id = a_refund_waits(office, workers, Versions([OLD]))
    office.versions = Versions([OLD, Version("assistant@9", build_newer)])
    workers.renew(office)
    if wiped:
        wipe.flushall()

    approve(office, office.actions(turn_id)[0].id)
    workers.work()

    after = office.turn(turn_id)
    assert (after.answer, after.versions["graph"]) == ("Refunded.", "assistant@1")
    assert (sent, cards(office), len(office.model.calls())) == (["refund EUR 180.00"], 1, 2)


def test_a_new_turn_begins_in_the_newest_version(office: Office, workers: Workers) -> None:
    versions = Versions([OLD, Version("assistant@9", build_newer)])
    turn_id = a_refund_waits(office, workers, versions)

    versions_of = office.turn(turn_id).versions
    assert (versions_of["graph"], versions_of["nodes"]) == ("assistant@9", ["hold"])


@pytest.mark.parametrize("wiped", [False, True])
def test_a_waiting_turn_is_taken_over_with_its_approval_its_card_and_one_effect(
    office: Office, workers: Workers, wipe: redis.Redis, wiped: bool
) -> None:
    """R41."""
    turn_id = a_refund_waits(office, workers, Versions([OLD]))
    [action] = office.actions(turn_id)
    asked = requests(office)
    office.versions = Versions([Version("assistant@9", build_newer, takes_over=("assistant@1",))])
    workers.renew(office)
    if wiped:
        wipe.flushall()

    approve(office, action.id)
    workers.work()

    after = office.turn(turn_id)
    assert (after.answer, after.versions["graph"]) == ("Refunded.", "assistant@9")
    assert [one.id for one in office.actions(turn_id)] == [action.id]
    assert (sent, cards(office), requests(office)) == (["refund EUR 180.00"], 1, asked)
    assert len(office.model.calls()) == 2
    with office.db.read() as session:
        query = select(Event).where(Event.turn_id == turn_id, Event.type == "graphs:run:taken-over")
        event = session.exec(query).one()
    assert event.reason == "Goes on in assistant@9, begun in assistant@1"


@pytest.mark.parametrize("wiped", [False, True])
def test_a_turn_is_taken_over_between_two_of_its_answers(
    office: Office, wipe: redis.Redis, wiped: bool
) -> None:
    office.versions = Versions([OLD])
    both = calls(("shop__find_order", {"order": "1"}), ("shop__find_order", {"order": "2"}))
    office.model.script(both, {"content": "Both are shipped."})
    turn = office.say("where are 1 and 2?")
    office.runner().run(turn.id)
    first, second = office.actions(turn.id)
    office.settle(second.id)
    halfway = office.runner().run(turn.id)

    office.versions = Versions([Version("assistant@9", build_newer, takes_over=("assistant@1",))])
    if wiped:
        wipe.flushall()
    taken_over = office.runner().run(turn.id)
    office.settle(first.id)
    end = office.runner().run(turn.id)

    assert (halfway, taken_over, end) == ("waiting", "waiting", "answered")
    assert [action.id for action in office.actions(turn.id)] == [first.id, second.id]
    assert office.turn(turn.id).versions["graph"] == "assistant@9"
    assert len(office.model.calls()) == 2


def test_a_version_that_was_taken_over_twice_is_served_by_the_newest(office: Office) -> None:
    versions = Versions(
        [
            Version("assistant@8", build_assistant, takes_over=("assistant@7",)),
            Version("assistant@9", build_newer, takes_over=("assistant@6",)),
        ]
    )

    assert [one and one.name for one in map(versions.serving, ("assistant@7", "assistant@6"))] == [
        "assistant@8",
        "assistant@9",
    ]
    chained = Versions([Version("c", build_newer, takes_over=("a", "b"))])
    assert chained.serving("a") is chained.serving("b") is chained.current


def test_a_recorded_answer_is_read_as_the_newer_version_understands_it(
    office: Office, workers: Workers
) -> None:
    turn_id = a_refund_waits(office, workers, Versions([OLD]))

    def louder(message: Message) -> Message:
        return {"content": (message["content"] or "").upper(), "calls": [], "problems": []}

    newer = Version("assistant@9", build_newer, takes_over=("assistant@1",), read=louder)
    office.versions = Versions([newer])
    workers.renew(office)

    approve(office, office.actions(turn_id)[0].id)
    workers.work()

    # Its calls stay those that were recorded: the refund is the very one that was approved.
    assert sent == ["refund EUR 180.00"]
    assert len(office.actions(turn_id)) == 1
    assert office.turn(turn_id).status == "answered"


def test_code_that_lacks_a_turns_version_leaves_it_to_workers_that_have_it(
    office: Office, workers: Workers
) -> None:
    turn_id = a_refund_waits(office, workers, Versions([Version("assistant@9", build_newer)]))
    office.versions = Versions([OLD])
    older = office.runner()

    outcome = older.run(turn_id)
    approve(office, office.actions(turn_id)[0].id)
    workers.work()

    assert outcome == "held"
    assert office.turn(turn_id).answer == "Refunded."
    assert office.turn(turn_id).tries == 0


def test_where_every_turn_under_way_stands_is_known(office: Office, workers: Workers) -> None:
    turn_id = a_refund_waits(office, workers, Versions([OLD]))
    office.say("not begun yet")

    [place] = places(office.db)

    assert place == Place(turn_id, "waiting", "#support", "assistant@1", ("wait",))
    assert Versions([OLD]).has_place(place.version, place.nodes)
    assert ASSISTANT.has_place(place.version, place.nodes)
    assert not Versions([Version("assistant@1", build_newer)]).has_place(place.version, place.nodes)
    assert not Versions([Version("assistant@9", build_newer)]).has_place(place.version, place.nodes)


def test_a_missing_version_or_node_is_refused_with_the_list() -> None:
    homeless = [
        Place("turn_1", "waiting", "#support", "assistant@0", ("wait",)),
        Place("turn_2", "running", "a direct message", "assistant@0", ()),
    ]

    with pytest.raises(PlaceMissing) as refused:
        refuse(homeless)

    assert refused.value.sentence.splitlines() == [
        "this code cannot go on with what is under way, so nothing was started:",
        "  turn_1 (waiting, #support): assistant@0, wait",
        "  turn_2 (running, a direct message): assistant@0",
        "Keep the version named there beside the new one in graphs/versions.py, or have the new "
        "one take it over; or go back to the code before and stop these turns with /signoff stop.",
    ]
    refuse([])


def test_a_version_is_kept_or_taken_over_and_not_both() -> None:
    with pytest.raises(GraphError, match="kept and taken over at once"):
        Versions([OLD, Version("assistant@9", build_newer, takes_over=("assistant@1",))])


def test_a_turn_of_the_version_before_this_code_is_taken_over(
    office: Office, workers: Workers
) -> None:
    turn_id = a_refund_waits(office, workers, Versions([OLD]))
    office.versions = ASSISTANT
    workers.renew(office)

    approve(office, office.actions(turn_id)[0].id)
    workers.work()

    assert office.turn(turn_id).answer == "Refunded."
    assert office.turn(turn_id).versions["graph"] == "assistant@2"


def test_a_read_is_found_again_too(office: Office) -> None:
    office.versions = Versions([OLD])
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    office.runner().run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)

    office.versions = Versions([Version("assistant@9", build_newer, takes_over=("assistant@1",))])

    assert office.runner().run(turn.id) == "answered"
    assert len(office.model.calls()) == 2
