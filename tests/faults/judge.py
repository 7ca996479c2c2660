"""Whether what is promised was kept."""

from __future__ import annotations

from typing import Any

from tests.faults.house import Errand
from tests.faults.lane import Lane
from tests.faults.results import Result


def judge(lane: Lane, errand: Errand, end: dict[str, Any] | None, result: Result) -> None:
    """Compare how it ended in SQL (`House.end`), at the counterpart and in Slack with what is
    promised of such a tool."""
    broken = result.broken
    result.effects = lane.effects(errand.flow, errand.mark)
    result.missed = [fault for fault in result.experiment.faults if fault not in result.met]
    if end is None:
        broken.append("it came to no end")
        return
    kinds = [post[0] for post in end["posts"]]
    result.questions = kinds.count("question")
    broken += _actions(errand, end, result)
    broken += [
        f"{what} is {end[what]}, not {wanted}"
        for what, wanted in (("turn", "answered"), ("open", 0), ("grants", 1), ("steps", [0, 1]))
        if end[what] != wanted
    ]
    if not end["log"].startswith("intact"):
        broken.append(end["log"])
    if kinds.count("answer") != 1 or "card" not in kinds:
        broken.append(f"messages: {kinds}")
    standing = lane.standing(end["posts"])
    owed = {post[1]: 1 for post in end["posts"]}
    if standing != owed:
        broken.append(f"live messages {standing} for posts {owed}")


def _actions(errand: Errand, end: dict[str, Any], result: Result) -> list[str]:
    if len(end["actions"]) != 1:
        return [f"actions: {end['actions']}"]
    status = end["actions"][0][1]
    if result.questions == 0:
        kept = (result.effects, status) == (1, "succeeded")
    else:
        # It can neither be repeated nor looked up: a person was asked, once, and has looked.
        may_ask = errand.flow == "mail" and "execute" in result.hit and result.questions == 1
        said = {0: "failed", 1: "succeeded"}.get(result.effects)
        kept = may_ask and status == said
    if kept:
        return []
    return [f"{result.effects} effects, {status}, {result.questions} questions"]
