"""What `signoff runs` prints: steps, states and what changed between two. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from approvals.people import People
from bot.blocks.answer import cost_words
from graphs.runtime.history import Call, Step
from graphs.runtime.replay import Replayed
from graphs.runtime.tables import Turn

_MOST_CHARS = 200


def turn_lines(turn: Turn, where: str, steps: Sequence[Step], people: People) -> Iterator[str]:
    """A turn, its steps, and how it ended."""
    asker = _name(people, turn.principal_id)
    yield f"{turn.id}: {asker} asked in {where or 'Slack'}, {turn.status}"
    yield f"  asked:  {line_of(turn.text)}"
    for name, value in sorted(turn.versions.items()):
        yield f"  {name}: {line_of(value)}"
    for step in steps:
        yield from _step_lines(step, people)
    if turn.answer:
        yield f"answer: {line_of(turn.answer)}"
    if turn.reason:
        yield f"ended:  {line_of(turn.reason)}"
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    yield f"in all: {count}, {sum(step.tokens for step in steps)} tokens, {_sum(steps)}"


def state_lines(state: Replayed) -> Iterator[str]:
    """The state after a step: what the model has been told, and what it would wait for."""
    values = state.values
    yield "the model has been told:"
    for message in values["messages"]:
        yield f"  {_message(message)}"
    for action_id in state.open:
        yield f"  (not settled: {action_id})"
    if values["sources"]:
        yield f"sources: {line_of('; '.join(values['sources']))}"
    if values["answer"] is not None:
        yield f"answer: {line_of(values['answer'])}"
    if state.as_asked is not None:
        same = "exactly this" if state.as_asked else "NOT this: what is recorded differs"
        yield f"The model was then asked {same}."


def changes(before: Replayed, after: Replayed) -> Iterator[str]:
    """What changed in the state; `+` is new, `-` is gone."""
    same = True
    for name, old in before.values.items():
        new = after.values.get(name)
        if old == new:
            continue
        same = False
        if isinstance(old, list) and isinstance(new, list):
            yield f"{name}:"
            common = _common(old, new)
            yield from (f"  - {_item(name, item)}" for item in old[common:])
            yield from (f"  + {_item(name, item)}" for item in new[common:])
        else:
            yield f"{name}: {line_of(old)} -> {line_of(new)}"
    if same:
        yield "nothing changed"


def _step_lines(step: Step, people: People) -> Iterator[str]:
    cost = cost_words(step.cost_micros, step.model)
    yield (
        f"step {step.number}  {step.at:%Y-%m-%d %H:%M:%S}  {step.model}, {step.prompt}, "
        f"{step.tokens} tokens, {cost}, {step.duration_ms} ms"
    )
    if step.said:
        yield f"  said: {line_of(step.said)}"
    for problem in step.problems:
        yield f"  could not be used: {line_of(problem)}"
    for call in step.calls:
        yield from _call_lines(call, people)


def _call_lines(call: Call, people: People) -> Iterator[str]:
    verdict = f", policy: {call.verdict}" if call.verdict else ""
    yield f"  {line_of(call.title)}: {call.status}{verdict}"
    yield f"    {call.action_id}  {call.tool}  {line_of(call.args)}"
    for person_id, vote in call.votes:
        did = "approved" if vote == "approve" else "rejected"
        yield f"    {_name(people, person_id)} {did}"
    told = call.outcome.get("summary") or call.outcome.get("message")
    if told:
        yield f"    {line_of(told)}"


def _sum(steps: Iterable[Step]) -> str:
    costs = [step.cost_micros for step in steps]
    known = [cost for cost in costs if cost is not None]
    # One unknown price makes the sum unknown, never smaller.
    return f"${sum(known) / 1_000_000:.4f}" if len(known) == len(costs) else "cost unknown"


def _item(name: str, item: Any) -> str:
    return _message(item) if name == "messages" else line_of(item)


def _message(message: Mapping[str, Any]) -> str:
    calls = [
        f"{call['function']['name']} {call['function']['arguments']}"
        for call in message.get("tool_calls", ())
    ]
    words = [str(message["content"])] if message.get("content") else []
    return f"{message['role']}: {line_of(' | '.join([*words, *calls]))}"


def _common(old: Sequence[Any], new: Sequence[Any]) -> int:
    """How many items both begin with."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(old), len(new)))


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.name if person else person_id


def line_of(value: Any) -> str:
    """A value on one line, cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = printable(" ".join(text.split()))
    return line if len(line) <= _MOST_CHARS else line[:_MOST_CHARS].rstrip() + "…"


def printable(text: str) -> str:
    """A line whose words, a model's or a stranger's, do not steer the terminal it is printed on."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
