"""What policy says of one action, as plain values that are kept with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from approvals.stages import Stage


@dataclass(frozen=True)
class Verdict:
    """What policy says of one action. `reason` is a sentence for people, without a full stop."""

    kind: Literal["allow", "ask", "deny"]
    reason: str
    rules: tuple[str, ...]
    stages: tuple[Stage, ...]
    expires_in_s: int
    #: The asker may not be among those who approve.
    four_eyes: bool
    #: read | reversible | irreversible, as judged.
    effect: str
    #: Which files it rests on: `policy` and `people`.
    digests: Mapping[str, str]
    #: Seconds it waits before it is begun, and may be taken back after it; None as the tool says.
    hold_s: int | None = None
    undo_s: int | None = None
    #: It expires after this much working time as well; None where only the clock counts.
    expires_working_s: int | None = None
    #: What an unanswered question becomes: `nothing` is done, or it counts as `reject`ed.
    on_expiry: Literal["nothing", "reject"] = "nothing"
    #: The arguments that approvers may change, of those the tool lets be changed; None: all those.
    editable: tuple[str, ...] | None = None
    #: Where its card stands: thread | dm | channel:<id>.
    cards: str = "thread"
    #: Every rule that asks says that a standing permission may cover it.
    standing: bool = False
    #: Of 100 actions alike so many are put to people, the others done: see `approvals.review`.
    review: int = 100
    #: It decides about a person: see `approvals.overseeing`.
    about_people: bool = False
    #: Ids of those whose wish it is besides the asker's: barred from approving it as the asker is.
    barred: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON for the action's row and the log."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "rules": list(self.rules),
            "stages": [stage.as_json() for stage in self.stages],
            "expires_in_s": self.expires_in_s,
            "four_eyes": self.four_eyes,
            "effect": self.effect,
            "digests": dict(self.digests),
            "hold_s": self.hold_s,
            "undo_s": self.undo_s,
            "expires_working_s": self.expires_working_s,
            "on_expiry": self.on_expiry,
            "editable": None if self.editable is None else list(self.editable),
            "cards": self.cards,
            "standing": self.standing,
            "review": self.review,
            "about_people": self.about_people,
            "barred": list(self.barred),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Verdict:
        """What `as_json` gave. Raises `KeyError` for anything else."""
        return cls(
            kind=value["kind"],
            reason=value["reason"],
            rules=tuple(value["rules"]),
            stages=tuple(Stage.from_json(stage) for stage in value["stages"]),
            expires_in_s=value["expires_in_s"],
            four_eyes=value["four_eyes"],
            effect=value["effect"],
            digests=dict(value["digests"]),
            hold_s=value.get("hold_s"),
            undo_s=value.get("undo_s"),
            expires_working_s=value.get("expires_working_s"),
            on_expiry=value.get("on_expiry", "nothing"),
            editable=None if value.get("editable") is None else tuple(value["editable"]),
            cards=value.get("cards", "thread"),
            standing=bool(value.get("standing", False)),
            review=value.get("review", 100),
            about_people=value.get("about_people", False),
            barred=tuple(value.get("barred", ())),
        )
