"""The assistant: plan → propose → wait → observe → plan … → answer.

The graph holds no database and no client: what a node does beyond its state it asks of the
`TurnWork` in the run's context, so that the same graph runs over recorded answers. A changed graph
gets a new VERSION, and `graphs.versions` says how turns of the old one go on.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send, interrupt

from llm.calls import wire_call
from llm.prompts import correction, tool_message

VERSION = "assistant@2"


class Message(TypedDict):
    """A recorded model answer, as `model_response.message` holds it."""

    content: str | None
    calls: list[dict[str, Any]]
    problems: list[str]


class State(TypedDict):
    #: Chat messages so far, in the model's own form.
    messages: Annotated[list[dict[str, Any]], operator.add]
    #: Which model answer comes next; with the turn's id it names the recorded row.
    step: int
    #: How often the model was told that its request cannot be used.
    corrections: int
    #: The newest answer, and what became of its calls.
    said: Message | None
    actions: list[str]
    #: {"action_id": asked about, "head": what settled it}, one per finished wait of this turn.
    settled: Annotated[list[dict[str, str]], operator.add]
    sources: Annotated[list[str], operator.add]
    answer: str | None


class Wait(TypedDict):
    action_id: str


@dataclass(frozen=True)
class Observed:
    """What one settled action teaches the model, and what an answer may cite of it."""

    observation: Mapping[str, Any]
    source: str | None


class TurnWork(Protocol):
    """What the nodes need done. Each method is idempotent on (turn, step)."""

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        """The recorded answer of this step, or a new one, recorded."""

    def propose(self, step: int, calls: Sequence[Mapping[str, Any]]) -> list[str]:
        """Ids of the actions for these calls, in order; found again when they exist."""

    def observe(self, action_ids: Sequence[str]) -> list[Observed]:
        """What is known of these settled actions, in order."""


@dataclass(frozen=True)
class Run:
    """What one invocation of the graph is given besides its state; never stored."""

    work: TurnWork


Assistant = CompiledStateGraph[State, Run, State, State]


def build_assistant(saver: BaseCheckpointSaver[str] | None) -> Assistant:
    """The compiled graph, safe to share between threads; without a saver it tells its shape."""
    graph = StateGraph(State, context_schema=Run)
    graph.add_node("plan", _plan)
    graph.add_node("propose", _propose)
    graph.add_node("wait", _wait, input_schema=Wait)
    graph.add_node("observe", _observe)
    graph.add_node("answer", _answer)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _after_plan, ["plan", "propose", "answer"])
    graph.add_conditional_edges("propose", _waits, ["wait"])
    graph.add_edge("wait", "observe")
    graph.add_edge("observe", "plan")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=saver, name=VERSION)


def begin(messages: Sequence[dict[str, Any]], sources: Sequence[str] = ()) -> State:
    """The input of a turn at START; `sources` are what its messages cite already."""
    return State(
        messages=list(messages),
        step=0,
        corrections=0,
        said=None,
        actions=[],
        settled=[],
        sources=list(sources),
        answer=None,
    )


def _plan(state: State, runtime: Runtime[Run]) -> dict[str, Any]:
    step = state["step"]
    said = runtime.context.work.model(step, state["messages"])
    if said["problems"]:
        told = [*_spoken(said), correction(said["problems"])]
        return {
            "said": said,
            "step": step + 1,
            "corrections": state["corrections"] + 1,
            "messages": told,
        }
    return {"said": said, "step": step + 1, "messages": [_assistant(said)]}


def _after_plan(state: State) -> str:
    said = state["said"]
    assert said is not None  # `plan` has just set it
    if said["problems"]:
        return "plan" if state["corrections"] <= 1 else "answer"
    return "propose" if said["calls"] else "answer"


def _propose(state: State, runtime: Runtime[Run]) -> dict[str, Any]:
    said = state["said"]
    assert said is not None  # the edge into this node saw calls
    return {"actions": runtime.context.work.propose(state["step"] - 1, said["calls"])}


def _waits(state: State) -> list[Send]:
    return [Send("wait", Wait(action_id=action_id)) for action_id in state["actions"]]


def _wait(state: Wait) -> dict[str, Any]:
    # A resume runs this node again from its top: nothing may stand here but the interrupt.
    head = interrupt({"action_id": state["action_id"]})
    return {"settled": [{"action_id": state["action_id"], "head": head}]}


def _observe(state: State, runtime: Runtime[Run]) -> dict[str, Any]:
    said = state["said"]
    assert said is not None
    heads = {item["action_id"]: item["head"] for item in state["settled"]}
    observed = runtime.context.work.observe([heads[action_id] for action_id in state["actions"]])
    return {
        "messages": [
            tool_message(call["id"], seen.observation)
            for call, seen in zip(said["calls"], observed, strict=True)
        ],
        "sources": [seen.source for seen in observed if seen.source],
    }


def _answer(state: State) -> dict[str, Any]:
    said = state["said"]
    assert said is not None  # the edge into this node saw it
    if said["problems"]:
        return {"answer": _UNREADABLE}
    return {"answer": said["content"] or _UNREADABLE}


_UNREADABLE = (
    "I could not turn this into a step that I am able to take, twice in a row, so I did nothing. "
    "Please say it differently, or ask for one thing at a time."
)


def _spoken(said: Message) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": said["content"]}] if said["content"] else []


def _assistant(said: Message) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said["content"]}
    if said["calls"]:
        message["tool_calls"] = [wire_call(call) for call in said["calls"]]
    return message
