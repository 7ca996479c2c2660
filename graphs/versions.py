"""The versions of the assistant's graph that this code can go on with (ADR 0009).

A turn may wait for weeks, and keeps the version it began with. A changed graph (its nodes, edges
or state) gets a new version; the older one either stays here beside it, and its turns go on in it,
or the newer one takes it over: such turns are run again in the newer graph from START over the
recorded answers of the model, which finds the same actions and the same cards. A turn whose
version is in neither list stops the deploy (`graphs.runtime.places`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from langgraph.checkpoint.base import BaseCheckpointSaver

from core.errors import GraphError
from graphs import assistant
from graphs.assistant import Assistant, Message

Build = Callable[[BaseCheckpointSaver[str] | None], Assistant]


def as_recorded(message: Message) -> Message:
    """The answer as it was recorded."""
    return message


@dataclass(frozen=True)
class Version:
    """One version of the graph."""

    name: str
    build: Build
    #: Older versions whose turns it takes over. Right only where this graph, run over what those
    #: recorded, proposes the same calls at the same steps: each such pair needs a test.
    takes_over: tuple[str, ...] = ()
    #: A recorded answer, its own or one of those, as this graph understands it. Pure. Its calls
    #: stay what was recorded whatever it returns: actions derive from them.
    read: Callable[[Message], Message] = as_recorded

    @cached_property
    def nodes(self) -> frozenset[str]:
        """The nodes a turn can wait at."""
        return frozenset(self.build(None).nodes)


class Versions:
    """Every version of this code. New turns begin in the last one."""

    def __init__(self, versions: Sequence[Version]) -> None:
        self._by_name = {version.name: version for version in versions}
        self._heirs = {old: version.name for version in versions for old in version.takes_over}
        doubled = [old for version in versions for old in version.takes_over if old in self]
        if doubled or not versions:
            raise GraphError(f"graph versions: {doubled} are kept and taken over at once")
        self.current = versions[-1]

    def __iter__(self) -> Iterator[Version]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def serving(self, name: str) -> Version | None:
        """The version in which a turn begun in `name` goes on; None where there is none."""
        seen = {name}
        while name in self._heirs:
            name = self._heirs[name]
            if name in seen:
                return None
            seen.add(name)
        return self._by_name.get(name)

    def has_place(self, name: str, nodes: Sequence[str]) -> bool:
        """Whether a turn waiting at these nodes of this version can go on. One that is taken over
        is run again from START, so its nodes are not asked for."""
        version = self.serving(name)
        return version is not None and (version.name != name or version.nodes.issuperset(nodes))


#: assistant@1 differs from @2 in where the limit on steps is kept: same nodes, same steps.
ASSISTANT = Versions(
    [Version(assistant.VERSION, assistant.build_assistant, takes_over=("assistant@1",))]
)
