"""The calendar over CalDAV: look at a day, find free times, create, move and cancel meetings.

Retry class of all writes: *looked up*. A meeting's UID derives from the action, each change leaves
the action's key in the event, and etags guard against changing what somebody else changed.
"""

from tools.connectors.calendar.declarations import make

__all__ = ["make"]
