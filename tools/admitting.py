"""What a connector declares, in the form in which it is let into an installation."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from approvals.connectors import OURS, Offered, admitted
from tools.contract import Connector, Tool


class AdmittedInSql:
    """Which tools were let in; what was once is not asked about again, as nothing is taken out."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._known: frozenset[str] = frozenset()

    def __call__(self, session: Session, tool: Tool) -> bool:
        """Whether this very declaration was."""
        if tool.name.startswith(f"{OURS}.") or declared(tool) in self._known:
            return True
        self._known = admitted(session, workspace_id=self._workspace_id)
        return declared(tool) in self._known


def declared(tool: Tool) -> str:
    """Name, version, effect and scopes: `shop.refund 1.0.0, reversible, needs shop:refund`."""
    return f"{tool.name} {tool.version}, {tool.effect.value}, needs {' '.join(tool.scopes)}"


def offered(connectors: Iterable[Connector]) -> list[Offered]:
    """These connectors as people are asked about them."""
    return [
        Offered(each.name, each.version, tuple(declared(tool) for tool in each.tools))
        for each in connectors
    ]
