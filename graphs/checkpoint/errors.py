"""Why the store refuses, by name: each has its own way out."""

from __future__ import annotations

from core.errors import GraphError


class StaleFence(GraphError):
    """Another worker has taken this conversation over."""


class WrongGeneration(GraphError):
    """The stored conversation is gone or has been begun anew; it must be rebuilt."""


class UnreadableCheckpoint(GraphError):
    """What is stored of this conversation is damaged or foreign; it must be rebuilt."""


class StoreUnavailable(GraphError):
    """Conversations in flight cannot be reached right now. Yours is kept and goes on later."""
