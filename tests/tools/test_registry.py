"""Each bad declaration is refused at start, by name and reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from till_tools import connector

from core.origins import Origin
from tools.connectors import notes, people
from tools.contract import Arguments, Call, Connector, Effect, Record, Refused, Result, Setting
from tools.registry import BadDeclaration, Registry

TILL = connector("http://127.0.0.1:9")
BY_NAME = {tool.name: tool for tool in TILL.tools}


class Fraction(Arguments):
    share: float


class FractionRead(Result):
    share: float | None


def silent(_args: Arguments, _call: Call) -> Any:
    return None


ONE_WAY = Record(lambda _since, _timeout_s: ())


@pytest.mark.parametrize(
    ("tool", "change", "reason"),
    [
        ("till.refund", {"name": "refund"}, "is its connector's and a word"),
        ("till.refund", {"name": "shop.refund"}, "is its connector's and a word"),
        ("till.refund", {"name": "till.re__fund"}, "is its connector's and a word"),
        ("till.refund", {"version": "1"}, "version '1' is not like 1.0.0"),
        ("till.refund", {"scopes": ()}, "declares no scope"),
        ("till.refund", {"scopes": ("Write!",)}, "scope 'Write!' is not like till:read"),
        ("till.refund", {"run": silent}, "has no docstring"),
        ("till.refund", {"can": " "}, "does not say what it can do"),
        ("till.refund", {"args": dict}, "arguments are not a model made from Arguments"),
        ("till.refund", {"args": Fraction, "authority": ("share",)}, "arguments hold fractions"),
        ("till.refund", {"result": dict}, "result is not a model made from Result"),
        ("till.refund", {"result": FractionRead}, "result holds fractions"),
        ("till.refund", {"authority": ("account",)}, "'account' is not one of its arguments"),
        ("till.refund", {"authority": ()}, "names no authority arguments"),
        ("till.refund", {"editable": ("sum",)}, "editable argument 'sum' is not one of"),
        ("till.refund", {"yields": Origin.REQUESTER}, "cannot count as typed by the asker"),
        ("till.refund", {"timeout_s": 0}, "timeout_s must lie between"),
        ("till.refund", {"timeout_s": 3_600}, "timeout_s must lie between"),
        ("till.refund", {"per_minute": 0}, "per_minute must be at least 1"),
        ("till.refund", {"transient": (Refused,)}, "Refused is both transient and final"),
        ("till.refund", {"preview": None}, "has no preview"),
        ("till.refund", {"key_life_s": None}, "does not say how long its key lives"),
        ("till.refund", {"undo": lambda a, r: ("x", {})}, "declares an undo but is irreversible"),
        ("till.order", {"undo": None}, "is reversible but declares no undo"),
        ("till.order", {"verify": None}, "is verifiable but has no verify"),
        ("till.order", {"settle_s": None}, "does not say how long the other side may work"),
        ("till.letter", {"preview": None}, "has no preview"),
        ("till.letter", {"unrecorded": " "}, "neither a record that shows it both ways nor what"),
        ("till.order", {"record": None}, "neither a record that shows it both ways nor what"),
        ("till.order", {"record": ONE_WAY}, "neither a record that shows it both ways nor what"),
        ("till.order", {"unrecorded": "anything"}, "its record shows everything, and yet"),
    ],
)
def test_a_bad_tool_is_refused_by_name_and_reason(
    tool: str, change: dict[str, Any], reason: str
) -> None:
    """R60, R87."""
    bad = replace(BY_NAME[tool], **change)

    with pytest.raises(BadDeclaration) as refusal:
        Registry.of([replace(TILL, tools=(bad,))])

    assert f"{bad.name}: " in refusal.value.sentence
    assert reason in refusal.value.sentence


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "The Till"}, "a connector's name is a lower-case word"),
        ({"version": "one"}, "version 'one' is not like 1.0.0"),
        ({"settings": (Setting("key", True, "a key"),)}, "'key' is not like SHOP_API_KEY"),
        ({"settings": (Setting("KEY", True, ""),)}, "does not say what it is about"),
    ],
)
def test_a_bad_connector_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDeclaration, match=reason):
        Registry.of([replace(TILL, tools=(), **change)])


def test_everything_wrong_is_said_at_once() -> None:
    worse = replace(BY_NAME["till.refund"], scopes=(), preview=None)

    with pytest.raises(BadDeclaration) as refusal:
        Registry.of([replace(TILL, tools=(worse, worse))])

    lines = refusal.value.sentence.splitlines()
    assert "till.refund: declared 2 times" in lines
    assert "till.refund: declares no scope" in lines
    assert "till.refund: changes something but has no preview to put on the card" in lines


def test_a_tool_without_key_and_look_up_needs_neither() -> None:
    assert Registry.of([TILL]).tool("till.letter") == BY_NAME["till.letter"]


def test_a_model_is_given_names_docstrings_and_schemas() -> None:
    (schema,) = [s for s in Registry.of([TILL]).schemas() if s["name"] == "till.refund"]

    assert schema["description"] == "Refund an amount in cents of an order."
    assert schema["parameters"]["properties"]["minor"]["exclusiveMinimum"] == 0
    assert schema["parameters"]["additionalProperties"] is False


def test_the_environment_check_learns_every_secret() -> None:
    settings = (Setting("TILL_KEY", True, "the key"), Setting("TILL_URL", False, "where"))
    registry = Registry.of([replace(TILL, settings=settings)])

    assert registry.credentials() == ("TILL_KEY",)


def test_our_own_connectors_are_declared_as_they_must_be(ports: Any) -> None:
    """R60."""
    made: list[Connector] = [notes.make(ports), people.make(ports)]

    registry = Registry.of(made)

    assert [tool.name for tool in registry.tools] == [
        "notes.remember",
        "notes.recall",
        "notes.forget",
        "people.find",
        "people.approvers",
    ]
    assert registry.tool("notes.remember").effect is Effect.REVERSIBLE  # type: ignore[union-attr]
