"""A turn that is gone on with by two workers at once, one of them paused at any of its looks: each
question is answered by the action it stands for, once that is settled, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from core.ids import derive_id
from graphs.assistant import Message, Observed, begin, build_assistant
from graphs.checkpoint.errors import WrongGeneration
from graphs.runtime.thread import Ended, Thread, Waits
from tests.model.gates import Worker, gate

TURN = "turn_1"
#: How many calls the model makes at each step, before it answers.
CALLS = (2, 1)


class WronglyAnswered(AssertionError):
    """A question was answered by what does not belong to it."""


class Work:
    """A turn's model and actions, and what was made of them."""

    def __init__(self) -> None:
        self.settled: set[str] = set()
        self.observed: list[list[str]] = []

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        count = CALLS[step] if step < len(CALLS) else 0
        calls = [{"id": f"c{n}", "tool": "other.act", "args": {}} for n in range(count)]
        return Message(content=None if calls else "Done.", calls=calls, problems=[])

    def propose(self, step: int, calls: Sequence[Mapping[str, Any]]) -> list[str]:
        return [derive_id("act", TURN, step, index) for index, _ in enumerate(calls)]

    def observe(self, heads: Sequence[str]) -> list[Observed]:
        self.observed.append(list(heads))
        return [Observed({"status": "succeeded"}, None) for _ in heads]

    def heads(self, action_ids: Sequence[str]) -> dict[str, str]:
        found = {one: one for one in action_ids if one in self.settled}
        gate("settled")
        return found


class Store(InMemorySaver):
    """Remembers generations, and refuses nobody: strict resuming must hold by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0

    def generation(self, thread_id: str) -> int:
        return self.now

    def open_thread(self, thread_id: str, *, generation: int, fence: int) -> None:
        self.delete_thread(thread_id)
        self.now = generation


def go_on(store: Store, work: Work) -> Ended | Waits:
    """Run it, and anew where its thread is not what was expected, as `TurnRunner` does."""
    graph = build_assistant(store)
    fresh = not store.now
    for _ in range(4):
        generation = store.now + fresh
        thread = Thread(graph, store, TURN, generation, 0, 5)  # type: ignore[arg-type]
        try:
            if fresh:
                thread.begin(begin([{"role": "user", "content": "please"}]), work)
            return thread.go_on(work, work.heads)
        except WrongGeneration:
            fresh = True
    raise AssertionError("it does not get on")


def played(paused_at: int, first: int, earlier: int) -> Work:
    """Worker A stands at one of its looks while B goes on; then A wakes. `earlier`: how many
    questions of the first step were answered before, `first`: how many were settled when A came."""
    store, work = Store(), Work()
    assert isinstance(go_on(store, work), Waits)
    asked = [
        derive_id("act", TURN, 0, 0),
        derive_id("act", TURN, 0, 1),
        derive_id("act", TURN, 1, 0),
    ]
    work.settled |= set(asked[:earlier])
    assert isinstance(go_on(store, work), Waits)
    work.settled |= set(asked[:first])
    late = Worker("go on", TURN, lambda: go_on(store, work))
    for _ in range(paused_at):
        if late.gate is not None:
            late.go()
    work.settled |= set(asked[:2])
    go_on(store, work)
    while late.gate is not None:
        late.go()
    work.settled |= set(asked)
    assert isinstance(go_on(store, work), Ended)
    for heads in work.observed:
        if heads not in (asked[:2], asked[2:]):
            raise WronglyAnswered(heads)
    assert asked[2:] in work.observed
    return work


PLACES = [(at, first, earlier) for at in (1, 2, 3, 4) for first in (0, 1, 2) for earlier in (0, 1)]


@pytest.mark.parametrize(("at", "first", "earlier"), PLACES)
def test_each_question_is_answered_by_its_own_action(at: int, first: int, earlier: int) -> None:
    played(at, first, earlier)


def not_strict(patch: pytest.MonkeyPatch) -> None:
    config = Thread._config

    def unstrict(self: Thread) -> Any:
        whole = config(self)
        del whole["configurable"]["__pregel_strict_resume"]
        return whole

    patch.setattr(Thread, "_config", unstrict)


def without_ids(patch: pytest.MonkeyPatch) -> None:
    """One answer is given as a bare value, without the id of its question."""
    invoke = Thread._invoke

    def bare(self: Thread, given: Any, work: Any) -> None:
        if isinstance(given, Command) and len(given.resume) == 1:
            given = Command(resume=next(iter(given.resume.values())))
        invoke(self, given, work)

    patch.setattr(Thread, "_invoke", bare)


def test_without_its_id_an_answer_answers_another_question(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """One switch: strict mode stays, and refuses some of these orders only."""
    without_ids(monkeypatch)

    assert any(_wrong(*place) for place in PLACES)
    record_property("counted", "planted and found: resume without ids")


def test_without_ids_and_strict_mode_an_answer_answers_another_question(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    without_ids(monkeypatch)
    not_strict(monkeypatch)

    assert any(_wrong(*place) for place in PLACES)
    record_property("counted", "planted and found: resume without strict ids")


def test_ids_alone_hold_in_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strict mode is a second guard: with it gone nothing is answered wrongly in these orders."""
    not_strict(monkeypatch)

    for place in PLACES:
        played(*place)


def _wrong(*place: int) -> bool:
    try:
        played(*place)
    except WronglyAnswered:
        return True
    except (AssertionError, RuntimeError):
        return False  # refused, or it does not get on: seen, and nothing was taken for an answer
    return False
