"""People: who is who, and who approves what. Reads only, from our own directory."""

from tools.connectors.people.declarations import make

__all__ = ["make"]
