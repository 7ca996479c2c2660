from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from llm.config import Model, ModelsConfig
from tests.llm.conftest import CONFIG


def test_the_starter_file_holds_both_profiles() -> None:
    assert ModelsConfig.load(CONFIG).small.model == "gpt-5-mini"
    assert ModelsConfig.load(CONFIG, profile="rehearsal").large.model == "rehearsal-large"


def test_cost_is_tokens_times_price_in_millionths_of_a_dollar() -> None:
    model = Model(model="m", input="0.25", output="2.00")

    assert model.cost_micros(1_000_000, 0) == 250_000
    assert model.cost_micros(10, 3) == 9  # 2.5 + 6, rounded half up


def test_an_unknown_price_makes_the_cost_unknown_and_never_zero() -> None:
    assert Model(model="m").cost_micros(10, 10) is None
    assert Model(model="m", input="1").cost_micros(10, 10) is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("version: 1", "version: 1\n  bad: [", "Check the indentation"),
        ("  small: {model: gpt-5-mini", "  tiny: {model: gpt-5-mini", "live.small is missing"),
        ("model: gpt-5,", "models: gpt-5,", "live.large.model is missing"),
        ('"2.00"', '"-2"', "greater than or equal to 0"),
        ('"2.00"', '"two"', "Compare with the starter file"),
    ],
)
def test_a_broken_file_is_named_with_line_and_mend(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(CONFIG.read_text().replace(old, new, 1))

    with pytest.raises(ConfigError) as broken:
        ModelsConfig.load(path)

    assert str(path) in str(broken.value)
    assert ", line " in str(broken.value)
    assert sentence in str(broken.value)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Copy the starter file"):
        ModelsConfig.load(tmp_path / "none.yaml")
