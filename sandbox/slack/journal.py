"""What happened: every Web API call and every delivery, newest kept."""

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from sandbox.slack.shapes import Json

KEPT = 50_000


@dataclass(frozen=True)
class ApiCall:
    """`args` stand without the token; `status` is HTTP's, `at` seconds since 1970."""

    n: int
    method: str
    args: Json
    answer: Json
    status: int
    at: float

    def as_json(self) -> Json:
        return dict(self.__dict__)


@dataclass
class Delivery:
    """One thing sent to the app, with each try. An attempt's status 0 means no answer in time."""

    n: int
    kind: str
    type: str
    event_id: str | None
    transport: str
    at: float
    attempts: list[Json] = field(default_factory=list)

    def as_json(self) -> Json:
        return {**self.__dict__, "attempts": list(self.attempts)}


class _Entry(Protocol):
    @property
    def n(self) -> int: ...

    def as_json(self) -> Json: ...


T = TypeVar("T", bound=_Entry)


class Journal(Generic[T]):
    """A bounded list with running numbers from 1."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[T] = deque(maxlen=kept)
        self._n = 0

    def number(self) -> int:
        """The number for the next entry."""
        self._n += 1
        return self._n

    def add(self, entry: T) -> T:
        self._entries.append(entry)
        return entry

    def since(self, n: int = 0) -> list[Json]:
        """Entries with a number above n, oldest first."""
        return [entry.as_json() for entry in self._entries if entry.n > n]
