"""Every connector that comes with Signoff."""

from __future__ import annotations

from tools.connectors import calendar, documents, mail, notes, people, shop, signoff
from tools.contract import Connector, Ports


def make_all(ports: Ports) -> tuple[Connector, ...]:
    """All connectors, declared over these ports. Nothing is opened or called until a tool runs."""
    rooms = (shop, mail, calendar, documents, notes, people, signoff)
    return tuple(room.make(ports) for room in rooms)
