"""What `make(ports)` is given: settings, a clock, the directory and the notes.

Protocols, so that connectors need no import of `memory` or `approvals`; the bootstrap fills them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.clock import Clock
from core.origins import Origin


@dataclass(frozen=True)
class Person:
    """A directory entry as tools see it."""

    id: str
    name: str
    email: str | None
    roles: tuple[str, ...]


class Directory(Protocol):
    """Who is who and who approves; made from `approvals` by the bootstrap."""

    def find(self, query: str) -> Sequence[Person]: ...

    def approvers(self, tool: str) -> Sequence[str]: ...

    def is_inside(self, address: str) -> bool: ...

    def knows(self, address: str) -> bool: ...


class Note(Protocol):
    """A remembered sentence with its provenance."""

    @property
    def id(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def author(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def source(self) -> str: ...

    @property
    def origin(self) -> Origin:
        """Where its words came from when it was kept."""

    @property
    def stale(self) -> bool:
        """Past its time: to be checked before it is relied on."""


class Trace(Protocol):
    """One effect as our own tables tell it: the key of the call that had it, and what it made."""

    @property
    def key(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> datetime: ...


class Recalled(Protocol):
    """Notes found, best first."""

    @property
    def notes(self) -> Sequence[Note]: ...

    @property
    def by_words_only(self) -> bool:
        """Search by meaning could not be asked."""


class Notes(Protocol):
    """Recall; made from `memory` by the bootstrap."""

    def remember(
        self, *, text: str, author: str, key: str, origin: Origin, now: datetime
    ) -> Note: ...

    def recall(self, *, query: str, limit: int, now: datetime) -> Recalled: ...

    def get(self, note_id: str) -> Note | None: ...

    def forget(self, *, note_id: str, key: str, now: datetime) -> bool:
        """Once per key. False when there is no such note, or another call has forgotten it."""

    def find_by_key(self, key: str) -> Note | None: ...

    def kept_since(self, since: datetime) -> Sequence[Trace]:
        """Every note made from then on, forgotten ones too."""

    def forgotten_since(self, since: datetime) -> Sequence[Trace]:
        """Every note forgotten from then on."""


@dataclass(frozen=True)
class Meaning:
    """What a change of permissions would mean, for its card, and the facts it rests on."""

    title: str
    details: tuple[tuple[str, str], ...]
    facts: Mapping[str, Any]
    undo: str = "yes, revoke it in my Home"
    #: How a text it replaces differs from what takes its place, line by line.
    diff: str = ""


class Permissions(Protocol):
    """Changes of what is permitted; made from `approvals` by the bootstrap.

    `what` is the tool's name; `args` are its checked arguments as plain JSON. Both raise
    `tools.contract.Refused` for what can never be permitted.
    """

    def look(self, what: str, args: Mapping[str, Any], *, caller_id: str) -> Meaning:
        """What it would mean now. Changes nothing."""

    def change(self, what: str, args: Mapping[str, Any], *, action_id: str, now: datetime) -> str:
        """Make it so, once per action; the id of what was made."""

    def made_since(self, what: str, since: datetime) -> Sequence[Trace]:
        """Everything of this kind that was made from then on, whoever made it."""


@dataclass(frozen=True)
class Ports:
    """What `make(ports)` may use. `setting(name)` reads the secrets file; in any process but the
    tool worker it raises, so tools are declared everywhere and can act in one place only."""

    setting: Callable[[str], str]
    clock: Clock
    directory: Directory
    notes: Notes
    permissions: Permissions
