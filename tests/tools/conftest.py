"""A till and the road to it, for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from road import PEOPLE, Road, make_log
from till import Till, running

from approvals.people import People
from bot.permissions import PermissionsInSql
from core.clock import HeldClock
from core.db import Database
from core.errors import ToolError
from memory.notes import Keeping, NoteStore
from tools.contract import Person, Ports


@pytest.fixture
def till() -> Iterator[Till]:
    with running() as started:
        yield started


@pytest.fixture
def road(db: Database, clock: HeldClock, till: Till) -> Road:
    return Road.over(db, clock, till.url)


@pytest.fixture
def ports(db: Database, clock: HeldClock) -> Ports:
    """What our own connectors are made from: notes and permissions in SQL, a directory of three."""
    permissions = PermissionsInSql(db, make_log(), People.parse(PEOPLE, Path("people.yaml")))
    notes = NoteStore(db, None, workspace_id="T0PRACTICE", keeping=Keeping())
    return Ports(
        setting=no_settings, clock=clock, directory=Desk(), notes=notes, permissions=permissions
    )


def no_settings(name: str) -> str:
    raise ToolError(f"{name} is not opened here")


class Desk:
    """The people of `road.PEOPLE` and who approves refunds, as a directory."""

    def __init__(self) -> None:
        self._people = People.parse(PEOPLE, Path("people.yaml"))

    def find(self, query: str) -> Sequence[Person]:
        return [Person(p.id, p.name, p.email, p.roles) for p in self._people.find(query)]

    def approvers(self, tool: str) -> Sequence[str]:
        return ["Finance"] if tool == "till.refund" else []

    def is_inside(self, address: str) -> bool:
        return self._people.is_inside(address)

    def knows(self, address: str) -> bool:
        return self._people.knows(address)
