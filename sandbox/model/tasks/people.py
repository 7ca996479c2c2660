"""Who is who, and who approves."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from sandbox.model.catalogue import OPERATIONS, TOPICS
from sandbox.model.results import Result, pick, rows, said, text
from sandbox.model.scene import Answer, Call, Scene, Task, ask, found, one, unread
from sandbox.model.values import ADDRESS

_WHO = re.compile(r"\b(?:who(?:'s| is| are)|of|find|person|colleague)\s+(?P<who>[\w.@' -]+)", re.I)
_OWNER = re.compile(r"\b(?P<who>[\w-]+)['\u2019]s\s+(?:e?-?mail|address|role|job)", re.I)
_ME = re.compile(r"^(?:me|myself|us|i)$", re.I)


def people(scene: Scene, request: str) -> Task:
    """Who is Finn?"""
    match = _WHO.search(request)
    owner = _OWNER.search(request)
    who = (owner["who"] if owner else match["who"] if match else "").strip(" ?.!")
    if not who:
        return ask("Who do you want to know about?")
    result = yield from one("people_find", query=who)
    if result.failure:
        return unread(result)
    lines = [_person_line(row) for row in rows(result.value)]
    return found("\n".join(lines) or f"I found nobody called {who}.", result)


def approvers(scene: Scene, request: str) -> Task:
    """Who approves refunds? The tool meant is found by the topic."""
    operation = next((op for pattern, op in TOPICS if re.search(pattern, request, re.I)), None)
    if operation is None:
        return ask("Who approves what: refunds, restocking, mail or meetings?")
    tool = scene.toolbox.name_of(operation) or OPERATIONS[operation][0]
    result = yield from one("approvers", tool=tool.replace("__", "."))
    if result.failure:
        return unread(result)
    names = _names(result.value)
    topic = operation.replace("_", " ")
    if not names:
        return found(f"Nobody is named to approve {topic}: {text(result.value)}", result)
    return found(f"Approvers for {topic}: {', '.join(names)}.", result)


def addresses(
    scene: Scene, names: Sequence[str]
) -> Generator[tuple[Call, ...], tuple[Result, ...], list[str] | Answer]:
    """Everybody's mail address, from the directory or else the shop's customers; an Answer asks
    where one is unclear."""
    known = {name: _known(scene, name) for name in names}
    unknown = [name for name, address in known.items() if address is None]
    if unknown and not scene.offers("people_find"):
        return ask(f"What is the mail address of {unknown[0]}?")
    looked_up = yield from _looked_up("people_find", unknown)
    strangers = [name for name in unknown if not _matches(looked_up[name])]
    if strangers and scene.offers("customers"):
        looked_up |= yield from _looked_up("customers", strangers)
    for name in unknown:
        found_address = _one_address(name, looked_up[name])
        if isinstance(found_address, Answer):
            return found_address
        known[name] = found_address
    return list(dict.fromkeys(address for address in known.values() if address))


def _looked_up(
    operation: str, names: Sequence[str]
) -> Generator[tuple[Call, ...], tuple[Result, ...], dict[str, Result]]:
    if not names:
        return {}
    results = yield tuple(Call(operation, {"query": name}) for name in names)
    return dict(zip(names, results, strict=True))


def _matches(result: Result) -> list[dict[str, object]]:
    return [row for row in rows(result.value) if _address(row)]


def _known(scene: Scene, name: str) -> str | None:
    if _ME.match(name):
        return scene.conversation.asker.mail or None
    match = ADDRESS.search(name)
    return match[0] if match else None


def _one_address(name: str, result: Result) -> str | Answer:
    if result.failure:
        return unread(result)
    matches = _matches(result)
    exact = [row for row in matches if said(row, "name").lower() == name.lower()]
    matches = exact or matches
    if not matches:
        return ask(f"I do not know {name}. What is their mail address?")
    if len(matches) > 1:
        options = ", ".join(said(row, "name") for row in matches)
        return ask(f"Which {name} do you mean: {options}?")
    return _address(matches[0])


def _address(row: dict[str, object]) -> str:
    return said(row, "email", "mail", "address")


def _person_line(row: dict[str, object]) -> str:
    role = said(row, "title", "roles", "role", "groups")
    line = f"{said(row, 'name')} ({role})" if role else said(row, "name")
    return f"{line}, {_address(row)}" if _address(row) else line


def _names(value: object) -> list[str]:
    listed = pick(value, "approvers", "people", "names", "who")
    if listed is None and isinstance(value, list):
        listed = value
    if isinstance(listed, list):
        return [text(item) for item in listed]
    return [str(listed)] if listed else []
