"""What the rehearsal model understands of the requests people type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.model.turns import play

PHRASINGS = yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text())
UNDERSTOOD: list[dict[str, Any]] = PHRASINGS["understood"]
MUST_NOT_ACT: list[str] = PHRASINGS["must_not_act"]


@pytest.mark.parametrize("entry", UNDERSTOOD, ids=lambda entry: entry["say"])
def test_a_phrasing_leads_to_its_calls_or_a_question(entry: dict[str, Any]) -> None:
    played = play(entry["say"])

    if entry.get("asks"):
        assert played.writes == []
        assert "?" in played.text
    else:
        assert played.calls == entry["calls"]


@pytest.mark.parametrize("request_text", MUST_NOT_ACT)
def test_talk_about_an_action_never_acts(request_text: str) -> None:
    assert play(request_text).writes == []


def test_at_least_55_of_60_phrasings_are_understood_and_the_rest_ask_back() -> None:
    understood = [entry for entry in UNDERSTOOD if "calls" in entry]
    asking = [entry for entry in UNDERSTOOD if entry.get("asks")]

    assert len(UNDERSTOOD) == 60
    assert len(understood) >= 55
    assert len(understood) + len(asking) == 60
