"""From a chat request to the next answer: the tool calls that are due, or the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.model import phrases
from sandbox.model.catalogue import CHANGES
from sandbox.model.clauses import WRITES, Clause, Understood, understand
from sandbox.model.conversation import Conversation, read_conversation
from sandbox.model.phrases import JOINERS
from sandbox.model.results import Result
from sandbox.model.scene import Answer, Call, Scene, Task, ask
from sandbox.model.tasks import TASKS, talk
from sandbox.model.toolbox import Missing, Toolbox, ToolCall

Message = Mapping[str, object]


@dataclass(frozen=True)
class Reply:
    """Either calls or text, never both."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


def reply(messages: Sequence[Message], tools: Sequence[Message]) -> Reply:
    """What the model says next. The same messages and tools give the same reply."""
    conversation = read_conversation(messages)
    scene = Scene(conversation, Toolbox(tools))
    understood = _understood(conversation)
    if not understood.clauses:
        return Reply(understood.held or talk.unknown(scene).text)
    whole = bool(phrases.TOGETHER.search(conversation.request)) and scene.offers("together")
    calls, answers = (_play_together if whole else _play)(scene, understood)
    return Reply(calls=tuple(calls)) if calls else Reply(_joined(answers))


def _play(scene: Scene, understood: Understood) -> tuple[list[ToolCall], list[Answer]]:
    """Reads run side by side; writes in turn, and none after one that did not happen."""
    calls: list[ToolCall] = []
    answers: list[Answer] = []
    write_under_way = write_missed = False
    for clause in understood.clauses:
        writes = clause.intent in WRITES
        if writes and write_under_way:
            continue
        outcome = _outcome(scene, clause, understood.held, write_missed)
        if isinstance(outcome, Answer):
            answers.append(outcome)
            write_missed = write_missed or (writes and not outcome.done)
        else:
            calls += [call for call in outcome if call not in calls]
            write_under_way = write_under_way or writes
    return calls, answers


def _play_together(scene: Scene, understood: Understood) -> tuple[list[ToolCall], list[Answer]]:
    """All or nothing: what must be looked up first, then every change in one answer that says so;
    none while one of them lacks something."""
    outcomes = [_outcome(scene, clause, understood.held, False) for clause in understood.clauses]
    answers = [one for one in outcomes if isinstance(one, Answer)]
    due = [call for one in outcomes if not isinstance(one, Answer) for call in one]
    changing = {scene.toolbox.name_of(operation) for operation in CHANGES}
    reads = [call for call in due if call.name not in changing]
    missed = [one for one in answers if not one.done]
    if not due or reads:
        return reads, answers
    if missed:
        return [], missed
    built = scene.toolbox.call(scene.toolbox.name_of("together") or "", {})
    named = [built] if isinstance(built, ToolCall) and len(due) > 1 else []
    return [*named, *due], answers


def _outcome(
    scene: Scene, clause: Clause, held: str, write_missed: bool
) -> Answer | list[ToolCall]:
    if clause.intent in WRITES and held:
        return ask(f"{held} If you want it done, tell me plainly. What shall I do?")
    if clause.intent in WRITES and write_missed:
        return Answer(
            f"I did not start “{clause.text}”, because what came before it did not happen."
        )
    return _run(scene, TASKS[clause.intent](scene, clause.text))


def _run(scene: Scene, task: Task) -> Answer | list[ToolCall]:
    """Run a task over the results that are there; the calls it still needs, or its answer."""
    try:
        wanted = next(task)
        while True:
            built = [_built(scene, call) for call in wanted]
            for call in built:
                if isinstance(call, Answer):
                    return call
            due = [call for call in built if isinstance(call, ToolCall)]
            results = [_result(scene, call) for call in due]
            if None in results:
                return [call for call, result in zip(due, results, strict=True) if result is None]
            wanted = task.send(tuple(result for result in results if result is not None))
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer


def _built(scene: Scene, call: Call) -> ToolCall | Answer:
    name = scene.toolbox.name_of(call.operation)
    if name is None:
        return ask(
            f"I have no tool here for “{call.operation.replace('_', ' ')}”. What else can I do?"
        )
    built = scene.toolbox.call(name, call.values)
    if isinstance(built, Missing):
        names = " and ".join(name.replace("_", " ") for name in built.names)
        return ask(f"For that I also need the {names}. What is it?")
    return built


def _result(scene: Scene, call: ToolCall) -> Result | None:
    """What this very call gave in this turn; extra arguments filled in since are no difference."""
    for step in scene.conversation.steps:
        same = all(step.arguments.get(name) == value for name, value in call.arguments.items())
        if step.tool == call.name and same:
            return step.result
    return None


def _understood(conversation: Conversation) -> Understood:
    """The request on its own, or as the answer to the question that was asked before it."""
    alone = understand(phrases.TOGETHER.sub(" ", conversation.request).strip())
    short = len(conversation.request.split()) <= 3
    if alone.clauses and not (short and {c.intent for c in alone.clauses} <= {"order"}):
        return alone
    together = conversation.request
    earlier = conversation.earlier
    while len(earlier) >= 2 and earlier[-1].role == "assistant" and "?" in earlier[-1].text:
        question, base = earlier[-1].text, earlier[-2]
        if base.role != "user":
            break
        joiner = next((join for begin, join in JOINERS if begin in question), ", ")
        together = base.text.rstrip(" .!?") + joiner + together
        earlier = earlier[:-2]
    combined = understand(together)
    return combined if combined.clauses else alone


def _joined(answers: Sequence[Answer]) -> str:
    # Whoever asked for the tools' results says where they are from.
    return "\n".join(dict.fromkeys(answer.text for answer in answers))
