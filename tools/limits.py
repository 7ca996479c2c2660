"""How long, how often, how many: every number of the effect protocol in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

from core.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """The engine's times and counts. Seconds everywhere; tests make them short."""

    #: Scales each tool's declared `timeout_s`: how long one call may take.
    deadline_factor: float = 1.0
    #: A claim outlives the tool's own deadline by this much (10 s + 5 s unless a tool says more).
    lease_slack_s: float = 5.0
    #: Facts older than this are read again before an intent is written.
    facts_age_s: float = 2.0
    #: Wait before the next attempt: first, then doubled each time up to the longest.
    backoff_first_s: float = 1.0
    backoff_longest_s: float = 30.0
    #: Calls and look-ups of one action before it is given up as failed or unknown.
    max_attempts: int = 6
    #: The same for reads, whose asker is waiting and which change nothing.
    max_read_attempts: int = 3
    #: Further look-ups (verifiable tools) once no call may be made any more.
    max_looks: int = 4
    #: Previews of a proposal while the counterpart is down.
    max_previews: int = 4
    #: Readings of the facts before the start of something permitted, while it is down.
    max_starts: int = 30
    #: Scales each tool's declared `settle_s`.
    settle_factor: float = 1.0
    #: Calls in a row without an answer that open a connector's breaker.
    breaker_failures: int = 5
    #: How long it stays open: first, then doubled after each probe without an answer.
    breaker_first_s: float = 5.0
    breaker_longest_s: float = 300.0
    #: What the reconciler lets settle before it calls it missing, and how far it looks back again.
    reconcile_grace_s: float = 120.0
    reconcile_overlap_s: float = 3600.0
    #: One job of a comparison asks nothing more after this long; the next one goes on.
    reconcile_slice_s: float = 1.5
    #: How long a comparison may fail before an operator is told.
    reconcile_alert_s: float = 3600.0
    #: How long a proposal waits for a connector that is left alone, before it is given up.
    hold_proposals_s: float = 900.0
    #: The longest wait that a system may ask for with `Retry-After`.
    retry_after_longest_s: float = 3600.0
    #: Scales each tool's declared `hold_s`; what the policy says stands.
    hold_factor: float = 1.0

    def deadline_s(self, declared_s: float) -> float:
        """How long a call of a tool with this `timeout_s` may take."""
        return declared_s * self.deadline_factor

    def backoff(self, attempt: int, chance: float = 1.0) -> timedelta:
        """The wait after attempt 1, 2, …: `chance` (0 to 1) of the longest it may be.

        Drawn anew each time ("full jitter"), so that what failed together is not tried together:
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        longest = _doubled(self.backoff_first_s, attempt, self.backoff_longest_s)
        return timedelta(seconds=longest * chance)

    def breaker_wait(self, opens: int, chance: float) -> timedelta:
        """How long a breaker stays open the 1st, 2nd, … time: half of it at least."""
        longest = _doubled(self.breaker_first_s, opens, self.breaker_longest_s)
        return timedelta(seconds=longest * (0.5 + chance / 2))

    def retry_after(self, seconds: float | None) -> timedelta | None:
        """The wait a system asked for, as far as we go along with it."""
        if seconds is None:
            return None
        return timedelta(seconds=min(max(seconds, 0.0), self.retry_after_longest_s))


def _doubled(first_s: float, times: int, longest_s: float) -> float:
    return min(first_s * 2.0 ** min(max(times - 1, 0), 60), longest_s)


def limits_of(numbers: Mapping[str, float]) -> Limits:
    """The defaults with `tools_<field>` entries of the settings' limits put over them.

    Raises `ConfigError` for a `tools_` name that does not exist or a number below zero.
    """
    kinds = {field.name: int if field.type == "int" else float for field in fields(Limits)}
    chosen: dict[str, float] = {}
    for name, number in numbers.items():
        if not name.startswith("tools_"):
            continue
        field = name.removeprefix("tools_")
        if field not in kinds or number < 0:
            raise ConfigError(
                f"SIGNOFF_LIMITS: {name}={number} is not usable. "
                f"Names: {', '.join('tools_' + known for known in kinds)}; numbers from 0."
            )
        chosen[field] = kinds[field](number)
    return Limits(**chosen)  # type: ignore[arg-type]
