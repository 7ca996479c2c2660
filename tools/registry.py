"""All declared tools, checked at start: what lacks something its class demands is refused."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tools.contract import Connector, Tool
from tools.declarations import BadDeclaration, problems

__all__ = ["BadDeclaration", "Registry"]


class Registry:
    """Every tool by name. Made by `Registry.of`, never changed afterwards."""

    def __init__(self, connectors: tuple[Connector, ...]) -> None:
        self.connectors = connectors
        self.tools: tuple[Tool, ...] = tuple(
            tool for connector in connectors for tool in connector.tools
        )
        self._by_name = {tool.name: tool for tool in self.tools}
        self._connectors = {connector.name: connector for connector in connectors}

    @classmethod
    def of(cls, connectors: Sequence[Connector]) -> Registry:
        """A registry of these. Raises `BadDeclaration` naming every bad tool and its reason."""
        found = problems(connectors)
        if found:
            raise BadDeclaration("These tools cannot be used:\n" + "\n".join(found))
        return cls(tuple(connectors))

    def tool(self, name: str) -> Tool | None:
        return self._by_name.get(name)

    def connector(self, name: str) -> Connector | None:
        return self._connectors.get(name)

    def schemas(self) -> list[dict[str, Any]]:
        """`{"name", "description", "parameters"}` of each tool: the docstring that a model reads
        and the JSON schema of the arguments. To be read only: they are the same ones every time."""
        return list(self._schemas)

    @cached_property
    def _schemas(self) -> list[dict[str, Any]]:
        # Made once: pydantic needs longer for them than a turn for a step.
        return [
            {
                "name": tool.name,
                "description": inspect.cleandoc(tool.run.__doc__ or ""),
                "parameters": tool.args.model_json_schema(),
            }
            for tool in self.tools
            if tool.offered
        ]

    def credentials(self) -> tuple[str, ...]:
        """Names of the secret settings: only the tool worker's secrets file may hold them."""
        return tuple(sorted({s.name for c in self.connectors for s in c.settings if s.secret}))
