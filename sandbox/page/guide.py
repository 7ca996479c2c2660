"""The hint beside the refund sample: try as Ana, be refused, switch to Finn, approve.

Pure: what to say follows from the open thread alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.page.posts import Post
from sandbox.page.samples import REFUND
from sandbox.page.scene import Person, Scene

AWAY = "Signoff is not connected right now. It answers as soon as it is back."
_APPROVER_ROLE = "finance"
_BUTTONS = frozenset({"primary", "danger"})


@dataclass(frozen=True)
class Hint:
    text: str
    switch_to: Person | None = None
    plug: bool = False


def hint(scene: Scene) -> Hint | None:
    """The next thing to try in the open thread; None when the thread is another matter."""
    if not scene.connected:
        return Hint(AWAY)
    root = next((message for message in scene.messages if message.open), None)
    if root is None or REFUND.text not in root.text:
        return None
    if not any(_undecided(reply) for reply in scene.replies):
        return None
    if scene.me.role == _APPROVER_ROLE:
        return Hint(
            "You may approve this. Pull the plug first if you want to see it survive.", plug=True
        )
    approver = next((person for person in scene.people if person.role == _APPROVER_ROLE), None)
    if any(reply.ephemeral for reply in scene.replies):
        return Hint(f"{scene.me.first} may not approve this. Somebody from Finance may.", approver)
    return Hint(f"Try approving as {scene.me.first}.", plug=True)


def _undecided(reply: Post) -> bool:
    """A card of the app that still has its buttons."""
    return reply.author.is_app and not reply.ephemeral and any(_styled(reply.blocks))


def _styled(blocks: Sequence[Mapping[str, Any]]) -> Iterable[bool]:
    for block in blocks:
        if block.get("type") == "actions":
            yield any(element.get("style") in _BUTTONS for element in block.get("elements", ()))
