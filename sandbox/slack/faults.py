"""Failures on demand. Each is armed for a number of times and then gone."""

from dataclasses import dataclass

KINDS = ("rate_limit", "lost_reply", "delay", "duplicate_delivery")


@dataclass
class Fault:
    """`method` None: any Web API method. `seconds`: Retry-After, or how long to wait."""

    kind: str
    method: str | None
    times: int
    seconds: float

    def meets(self, kind: str, method: str | None) -> bool:
        return self.kind == kind and self.times > 0 and self.method in (None, method)


class Faults:
    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        self._armed.append(fault)

    def clear(self) -> None:
        self._armed.clear()

    def take(self, kind: str, method: str | None = None) -> Fault | None:
        """The next armed fault of this kind for this method, used up by one."""
        for fault in self._armed:
            if fault.meets(kind, method):
                fault.times -= 1
                return fault
        return None
