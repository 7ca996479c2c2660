"""One call into a connector, with its errors brought down to two: refused, or unavailable.

Whatever else a connector raises is logged under a reference and counts as unavailable *and*
possibly received: nothing is concluded from an error nobody declared.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog

from approvals.people import Principal
from approvals.tables import Action
from core.errors import SignoffError
from core.origins import Origin
from tools.bounded import Bounded
from tools.breakers import connector_of
from tools.contract import Arguments, Call, Caller, Refused, Tool, Unavailable
from tools.limits import Limits

log = structlog.get_logger()
T = TypeVar("T")


class Unexpected(Unavailable):
    """Something went wrong that the tool does not declare."""


def key_of(action_id: str) -> str:
    """The idempotency key of every attempt of this action: SHA-256 of its id, 64 hex digits."""
    return hashlib.sha256(action_id.encode()).hexdigest()


def call_for(
    action: Action, tool: Tool, principal: Principal, *, limits: Limits, now: datetime
) -> Call:
    """What the tool is told besides its arguments."""
    return Call(
        action_id=action.id,
        key=key_of(action.id),
        caller=Caller(principal.id, principal.name, principal.email),
        now=now,
        timeout_s=limits.deadline_s(tool.timeout_s),
        facts=dict(action.facts or {}),
        origins={pointer: Origin(origin) for pointer, origin in (action.origins or {}).items()},
    )


def ask(
    bounded: Bounded, tool: Tool, function: Callable[[Any, Call], T], args: Arguments, call: Call
) -> T:
    """What `function(args, call)` returns within the call's deadline.

    Raises `Refused` or `Unavailable` and nothing else.
    """
    try:
        lane = connector_of(tool.name)
        return bounded.call(lambda: function(args, call), timeout_s=call.timeout_s, lane=lane)
    except (Refused, Unavailable):
        raise
    except tool.final as error:
        raise Refused(_sentence(error, "The other system refused this.")) from error
    except tool.transient as error:
        raise Unavailable(_sentence(error, Unavailable.__doc__ or ""), reached=True) from error
    except Exception as error:
        reference = secrets.token_hex(4)
        log.exception("tool_failed", tool=tool.name, action_id=call.action_id, reference=reference)
        raise Unexpected(
            f"Something went wrong in {tool.name} (reference {reference}).", reached=True
        ) from error


def _sentence(error: Exception, otherwise: str) -> str:
    """A declared error's own words; a foreign exception's text is never shown to people."""
    return error.sentence if isinstance(error, SignoffError) else otherwise.splitlines()[0]
