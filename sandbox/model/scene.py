"""What a task knows and how it speaks: it yields calls and is sent their results.

A task is a generator. It is run from its beginning for every request of a turn and fed the results
that are already there, so the model itself remembers nothing between requests.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import date

from sandbox.model.catalogue import FAILURES
from sandbox.model.conversation import Conversation
from sandbox.model.results import Result
from sandbox.model.toolbox import Toolbox


@dataclass(frozen=True)
class Call:
    """An operation of `catalogue.OPERATIONS` with values by the names of `catalogue.ARGUMENTS`."""

    operation: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """What a task says at its end; `done` is False when it asks back or did not get there."""

    text: str
    done: bool = True


_NOT_DONE = ", so I did not do it"
Task = Generator[tuple[Call, ...], tuple[Result, ...], Answer]
Asked = Generator[tuple[Call, ...], tuple[Result, ...], Result]


@dataclass(frozen=True)
class Scene:
    conversation: Conversation
    toolbox: Toolbox

    @property
    def today(self) -> date:
        """The day the prompt names. Without one, days cannot be reckoned: callers check first."""
        assert self.conversation.today is not None, "checked by has_today"
        return self.conversation.today

    @property
    def has_today(self) -> bool:
        return self.conversation.today is not None

    def offers(self, operation: str) -> bool:
        return self.toolbox.offers(operation)


def one(operation: str, **values: object) -> Asked:
    """Call one operation and return its result; values that are None are left out."""
    known = {name: value for name, value in values.items() if value is not None}
    (result,) = yield (Call(operation, known),)
    return result


def ask(text: str) -> Answer:
    """A question back to the asker."""
    return Answer(text, done=False)


def failed(result: Result) -> Answer:
    """Say plainly that a call did not work out, in the tool's own words."""
    begin = FAILURES[result.failure or "failed"]
    if result.message and "nothing was done" in result.message:
        return Answer(result.message, done=False)
    if result.message and begin.endswith(_NOT_DONE):
        # The tool's words say why already.
        begin = "I did not do it"
    text = f"{begin}: {result.message}" if result.message else f"{begin}."
    return Answer(text, done=False)


def unread(result: Result) -> Answer:
    """Say why something could not be looked up: a failed read needs no more than its reason."""
    if result.failure in ("failed", "error") and result.message:
        return Answer(result.message, done=False)
    return failed(result)


def found(text: str, *results: Result) -> Answer:
    """An answer made of results, with what they warn of."""
    warned = [text, *(result.warning for result in results if result.warning)]
    return Answer(" ".join(warned))
