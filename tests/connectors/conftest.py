from __future__ import annotations

from collections.abc import Iterator

import pytest
from connector_bench import NOW, Bench, make_bench

from sandbox.office.testing import Office, start


@pytest.fixture(scope="module")
def running_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = start(tmp_path_factory.mktemp("office"), today=NOW.date())
    yield office
    office.stop()


@pytest.fixture
def office(running_office: Office) -> Iterator[Office]:
    yield running_office
    running_office.clear()


@pytest.fixture
def bench(office: Office) -> Bench:
    return make_bench(office)
