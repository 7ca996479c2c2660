"""Which fields approvers may change under which rule, held against what the tools allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from core.errors import ConfigError


class Changeable(Protocol):
    """What is asked of a tool here (`tools.contract.Tool`)."""

    @property
    def name(self) -> str: ...
    @property
    def editable(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Editable:
    """The arguments that a rule lets approvers change, and where it says so."""

    names: tuple[str, ...]
    #: `config/policy.yaml, line 12`
    where: str
    #: The rule's `tool`; empty covers all.
    tools: tuple[str, ...]


def refuse_unknown(said: Sequence[Editable], tools: Sequence[Changeable]) -> None:
    """Raise `ConfigError` for the first name that none of the rule's tools lets be changed.

    A rule about tools that are not here says nothing about any that are.
    """
    for each in said:
        covered = [tool for tool in tools if _covers(each.tools, tool.name)]
        able = sorted({name for tool in covered for name in tool.editable})
        for name in each.names if covered else ():
            if name not in able:
                known = f"Use {', '.join(able)}." if able else "Take the key out, or write no."
                raise ConfigError(
                    f"{each.where}: {name!r} is nothing that approvers can change there. {known}"
                )


def together(said: Sequence[Editable]) -> tuple[str, ...] | None:
    """What all of these let be changed; None where nothing is said."""
    if not said:
        return None
    first, *others = said
    return tuple(name for name in first.names if all(name in each.names for each in others))


def _covers(patterns: tuple[str, ...], tool: str) -> bool:
    return not patterns or any(fnmatchcase(tool, pattern) for pattern in patterns)
