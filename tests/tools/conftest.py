"""A till and the road to it, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from road import Road
from till import Till, running

from core.clock import HeldClock
from core.db import Database


@pytest.fixture
def till() -> Iterator[Till]:
    with running() as started:
        yield started


@pytest.fixture
def road(db: Database, clock: HeldClock, till: Till) -> Road:
    return Road.over(db, clock, till.url)
