"""Arguments as fields that people fill in, and back, checked by the tool's own model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import pytest
from pydantic import Field
from road import Road
from sqlmodel import select
from till import Till

from approvals.editing import edit
from approvals.tables import Request
from core.origins import Origin
from tools.contract import Amount, Arguments, Effect, Result, Retry, Tool
from tools.editing import EditField, Typed, fields_of, read_typed
from tools.observe import observation


class Parcel(Arguments):
    amount: Amount = Field(description="What it costs")
    to: tuple[str, ...] = Field(max_length=2, description="Who gets it")
    day: date
    at: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")
    speed: Literal["slow", "fast"]
    fragile: bool
    pieces: int = Field(gt=0, le=9)
    note: str | None = Field(default=None, max_length=4_000)
    depth: dict[str, int] = Field(default_factory=dict)


EVERY = tuple(Parcel.model_fields)
TOOL = Tool(
    name="post.send", version="1.0.0", args=Parcel, result=Result, effect=Effect.IRREVERSIBLE,
    retry=Retry.NEITHER, run=lambda _args, _call: Result(source=""), scopes=("post:send",),
    yields=Origin.FIRST_PARTY, can="send", editable=EVERY,
)  # fmt: skip
ARGS: dict[str, Any] = {
    "amount": {"minor": 118_000, "currency": "EUR"},
    "to": ["a@x.example", "b@x.example"],
    "day": "2026-11-23",
    "at": "2026-11-23T10:00",
    "speed": "slow",
    "fragile": True,
    "pieces": 3,
    "note": None,
    "depth": {"cm": 3},
}
FIELDS = fields_of(TOOL, ARGS, EVERY)
AS_IT_STANDS = {field.name: field.value for field in FIELDS}


def test_each_argument_is_spelled_as_people_do() -> None:
    assert (
        EditField("amount", "money", "EUR 1,180.00", "What it costs"),
        EditField("to", "list", "a@x.example\nb@x.example", "Who gets it", may_be_empty=True),
        EditField("day", "day", "2026-11-23", ""),
        EditField("at", "moment", "2026-11-23 10:00", ""),
        EditField("speed", "choice", "slow", "", options=("slow", "fast")),
        EditField("fragile", "yes_no", "yes", "", options=("yes", "no")),
        EditField("pieces", "number", "3", ""),
        EditField("note", "text", "", "", optional=True, may_be_empty=True),
    ) == FIELDS


def test_only_what_the_tool_declares_can_be_changed() -> None:
    assert [f.name for f in fields_of(TOOL, ARGS, ("pieces", "stranger"))] == ["pieces"]


def test_what_nobody_touched_stays_as_it_is() -> None:
    assert read_typed(TOOL, ARGS, FIELDS, AS_IT_STANDS) == Typed(ARGS, {})


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ({"amount": "150 eur"}, {"amount": {"minor": 15_000, "currency": "EUR"}}),
        ({"to": " c@x.example \n\n"}, {"to": ["c@x.example"]}),
        ({"to": ""}, {"to": []}),
        ({"day": "2026-12-01"}, {"day": "2026-12-01"}),
        ({"at": "2026-12-01 09:30"}, {"at": "2026-12-01T09:30"}),
        ({"speed": "fast", "fragile": "no"}, {"speed": "fast", "fragile": False}),
        ({"pieces": "9"}, {"pieces": 9}),
        ({"note": "With care"}, {"note": "With care"}),
    ],
)
def test_what_is_typed_becomes_arguments(typed: dict[str, str], changed: dict[str, Any]) -> None:
    found = read_typed(TOOL, ARGS, FIELDS, {**AS_IT_STANDS, **typed})

    assert found == Typed({**ARGS, **changed}, {})


@pytest.mark.parametrize(
    ("typed", "problems"),
    [
        (
            {"amount": "a lot"},
            {"amount": "Please write an amount with its currency, like EUR 150.00."},
        ),
        ({"amount": "EUR 0"}, {"amount": "This must be more than 0."}),
        ({"pieces": "2.5"}, {"pieces": "Please write a whole number."}),
        ({"pieces": "12"}, {"pieces": "This must be at most 9."}),
        ({"day": "tomorrow"}, {"day": "Please write a day, like 2026-11-23."}),
        ({"at": "noon"}, {"at": "Please write a day and time, like 2026-11-23 10:00."}),
        ({"at": "2026-12-01"}, {"at": "This is not written as it must be: see below."}),
        ({"to": "a\nb\nc"}, {"to": "These are too many: at most 2."}),
        ({"speed": "warp"}, {"speed": "This does not fit here."}),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    typed: dict[str, str], problems: Mapping[str, str]
) -> None:
    assert read_typed(TOOL, ARGS, FIELDS, {**AS_IT_STANDS, **typed}) == Typed(None, problems)


def changed_by_finn(road: Road, action_id: str, minor: int) -> str:
    with road.db.transaction() as session:
        request = session.exec(select(Request).where(Request.action_id == action_id)).one()
        finn = road.deps.people.by_id("finn")
        assert finn is not None
        args = {"order": "4711", "minor": minor}
        edited = edit(
            session, road.deps.log, road.deps.people, request_id=request.id, person=finn,
            args=args, now=road.clock.now(),
        )  # fmt: skip
    assert edited.action_id is not None
    return edited.action_id


def test_a_changed_action_is_previewed_labelled_and_judged_anew(road: Road, till: Till) -> None:
    first = road.propose("till.refund", order="4711", minor=9_000)
    road.prepare(first)

    newer = changed_by_finn(road, first, 5_000)

    assert road.prepare(newer) == "awaiting"
    row = road.row(newer)
    assert (row.preview or {})["title"] == "Refund EUR 50.00 for 4711"
    assert row.origins == {"/order": "requester", "/minor": "editor"}
    assert [stage["who"] for stage in (row.verdict or {})["stages"]] == [
        "group:finance",
        "requester",
    ]
    assert road.posts(newer, "card") == 1


def test_it_is_done_once_finance_and_the_asker_agree_and_the_model_learns_of_it(
    road: Road, till: Till
) -> None:
    first = road.propose("till.refund", order="4711", minor=9_000)
    road.prepare(first)
    newer = changed_by_finn(road, first, 5_000)
    road.prepare(newer)

    assert road.decide(newer).outcome == "counted"
    assert road.decide(newer).outcome == "not_allowed"
    assert road.decide(newer, "ana").outcome == "approved"

    assert road.execute(newer) == "succeeded"
    assert till.refunded["4711"] == 5_000
    told = observation(road.head(first))
    assert told["changed"] == "Whoever decides about this changed minor from 9000 to 5000."


def test_what_the_counterpart_refuses_of_a_change_is_told_and_not_done(road: Road) -> None:
    first = road.propose("till.refund", order="4711", minor=9_000)
    road.prepare(first)
    newer = changed_by_finn(road, first, -1)

    assert road.prepare(newer) == "failed"

    assert observation(road.head(first))["code"] == "invalid_arguments"
