from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.graphs.store import private_store


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with private_store() as url:
        yield url
