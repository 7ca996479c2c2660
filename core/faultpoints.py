"""Named places where a process can be made to die, for the tests that kill for real.

With `SIGNOFF_FAULTPOINTS=folder`, a file in that folder named like a place arms it (`arm`): the
first to get there renames the file to `<place>.died` and SIGKILLs its process, or the whole process
group. The rename makes it happen exactly once. Where several are asked for `together`, each waits
at the place until the last of them has come, so that one death hits all of them there.

Without the variable `point` costs one dictionary lookup.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path

#: Every place, in the order a request passes them.
POINTS = (
    "intake:committed",
    "event:committed",
    "event:opened",
    "turn:model-recorded",
    "turn:actions-committed",
    "prepare:judged",
    "executor:intent-committed",
    "executor:called",
    "executor:outcome-committed",
    "together:went-on",
    "undo:followed",
    "preview:begun",
    "preview:started",
    "turn:answered",
    "post:sent",
)
_LOOK_S = 0.01


def arm(folder: Path, name: str, *, group: bool = False, together: int = 1) -> Path:
    """Have whoever reaches this place next die there; the file that will say it happened."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{name}.*"):
        left.unlink()
    aside = folder / f"{name}.armed"
    aside.write_text(json.dumps({"group": group, "together": together}))
    aside.rename(folder / name)
    return folder / f"{name}.died"


def point(name: str) -> None:
    """Die here, once, when somebody armed this place."""
    folder = os.environ.get("SIGNOFF_FAULTPOINTS")
    if folder is not None:
        _die_if_armed(Path(folder), name)


async def point_async(name: str) -> None:
    """The same on an event loop, where several may be at the place at once."""
    if "SIGNOFF_FAULTPOINTS" in os.environ:
        await asyncio.to_thread(point, name)


def _die_if_armed(folder: Path, name: str) -> None:
    armed, died = folder / name, folder / f"{name}.died"
    try:
        order = json.loads(armed.read_text())
    except FileNotFoundError:
        return
    seat = _seat(folder, name, order["together"])
    if seat is None:
        return
    if seat == order["together"] - 1:
        armed.rename(died)
    while not died.exists():
        time.sleep(_LOOK_S)
    if order["group"]:
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _seat(folder: Path, name: str, seats: int) -> int | None:
    """The first free one of so many, taken; None when this death has enough company."""
    for seat in range(seats):
        try:
            os.close(os.open(folder / f"{name}.{seat}", os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        return seat
    return None
