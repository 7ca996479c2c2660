from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llm.client import Models
from llm.config import ModelsConfig
from llm.sending import Retries
from tests.llm.rehearsal import Rehearsal, rehearsal_model

CONFIG = Path(__file__).parents[2] / "config" / "models.yaml"


@pytest.fixture
def rehearsal() -> Iterator[Rehearsal]:
    with rehearsal_model() as model:
        yield model


@pytest.fixture
def models(rehearsal: Rehearsal) -> Iterator[Models]:
    client = Models(
        ModelsConfig.load(CONFIG, profile="rehearsal"),
        api_key="sk-not-to-be-seen",
        base_url=rehearsal.base_url,
        timeout_s=5.0,
        retries=Retries(attempts=3, base_s=0.01, cap_s=0.2),
    )
    yield client
    client.close()
