"""Named places where a process can be made to die, for the tests that kill for real.

`SIGNOFF_FAULTPOINT=name` with `SIGNOFF_FAULTPOINT_MARK=file` makes the first process that reaches
the place create the file and SIGKILL itself; once the file stands, nothing happens any more.
Without the variables `point` costs one dictionary lookup.
"""

from __future__ import annotations

import os
import signal

#: Every place, in the order a request passes them.
POINTS = (
    "intake:committed",
    "turn:model-recorded",
    "turn:actions-committed",
    "prepare:judged",
    "executor:intent-committed",
    "executor:called",
    "executor:outcome-committed",
    "turn:answered",
    "post:sent",
)


def point(name: str) -> None:
    """Die here, once, when the environment asks for this place."""
    if os.environ.get("SIGNOFF_FAULTPOINT") != name:
        return
    try:
        handle = os.open(os.environ["SIGNOFF_FAULTPOINT_MARK"], os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    os.close(handle)
    os.kill(os.getpid(), signal.SIGKILL)
