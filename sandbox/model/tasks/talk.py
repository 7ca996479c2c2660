"""Greetings, help, summaries, and saying honestly what it is."""

from __future__ import annotations

import re

from sandbox.model.catalogue import SKILLS, WHAT_I_AM
from sandbox.model.scene import Answer, Scene, Task, ask
from sandbox.model.wording import first_sentences

_SUMMARISE = re.compile(
    r"^(?:summari[sz]e|tl;?dr|sum up)\b[^:\n]*[:\n]\s*(?P<what>.+)", re.I | re.S
)


def greet(scene: Scene, request: str) -> Task:
    """Hello, or thanks."""
    yield from ()
    thanks = re.match(r"\W*(?:thank|cheers|great|perfect)", scene.conversation.request, re.I)
    name = scene.conversation.asker.name.split(" ")[0]
    begin = "You're welcome" if thanks else "Hello"
    return Answer(f"{begin}{f', {name}' if name else ''}. I'm {WHAT_I_AM}. {skills(scene)}")


def help_(scene: Scene, request: str) -> Task:
    """What it can do."""
    yield from ()
    return Answer(f"I'm {WHAT_I_AM}. {skills(scene)}")


def negated(scene: Scene, request: str) -> Task:
    """A request not to do something."""
    yield from ()
    return Answer("Understood. I did nothing.")


def waiting(scene: Scene, request: str) -> Task:
    """What waits for a person here, as the prompt tells it."""
    yield from ()
    lines = scene.conversation.waiting
    if not lines:
        return Answer("Nothing is waiting in this conversation.")
    return Answer("Waiting in this conversation:\n" + "\n".join(f"- {line}" for line in lines))


def summarise(scene: Scene, request: str) -> Task:
    """The first sentences of what follows the request."""
    yield from ()
    match = _SUMMARISE.match(scene.conversation.request)
    return Answer(first_sentences(match["what"], 2)) if match else ask("What shall I summarise?")


def unknown(scene: Scene) -> Answer:
    """Nothing matched."""
    return ask(f"I did not understand that: I'm {WHAT_I_AM}. {skills(scene)} What shall I do?")


def skills(scene: Scene) -> str:
    """What can be said here, by the tools that are offered."""
    examples = [text for operation, text in SKILLS if scene.offers(operation)]
    if not examples:
        return "In this practice workspace I was given no tools, so I can only talk."
    return "In this practice workspace I understand, for example: " + "; ".join(examples) + "."
