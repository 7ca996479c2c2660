"""One practice office for tests that only talk to it; those that break things start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.demo import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running `signoff demo`, shared by the tests of one worker."""
    office = Demo(tmp_path_factory.mktemp("office") / "with a space")
    office.start()
    yield office
    assert office.stop() == 0
