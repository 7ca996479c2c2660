"""The whole protocol as a Hypothesis state machine: what people, workers, time and the other
system may do next, in any order, with the promises checked after every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from approvals.actions import Proposed
from approvals.tables import Action
from tests.model.counterpart import FATES, SHIP
from tests.model.files import CLICKERS, GROUPS, RULES
from tests.model.gates import Worker
from tests.model.invariants import Seen, check, check_settled, questions
from tests.model.situations import SITUATIONS
from tests.model.world import World

TOOLS = ("pay", "ship", "transfer", "order", "book", "letter", "note", "gift", "read")
ASKERS = ("ana", "finn")
_LIKELY = ("answered", "answered", "answered", "reply lost", "late", "held")
_ANY_FATE = (*_LIKELY, *FATES)
#: How far a worker gets before it stands still: a few gates, to its end, or (0) to the place where
#: it knows what became of its request and has not written it down.
_ANY_GATES = (*range(1, 9), 99, 99, 99, 0, 0, 0)
#: Seconds: within a call, past a lease, past what the other system needs, past a key's life.
_WAITS = (1.0, 2.0, 8.0, 8.0, 10.0, 10.0, 45.0, 110.0)
#: What may become of a change of what is permitted.
_GIVEN = ("answered", "answered", "answered", "reply lost", "down", "refused")
_rarely = st.integers(0, 5).map(lambda number: number == 5)
DISTURBANCES = (
    "the files change",
    "somebody else acts there",
    "the turn is stopped",
    "one is taken back",
    "a late click",
    "a message is lost",
    "everything is stopped",
    "everything goes on",
    "hours pass",
    "a day passes",
)
#: How long somebody is away; seconds.
_ABSENCES = (1.0, 45.0, 7_300.0)
#: When it begins, from now on; seconds.
_LATER = (0.0, 0.0, 45.0)
_NOT_BEGUN = ("proposed", "awaiting", "allowed", "approved")
_OPEN = (*_NOT_BEGUN, "executing", "unknown")
_LONGEST = 40


class Protocol(RuleBasedStateMachine):
    """Signoff between a team, a broker, workers that die, and a system that answers or not."""

    #: What may be proposed, whether more than once, and the files it begins with.
    tools: tuple[str, ...] = TOOLS
    many = True
    files = 0
    #: What requests come to, each as likely as it stands here.
    fates: tuple[str, ...] = _ANY_FATE
    gates: tuple[int, ...] = _ANY_GATES
    #: Where a run may begin (`situations`), and whether more happens than single cards.
    situations: tuple[str, ...] = tuple(SITUATIONS)
    more = True
    disturbances: tuple[str, ...] = DISTURBANCES
    askers: tuple[str, ...] = ASKERS
    #: How likely a move is where it is possible, other than usually.
    weights: Mapping[str, int] = MappingProxyType({})

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.seen = Seen()
        self._kept = True

    # What people do

    @initialize(data=st.data())
    def begin(self, data: Any) -> None:
        self.world.change_files(self.files, 0)
        situation = data.draw(st.sampled_from(self.situations), label="situation")
        SITUATIONS[situation](self.world)
        self._propose(data, ("t1", 0))
        self.start()

    def start(self) -> None:
        """Where a run begins, beyond its first proposal."""

    # One rule that draws among what is possible, each so likely: rules of their own would be
    # switched off at random, and a run without workers, or without time, tells nothing.
    @rule(data=st.data())
    def next(self, data: Any) -> None:
        world = self.world
        awaiting, alive = bool(world.actions("awaiting")), len(world.alive())
        moves = {
            self.deliver: 6 if world.queue and alive < 3 else 0,
            self.go_on: 4 if alive else 0,
            self.die: 1 if alive else 0,
            self.wait: 4,
            self.happen: 3 if world.other.travelling or world.other.working else 0,
            self.decide: 5 if awaiting else 0,
            self.edit: 2 if awaiting else 0,
            self.answer: 2 if self._answerable() else 0,
            self.undo: 1 if world.actions("succeeded", "allowed", "approved") else 0,
            self.propose: 2 if self.many else 1,
            self.disturb: 2,
        }
        if self.more:
            moves |= self._further(awaiting=awaiting)
        weights = {
            move.__name__: self.weights.get(move.__name__, weight) if weight else 0
            for move, weight in moves.items()
        }
        names = [name for name, weight in weights.items() for _ in range(weight)]
        getattr(self, data.draw(st.sampled_from(names), label="next"))(data)

    # What people do

    def propose(self, data: Any) -> None:
        """A step of a turn; the same calls again where it was run before."""
        places = (("t1", 0), ("t1", 1), ("t2", 0)) if self.many else (("t1", 0),)
        self._propose(data, data.draw(st.sampled_from(places)))

    def decide(self, data: Any) -> None:
        """One person presses, or several after each other."""
        action = _one(data, self.world.actions("awaiting"))
        people = data.draw(st.permutations(CLICKERS))
        vote: Literal["approve", "reject"] = "reject" if data.draw(_rarely) else "approve"
        for person in people[: data.draw(st.sampled_from((1, 1, 1, 6, 6)))]:
            self.world.click(action.id, person, vote)

    def edit(self, data: Any) -> None:
        action = _one(data, self.world.actions("awaiting"))
        person = data.draw(st.sampled_from(CLICKERS[:4]))
        self.world.edit(action, str(person), data.draw(st.integers(1, 3)))

    def answer(self, data: Any) -> None:
        person = data.draw(st.sampled_from(("ana", "finn", "olga")))
        self._answer(_one(data, self._answerable()), person)

    def undo(self, data: Any) -> None:
        done = self.world.actions("succeeded", "allowed", "approved")
        self.world.undo(_one(data, done), str(data.draw(st.sampled_from(CLICKERS[:4]))))

    def _further(self, *, awaiting: bool) -> dict[Callable[[Any], None], int]:
        world, acts = self.world, self.world.acts
        return {
            self.hand_on: 1 if awaiting else 0,
            self.go_away: 1,
            self.press_batch: 4 if awaiting and acts.batches() else 0,
            self.permit: 0 if any(a.id in acts.asked for a in world.actions(*_OPEN)) else 1,
            self.revoke: 1 if acts.permitted() else 0,
            self.fail: 1 if world.queue else 0,
            self.replay: 3 if acts.dead() else 0,
        }

    def hand_on(self, data: Any) -> None:
        action = _one(data, self.world.actions("awaiting"))
        person, to = data.draw(st.permutations(CLICKERS[:5]))[:2]
        self.world.acts.hand(action, str(person), str(to))

    def go_away(self, data: Any) -> None:
        """Somebody goes away for a while, or is back."""
        person, to = data.draw(st.permutations(CLICKERS[:5]))[:2]
        if data.draw(_rarely):
            self.world.acts.back(str(person))
        else:
            lasts, later = data.draw(st.sampled_from(_ABSENCES)), data.draw(st.sampled_from(_LATER))
            self.world.acts.away(str(person), str(to), lasts, later=later)

    def press_batch(self, data: Any) -> None:
        batch = _one(data, self.world.acts.batches())
        self.world.acts.press_batch(batch, str(data.draw(st.sampled_from(CLICKERS[:5]))))

    def permit(self, data: Any) -> None:
        """Somebody asks to be permitted: others like what was asked, or a scope for a time."""
        pays = [a for a in self.world.actions() if a.tool == "other.pay" and a.verdict]
        if pays and data.draw(st.booleans()):
            self.world.acts.ask_alike(_one(data, pays))
        else:
            asker = data.draw(st.sampled_from(self.askers))
            self.world.acts.ask_scope(asker, SHIP, data.draw(st.sampled_from((1, 480))))

    def revoke(self, data: Any) -> None:
        permitted = _one(data, self.world.acts.permitted())
        self.world.acts.revoke(permitted, str(data.draw(st.sampled_from(CLICKERS[:5]))))

    def fail(self, data: Any) -> None:
        """A job comes to nothing where it was taken: an error, or its time was over."""
        message = data.draw(st.sampled_from(self.world.queue), label="message")
        self.world.queue.remove(message)
        self.world.acts.fail(message)

    def replay(self, data: Any) -> None:
        self.world.acts.replay(_one(data, self.world.acts.dead()))

    def disturb(self, data: Any) -> None:
        """What happens now and then, and matters only to what has not begun."""
        world, what = self.world, data.draw(st.sampled_from(self.disturbances), label="what")
        if what == "the files change":
            rules, groups = st.sampled_from(range(len(RULES))), st.sampled_from(range(len(GROUPS)))
            world.change_files(data.draw(rules), data.draw(groups))
        elif what == "somebody else acts there":
            there = data.draw(st.sampled_from("xy"))
            world.other.count_up(there)
        elif what == "the turn is stopped":
            world.cancel_turn(data.draw(st.sampled_from(("t1", "t2"))))
        elif what == "one is taken back":
            if open_ones := world.actions(*_NOT_BEGUN):
                world.cancel(_one(data, open_ones))
        elif what == "a late click":
            if world.clicks:
                action_id = data.draw(st.sampled_from(sorted(world.clicks)))
                world.click(action_id, data.draw(st.sampled_from(CLICKERS)), "approve")
        elif what == "a message is lost":
            if world.queue:
                world.queue.remove(data.draw(st.sampled_from(world.queue)))
        elif what == "hours pass":
            world.wait(7_300.0)
        elif what == "a day passes":
            world.wait(90_000.0)
        else:
            world.stop(pressed=what == "everything is stopped")

    # What workers do

    def deliver(self, data: Any) -> None:
        """A message reaches a worker, which gets so far and stands there."""
        message = data.draw(st.sampled_from(self.world.queue), label="message")
        if not data.draw(st.booleans(), label="stays in the queue"):
            self.world.queue.remove(message)
        worker = self.world.deliver(message)
        if worker is not None:
            self._go(data, worker)

    def go_on(self, data: Any) -> None:
        self._go(data, _one(data, self.world.alive()))

    def die(self, data: Any) -> None:
        _one(data, self.world.alive()).die()

    # What time and the other system do

    def wait(self, data: Any) -> None:
        """Time passes, and the keeper looks at what is due."""
        self.world.wait(data.draw(st.sampled_from(_WAITS), label="seconds"))
        self.world.keep_time()

    def happen(self, data: Any) -> None:
        """A request arrives, or is worked on to its end; or one that arrived is given up."""
        other = self.world.other
        sent = _one(data, [*other.travelling, *other.working])
        if sent in other.travelling:
            other.arrive(sent)
        elif data.draw(_rarely):
            other.working.remove(sent)
        else:
            other.apply(sent)

    @invariant()
    def promises(self) -> None:
        self._kept = False
        check(self.world, self.seen)
        self._kept = True

    def teardown(self) -> None:
        """Whatever happened: with everything delivered and time passing, all of it is settled."""
        try:
            if self._kept:  # else what was broken first is the finding
                self._bring_to_an_end()
        finally:
            for worker in self.world.alive():
                worker.die()

    def _bring_to_an_end(self) -> None:
        world = self.world
        for worker in world.alive():
            worker.die()
        world.stop(pressed=False)
        for _ in range(_LONGEST):
            for letter in world.acts.dead():
                world.acts.replay(letter)
            self._deliver_all()
            if not world.actions(*_OPEN) and not world.owed():
                break
            for action in self._answerable():
                assert action.id in questions(world), "nobody was asked"
                self._answer(action, "olga")
            # Time for every retry; for a question that nobody answers until it expires.
            asked = len(world.actions("awaiting")) == len(world.actions(*_OPEN))
            world.wait(8_000.0 if asked else 45.0)
            world.keep_time()
        world.keep_time()
        check_settled(world)

    def _deliver_all(self) -> None:
        while self.world.queue:
            worker = self.world.deliver(self.world.queue.pop(0))
            while worker is not None and worker.gate is not None:
                worker.go()
            check(self.world, self.seen)

    def _go(self, data: Any, worker: Worker) -> None:
        """So many gates on; requests that leave meanwhile come to what is drawn for them."""
        gates = data.draw(st.sampled_from(self.gates), label="gates")
        for _ in range(gates or _LONGEST):
            gate, word = worker.gate, None
            if gate is None:
                return
            if gate in ("send", "look"):
                word = data.draw(st.sampled_from(self.fates), label=gate)
            elif gate == "give":
                word = data.draw(st.sampled_from(_GIVEN), label=gate)
            elif gate == "preview":
                word = "down" if data.draw(_rarely, label="no preview") else None
            worker.go(word)
            if gate in ("send", "give") and not gates:
                return

    def _propose(self, data: Any, place: tuple[str, int]) -> None:
        made: tuple[Proposed, ...] = ()
        if place not in self.world.proposals:
            for _ in range(data.draw(st.sampled_from((1, 1, 2) if self.many else (1,)))):
                tool = data.draw(st.sampled_from(self.tools))
                args = {"what": data.draw(st.sampled_from("xy")), "amount": self._amount(data)}
                made += (Proposed(f"other.{tool}", "1.0.0", args),)
        self.world.propose(*place, made, data.draw(st.sampled_from(self.askers)))

    def _amount(self, data: Any) -> int:
        return int(data.draw(st.sampled_from((1, 1, 2)))) if self.more else 1

    def _answerable(self) -> list[Action]:
        """Unknown, and nothing of it can happen any more: a person who looks sees the truth."""
        world = self.world
        going = {worker.action_id for worker in world.alive()}
        return [
            action
            for action in world.actions("unknown")
            if not world.other.under_way(action.id) and action.id not in going
        ]

    def _answer(self, action: Action, person: str) -> None:
        happened = self.world.happened(action.id)
        self.world.answer(action.id, person, happened)


def _one(data: Any, among: list[Any]) -> Any:
    return among[data.draw(st.integers(0, len(among) - 1))]
