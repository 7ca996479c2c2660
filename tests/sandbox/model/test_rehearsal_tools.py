"""The phrasings' calls fit the tools that Signoff really offers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.clock import SystemClock
from llm.calls import wire_name, wire_tools
from sandbox.model.catalogue import OPERATIONS
from sandbox.model.mind import reply
from tests.sandbox.model import office
from tests.sandbox.model.test_rehearsal_phrasings import UNDERSTOOD
from tools.catalogue import make_all
from tools.contract import Ports
from tools.registry import Registry


def _no_secrets(name: str) -> str:
    raise AssertionError(f"{name} was read, though nothing is called here")


PORTS = Ports(
    setting=_no_secrets, clock=SystemClock(), directory=None, notes=None, permissions=None
)  # type: ignore[arg-type]
REGISTRY = Registry.of(make_all(PORTS))
TOOLS = {wire_name(tool.name): tool for tool in REGISTRY.tools}


def test_every_operation_is_a_tool_that_signoff_offers() -> None:
    missing = [
        names for names in OPERATIONS.values() if not {*names} & {t.name for t in REGISTRY.tools}
    ]

    assert missing == []


@pytest.mark.parametrize("entry", UNDERSTOOD, ids=lambda entry: entry["say"])
def test_the_calls_of_a_phrasing_pass_the_real_tools_checks(entry: dict[str, Any]) -> None:
    for call in entry.get("calls", []):
        for name, arguments in call.items():
            TOOLS[name].args.model_validate_json(json.dumps(arguments))


def test_the_real_schemas_lead_to_the_same_first_call_as_the_canned_ones() -> None:
    tools = wire_tools(REGISTRY.schemas())

    for entry in UNDERSTOOD:
        said = reply(office.opening(entry["say"]), tools)
        canned = reply(office.opening(entry["say"]), office.tools())
        assert (said.text, said.calls) == (canned.text, canned.calls)
