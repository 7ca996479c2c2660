"""The rehearsal model: an OpenAI-compatible server that answers by patterns, without weights.

`python -m sandbox model --port 8301 [--data DIR]`. Deterministic: the same request gives the same
bytes. Everything it understands stands in `phrases`; it obeys letters on purpose.
Must not hold: an import from Signoff's rooms above `core`; it is a counterpart, not a part.
"""

from __future__ import annotations

from sandbox.model.serve import main

__all__ = ["main"]
