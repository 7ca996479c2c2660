"""What somebody wants of the installation."""

from __future__ import annotations

from dataclasses import dataclass

#: What the name of a flow ends in whose errand is taken back.
UNDONE = " undone"
BASIC = ("refund", "mail", "calendar")
#: What was done before is undone, the last first, and the run goes on from there.
GOING_BACK = "going back"
#: The ledger is held against the counterparts' own records.
COMPARING = "comparing"
#: What is about something done before: with the jobs that are theirs.
LATER = {
    GOING_BACK: ("command", "click", "undo_changed", "go_back"),
    COMPARING: ("reconcile",),
}
FLOWS = (*BASIC, f"refund{UNDONE}", f"mail{UNDONE}", *LATER)


@dataclass(frozen=True)
class Errand:
    """`mark` tells its effect from all others at the counterpart.

    `flow` is what it is about; in those that end in `undone` Ana presses Undo as soon as she can.
    """

    flow: str
    mark: str
    text: str
    #: Her message's ts in Slack.
    ts: str

    @property
    def undone(self) -> bool:
        return self.flow.endswith(UNDONE)

    @property
    def about(self) -> str:
        return self.flow.removesuffix(UNDONE)

    @property
    def begins(self) -> bool:
        """Whether it begins with her message. The later ones come after something was done."""
        return self.flow not in LATER
