"""What types come back, and what never does: stored bytes do not choose what is imported."""

from __future__ import annotations

import enum
import math
import operator
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from graphs.checkpoint.saver import RedisSaver
from tests.contract.colours import Colour, got, put, put_with, thread, values


class Colouring(enum.Enum):
    RED = "red"


class Invoice(BaseModel):
    number: int
    total: Decimal
    due: date


INVOICE = Invoice(number=7, total=Decimal("1.50"), due=date(2026, 11, 20))

KEPT: list[Any] = [
    None,
    True,
    2**53,
    2**64 - 1,
    -(2**63),
    1.5,
    math.inf,
    -math.inf,
    "ü\0\x1e",
    "long " * 50,
    b"\0\xff",
    bytearray(b"\1"),
    Decimal("1.50"),
    Decimal("-0"),
    date(2026, 11, 20),
    time(12, 30),
    datetime(2026, 11, 20, 12, tzinfo=UTC),
    datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Europe/Berlin")),
    timedelta(days=-1, seconds=3),
    UUID(int=7),
    [1, {"a": [2]}],
    {1: "int key", "1": "str key"},
    {"k"},
    frozenset({"k"}),
    deque([1, 2]),
    HumanMessage("hello", id="1"),
    AIMessage("hi", id="2", tool_calls=[{"name": "f", "args": {"x": 1.5}, "id": "c"}]),
]


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_values_keep_their_type(saver: Colour, value: Any) -> None:
    kept = put(saver, thread(), said=value)
    saver.put_writes(kept, [("said", value)], "task")

    found = got(saver, thread())

    said = found.checkpoint["channel_values"]["said"]
    assert said == value
    assert type(said) is type(value)
    assert found.pending_writes == [("task", "said", value)]


def test_nan_is_kept(saver: Colour) -> None:
    put(saver, thread(), said=math.nan)

    assert math.isnan(values(saver, thread())["said"])


def test_metadata_keeps_its_types_too(saver: Colour) -> None:
    metadata = {"source": "loop", "at": datetime(2026, 11, 20, tzinfo=UTC), "cost": Decimal("0.1")}
    put_with(saver, thread(), metadata, said="x")

    assert got(saver, thread()).metadata == metadata


@pytest.mark.parametrize(
    ("value", "back"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({"pair": (1, 2)}, {"pair": [1, 2]}),
        (Colouring.RED, "red"),
        (INVOICE, {"number": 7, "total": Decimal("1.50"), "due": date(2026, 11, 20)}),
    ],
    ids=repr,
)
def test_what_the_serializer_does_not_know_comes_back_as_plain_data(
    saver: Colour, value: Any, back: Any
) -> None:
    put(saver, thread(), said=value)

    assert values(saver, thread())["said"] == back


def test_an_allowed_enum_and_pydantic_model_come_back_as_themselves(saver: Colour) -> None:
    allowed = JsonPlusSerializer(allowed_msgpack_modules=[Colouring, Invoice])
    ours = saver.saver
    assert isinstance(ours, RedisSaver)
    theirs = saver.with_saver(RedisSaver(ours._client, ours._aclient, serde=allowed))
    put(theirs, thread(), said=[Colouring.RED, INVOICE])

    assert values(theirs, thread())["said"] == [Colouring.RED, INVOICE]


class _State(TypedDict):
    colour: Colouring
    invoices: Annotated[list[Invoice], operator.add]
    by_number: dict[int, Decimal]


def test_types_of_a_graphs_state_are_allowed_by_the_graph_itself(saver: Colour) -> None:
    def played(one: Colour) -> Any:
        builder: Any = StateGraph(_State)
        builder.add_node("add", lambda _: {"invoices": [INVOICE], "by_number": {7: Decimal(1)}})
        builder.add_edge(START, "add")
        builder.add_edge("add", END)
        graph = builder.compile(checkpointer=one.saver)
        one.invoke(graph, {"colour": Colouring.RED, "invoices": [INVOICE]}, thread())
        return one.state(graph, thread()).values

    assert played(saver) == played(saver.with_saver(InMemorySaver()))
    assert played(saver)["colour"] is Colouring.RED


MADE: list[int] = []


@dataclass
class Planted:
    number: int

    def __post_init__(self) -> None:
        MADE.append(self.number)


def test_a_type_nobody_allowed_is_never_made(saver: Colour) -> None:
    put(saver, thread(), said=Planted(1))
    MADE.clear()

    assert values(saver, thread())["said"] == {"number": 1}
    assert MADE == []

    loose = JsonPlusSerializer(allowed_msgpack_modules=True)
    assert loose.loads_typed(loose.dumps_typed(Planted(2))) == Planted(2)
    assert MADE, "the bytes name a type that a lax serializer does make"


def test_strict_types_are_chosen_before_langgraph_is_imported() -> None:
    program = (
        "import graphs.digest, os; from langgraph.checkpoint.serde import _msgpack as m; "
        "print(m.STRICT_MSGPACK_ENABLED, os.environ['LANGSMITH_TRACING'])"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert printed.stdout.split() == [b"True", b"false"]
