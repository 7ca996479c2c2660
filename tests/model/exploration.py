"""Every order of events, up to a bound: the effect protocol as an explicit-state search.

Two workers, two clicks, deliveries at any time and any number of times (a message lost is one never
taken), a request that is lost, late or doubled, an answer that is lost, a crash at every commit and
a process that is paused past its lease and wakes. What may follow is not written down here: the
tables of `approvals.states` and the decisions of `tools.protocol` are asked, as the executor asks
them. Time is counted in ticks and held relative to now, so that alike situations are one state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

from approvals.states import ACTION_TERMINAL, advance_action
from core.errors import InvalidTransition
from tools import protocol
from tools.contract import Effect, Retry, Tool
from tools.limits import Limits
from tools.protocol import Next, Standing, Step

_NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
#: One tick is one second. A call takes at most two, a lease is one longer, the other system works
#: on what it received for at most two, and knows a key for six.
DEADLINE, SLACK, SETTLE, KEY_LIFE = 2, 1, 2, 6
LIMITS = Limits(
    max_attempts=2, max_looks=1, lease_slack_s=SLACK, backoff_first_s=1.0, backoff_longest_s=1.0
)
#: Times further back than this tell nothing more.
_LONG_AGO = -(KEY_LIFE + DEADLINE + 1)


class Worker(NamedTuple):
    """What a process holds in its memory: `idle`, `read` (looked, not yet claimed), `sending`
    (claimed, its call not sent), `sent` (waiting), or what it was told and has not committed."""

    at: str = "idle"
    #: The status and token it read or claimed.
    status: str = ""
    token: int = 0
    #: Until when it may send, relative to now.
    until: int = 0
    tainted: bool = False
    #: Ticks until its own request is received or lost; None when none is on its way.
    left: int | None = None


class State(NamedTuple):
    """One situation: the row, the two workers, the two clicks, and the other system's books."""

    status: str = "awaiting"
    token: int = 0
    attempt: int = 0
    tainted: bool = False
    refused: bool = False
    #: Relative to now; None where the row says nothing.
    lease: int | None = None
    next_at: int | None = None
    first_sent: int = 0
    sent_by: int = 0
    granted: bool = False
    consumed: int = 0
    clicks: int = 2
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    #: The same for requests nobody waits for any more.
    travelling: tuple[int, ...] = ()
    #: Received and worked on: ticks left until each is done.
    working: tuple[int, ...] = ()
    #: Ticks for which the other system still knows the key; None before the first request.
    key: int | None = None
    applied: int = 0


_T = TypeVar("_T", Worker, State)


class Violated(AssertionError):
    """A promise was broken; the trace tells how."""


def tool_of(kind: str) -> Tool:
    """A declaration of each kind, with the times of this search."""
    keys: dict[str, dict[str, Any]] = {
        "same key": {"retry": Retry.IDEMPOTENT, "key_life_s": float(KEY_LIFE)},
        "looked up": {"retry": Retry.VERIFIABLE, "verify": _nothing, "settle_s": float(SETTLE)},
        "same key, then looked up": {
            "retry": Retry.IDEMPOTENT, "key_life_s": float(KEY_LIFE),
            "verify": _nothing, "settle_s": float(SETTLE),
        },
        "asks you": {"retry": Retry.NEITHER},
    }  # fmt: skip
    base: dict[str, Any] = {"effect": Effect.IRREVERSIBLE, "timeout_s": float(DEADLINE)}
    return Tool(
        name="other.act", version="1.0.0", args=None, result=None, run=_nothing,  # type: ignore[arg-type]
        scopes=(), yields=None, can="act", **base, **keys[kind],  # type: ignore[arg-type]
    )  # fmt: skip


KINDS = ("same key", "looked up", "same key, then looked up", "asks you")


def explore(kind: str, *, most: int = 1_000_000) -> int:
    """Visit every reachable state; how many there are. Raises `Violated` with the way there."""
    tool, start = tool_of(kind), State()
    came: dict[State, tuple[State | None, str]] = {start: (None, "")}
    parents: dict[State, list[State]] = {}
    ends: list[State] = []
    todo = deque([start])
    while todo:
        state = todo.popleft()
        if len(came) > most:
            raise AssertionError(f"more than {most} states: the search is not complete")
        for name, after in steps(tool, state):
            parents.setdefault(after, []).append(state)
            if after in came:
                continue
            came[after] = (state, name)
            broken = promise_broken(tool, after)
            if broken:
                raise Violated(f"{broken}: {' → '.join(_way(came, after))}")
            todo.append(after)
        if state.status in ACTION_TERMINAL | {"unknown"}:
            ends.append(state)
    _all_can_end(came, parents, ends)
    return len(came)


def steps(tool: Tool, state: State) -> Iterator[tuple[str, State]]:
    """Everything that may happen next."""
    yield from _clicks(state)
    for index in (0, 1):
        if index and state.workers[0] == state.workers[1]:
            continue
        for name, after in _worker(tool, state, index):
            yield f"{'AB'[index]}: {name}", after
    yield from _other(tool, state)
    if (later := _tick(state)) != state:
        yield "a second passes", later


def promise_broken(tool: Tool, state: State) -> str | None:
    """Which promise this state breaks, if any."""
    under_way = bool(state.travelling or state.working) or any(
        worker.left is not None for worker in state.workers
    )
    if state.applied > 1:
        return "it happened twice"
    if state.consumed > 1:
        return "its permission was used twice"
    if state.applied and not state.consumed:
        return "it happened without a permission"
    if state.status == "succeeded" and not state.applied:
        return "it is said to have happened, and did not"
    if state.status == "failed" and (state.applied or under_way):
        return "it is said not to have happened, and did or may"
    if state.status in ("cancelled", "rejected") and (state.applied or under_way):
        return f"it happened though it was {state.status}"
    return None


# People


def _clicks(state: State) -> Iterator[tuple[str, State]]:
    """Two people press at once; each click is one transaction, guarded by the table."""
    if not state.clicks:
        return
    fewer = replace(state, clicks=state.clicks - 1)
    yes, no = _moved(fewer, "approved"), _moved(fewer, "rejected")
    yield "approve", replace(yes, granted=True) if yes else fewer
    yield "reject", no or fewer
    yield "take back", _moved(fewer, "cancelled") or fewer


def _moved(state: State, to: str) -> State | None:
    try:
        return replace(state, status=advance_action(state.status, to))
    except InvalidTransition:
        return None


# Workers


def _worker(tool: Tool, state: State, index: int) -> Iterator[tuple[str, State]]:
    worker = state.workers[index]
    if worker.at == "idle":
        if state.status in ("approved", "executing"):
            read = Worker("read", state.status, state.token)
            yield "takes the job", _with(state, index, read)
        return
    yield "dies", _alone(state, index, worker)
    if worker.at == "read":
        yield from _claim(tool, state, index, worker)
    elif worker.at in ("sending", "looking"):
        yield from _reach_out(tool, state, index, worker)
    elif worker.at == "sent":
        yield from _hear(state, index, worker)
    else:
        yield _commit(tool, state, index, worker)


def _claim(tool: Tool, state: State, index: int, worker: Worker) -> Iterator[tuple[str, State]]:
    """One transaction: what was read must still be so (status and token), else nothing."""
    if (state.status, state.token) != (worker.status, worker.token):
        yield "was overtaken", _with(state, index, Worker())
        return
    if state.status == "approved":
        begun = _moved(state, "executing")
        if begun is None or not state.granted or state.consumed:
            yield "may not", _with(state, index, Worker())
            return
        begun = replace(begun, consumed=begun.consumed + 1, first_sent=0)
        yield "claims", _claimed(begun, index, Step.CALL, tainted=False)
        return
    if (state.lease or 0) > 0 or (state.next_at or 0) > 0:
        yield "comes too early", _with(state, index, Worker())
        return
    tainted = state.tainted or state.lease is not None
    step = _following(tool, replace(state, tainted=tainted))
    yield "takes it over", _placed(replace(state, tainted=tainted), index, step)


def _claimed(state: State, index: int, step: Step, *, tainted: bool) -> State:
    sent_by = DEADLINE if step is Step.CALL else state.sent_by
    state = replace(
        state, token=state.token + 1, attempt=state.attempt + 1, tainted=tainted,
        lease=DEADLINE + SLACK, next_at=None, sent_by=sent_by,
    )  # fmt: skip
    at = "sending" if step is Step.CALL else "looking"
    return _with(state, index, Worker(at, "executing", state.token, DEADLINE, tainted))


def _placed(state: State, index: int, step: Next) -> State:
    """What a claim finds due it does; else the row waits, has failed, or asks a person."""
    due = _ticks(step.due)
    # A retry's own wait is over when a dead worker's claim is: the executor calls at once.
    if step.step is Step.CALL or (step.step is Step.LOOK and due <= 0):
        return _claimed(state, index, step.step, tainted=state.tainted)
    return _with(_settled(state, step), index, Worker())


def _settled(state: State, step: Next) -> State:
    if step.step in (Step.FAILED, Step.UNKNOWN):
        return _moved(replace(state, lease=None, next_at=None), step.step.value) or state
    return replace(state, lease=None, next_at=max(_ticks(step.due), 0))


def _reach_out(tool: Tool, state: State, index: int, worker: Worker) -> Iterator[tuple[str, State]]:
    """The call leaves, or the look is answered; one that comes too late is not made."""
    if worker.until <= 0:
        yield "looks at the clock and lets it be", _with(state, index, Worker())
        return
    if worker.at == "looking":
        found = "found" if state.applied else "absent"
        yield "looks", _with(state, index, replace(worker, at=found))
        yield "looks in vain", _with(state, index, replace(worker, at="no look"))
        return
    yield "sends", _with(state, index, replace(worker, at="sent", left=worker.until))
    yield "cannot send", _with(state, index, replace(worker, at="down"))
    if not state.applied:
        yield "is refused", _with(state, index, replace(worker, at="refused"))
    elif tool.retry is not Retry.VERIFIABLE:
        yield "is refused, having acted before", _with(state, index, replace(worker, at="refused"))


def _hear(state: State, index: int, worker: Worker) -> Iterator[tuple[str, State]]:
    if state.applied:
        yield "hears yes", _with(state, index, replace(worker, at="done", left=None))
    yield "hears nothing", _with(state, index, replace(worker, at="no answer", left=None))
    if worker.left is not None:
        # Its thread sends on for a while, which the lease's slack covers.
        going = _alone(state, index, replace(worker, left=min(worker.left, SLACK)))
        yield "gives up", _with(going, index, replace(worker, at="overrun", left=None))


def _commit(tool: Tool, state: State, index: int, worker: Worker) -> tuple[str, State]:
    """What it learnt, written under its token; a newer one on the row refuses it."""
    free = _with(state, index, Worker())
    if state.status != "executing" or state.token != worker.token:
        return "is too late", free
    if worker.at in ("done", "found"):
        return "writes it down", _moved(
            replace(free, lease=None, next_at=None), "succeeded"
        ) or free
    if worker.at == "absent":
        return "writes that it is not there", _not_there(tool, free, index, worker)
    if worker.at == "refused" and not worker.tainted:
        return "writes the refusal", _moved(replace(free, lease=None), "failed") or free
    if worker.at == "refused":
        free = replace(free, refused=True)
    elif worker.at in ("no answer", "overrun"):
        free = replace(free, tainted=True, sent_by=SLACK if worker.at == "overrun" else 0)
    free = replace(free, lease=None)
    return f"writes '{worker.at}'", _settled(free, _following(tool, free))


def _not_there(tool: Tool, free: State, index: int, worker: Worker) -> State:
    step = protocol.after_absent(tool, LIMITS, _standing(free), now=_NOW)
    if step.step is Step.CALL:
        return _claimed(free, index, Step.CALL, tainted=worker.tainted)
    return _settled(free, step)


# The other system, and time


def _other(tool: Tool, state: State) -> Iterator[tuple[str, State]]:
    for left in sorted(set(state.travelling)):
        rest = replace(state, travelling=_minus(state.travelling, left))
        yield "a request arrives", _received(tool, rest)
    for index, worker in enumerate(state.workers):
        if worker.left is not None:
            rest = _with(state, index, replace(worker, left=None))
            yield "a request arrives", _received(tool, rest)
    for left in sorted(set(state.working)):
        yield "it is done", _done(state, left)
        yield "it is given up", replace(state, working=_minus(state.working, left))


def _received(tool: Tool, state: State) -> State:
    if tool.retry is Retry.IDEMPOTENT and state.key is not None:
        return state  # the key is known: nothing new is begun
    key = KEY_LIFE if tool.retry is Retry.IDEMPOTENT else None
    return replace(state, working=_plus(state.working, SETTLE), key=key)


def _done(state: State, left: int) -> State:
    return replace(state, working=_minus(state.working, left), applied=state.applied + 1)


def _tick(state: State) -> State:
    """A second passes: what was not received is lost, what must be done by now is done."""
    for left in state.working:
        if left <= 1:
            state = _done(state, left)
    key = None if state.key is None or state.key <= 1 else state.key - 1
    quiet = state.status != "executing" and all(w.at == "idle" for w in state.workers)
    return replace(
        state,
        lease=_less(state.lease),
        next_at=_less(state.next_at),
        first_sent=_LONG_AGO if quiet else max(state.first_sent - 1, _LONG_AGO),
        sent_by=_LONG_AGO if quiet else max(state.sent_by - 1, _LONG_AGO),
        workers=_sorted(_aged(worker) for worker in state.workers),
        travelling=tuple(left - 1 for left in state.travelling if left > 0),
        working=tuple(left - 1 for left in state.working),
        key=key,
    )


# Asking the product


def _following(tool: Tool, state: State) -> Next:
    return protocol.following(tool, LIMITS, _standing(state), now=_NOW)


def _standing(state: State) -> Standing:
    return Standing(
        state.attempt, state.tainted, state.refused, _at(state.first_sent), _at(state.sent_by)
    )


@cache
def _at(ticks: int) -> datetime:
    return _NOW + timedelta(seconds=ticks)


def _ticks(at: datetime) -> int:
    return round((at - _NOW).total_seconds())


# Small things


def replace(one: _T, **changes: Any) -> _T:
    return one._replace(**changes)


def _with(state: State, index: int, worker: Worker) -> State:
    """The workers are alike: which is called A tells nothing, and the first one keeps its place."""
    pair = (worker, state.workers[1]) if index == 0 else (state.workers[0], worker)
    return replace(state, workers=_sorted(pair))


def _sorted(workers: Iterable[Worker]) -> tuple[Worker, Worker]:
    first, second = workers
    return (first, second) if _rank(first) <= _rank(second) else (second, first)


def _rank(worker: Worker) -> tuple[Any, ...]:
    return (*worker[:-1], -1 if worker.left is None else worker.left)


def _aged(worker: Worker) -> Worker:
    if not worker.until and worker.left is None:
        return worker
    left = None if not worker.left else worker.left - 1
    return replace(worker, until=max(worker.until - 1, 0), left=left)


def _alone(state: State, index: int, worker: Worker) -> State:
    """It is gone; what it sent is still on its way."""
    if worker.left is not None:
        state = replace(state, travelling=_plus(state.travelling, worker.left))
    return _with(state, index, Worker())


def _less(ticks: int | None) -> int | None:
    return None if ticks is None else max(ticks - 1, 0)


def _plus(among: tuple[int, ...], one: int) -> tuple[int, ...]:
    return tuple(sorted((*among, one)))


def _minus(among: tuple[int, ...], one: int) -> tuple[int, ...]:
    left = list(among)
    left.remove(one)
    return tuple(left)


def _nothing(*_: Any) -> Any:
    return None


def _way(came: dict[State, tuple[State | None, str]], state: State) -> list[str]:
    names: list[str] = []
    at: State | None = state
    while at is not None:
        at, name = came[at]
        names.append(name)
    return [name for name in reversed(names) if name]


def _all_can_end(
    came: dict[State, tuple[State | None, str]],
    parents: dict[State, list[State]],
    ends: list[State],
) -> None:
    """From every state some order of events settles it, or asks a person."""
    reached, todo = set(ends), list(ends)
    while todo:
        for before in parents.get(todo.pop(), ()):
            if before not in reached:
                reached.add(before)
                todo.append(before)
    stuck = next((state for state in came if state not in reached), None)
    if stuck is not None:
        raise Violated(f"it is never settled: {' → '.join(_way(came, stuck))}")
