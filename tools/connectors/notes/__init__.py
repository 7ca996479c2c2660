"""Notes: remember, recall and forget sentences that people asked to have kept.

Retry class of both writes: *same key* (a note is unique on the key of the call that made it).
"""

from tools.connectors.notes.declarations import make

__all__ = ["make"]
