"""Signoff itself: what is permitted is changed by actions like any other, asked for and approved.

No model is offered these tools: people ask for them with a button or a command; all but
`signoff.together`, which changes nothing and says which steps of an answer belong together. Retry
class of all: *same key* (what an action made is found again by that action).
"""

from tools.connectors.signoff.declarations import make

__all__ = ["make"]
