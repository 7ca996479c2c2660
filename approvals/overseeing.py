"""Decisions about people are taken by people: somebody else than the asker agrees, each time.

A tool declares that it decides about a person (`about_people`: who is hired, what somebody is paid,
whose account is closed). No rule of the policy, no standing permission and no review rate lets it
pass; a rule may name who is asked instead of the default approvers, and more of them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from approvals.policy.judge import REQUESTER, Stage, Verdict

WHY = "it decides about a person, which somebody else looks at each time"


def overseen(verdict: Verdict, default_stages: Sequence[Stage]) -> Verdict:
    """The verdict on what decides about a person; a refusal stays one."""
    if verdict.kind == "deny":
        return verdict
    others = tuple(stage for stage in verdict.stages if stage.who != REQUESTER)
    return replace(
        verdict,
        kind="ask",
        reason=verdict.reason if others else WHY,
        stages=others or tuple(replace(stage, why=WHY) for stage in default_stages),
        four_eyes=True,
        standing=False,
        review=100,
        about_people=True,
    )
