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
    result.effects = lane.effects(errand.about, errand.mark)
    result.missed = [fault for fault in result.experiment.faults if fault not in result.met]
    if end is None:
        broken.append("it came to no end")
        return
    kinds = [post[0] for post in end["posts"]]
    result.questions = kinds.count("question")
    broken += _undone(lane, errand, end, result) if errand.undone else _done(errand, end, result)
    wanted = {"turn": "answered", "open": 0, "grants": len(end["actions"]), "steps": [0, 1]}
    broken += [f"{what} is {end[what]}, not {value}" for what, value in wanted.items()
               if end[what] != value]  # fmt: skip
    if not end["log"].startswith("intact"):
        broken.append(end["log"])
    if kinds.count("answer") != 1 or kinds.count("card") != len(end["actions"]):
        broken.append(f"messages: {kinds}")
    standing = lane.standing(end["posts"])
    owed = {post[1]: 1 for post in end["posts"]}
    if standing != owed:
        broken.append(f"live messages {standing} for posts {owed}")


def _done(errand: Errand, end: dict[str, Any], result: Result) -> list[str]:
    """One action, and its effect exactly once; of what can neither be repeated nor looked up, once
    or not, where it was cut off in the middle: then a person was asked, once, and has looked."""
    if len(end["actions"]) != 1:
        return [f"actions: {end['actions']}"]
    status = end["actions"][0][1]
    if result.questions == 0:
        kept = (result.effects, status) == (1, "succeeded")
    else:
        may_ask = errand.about == "mail" and "execute" in result.hit and result.questions == 1
        said = {0: "failed", 1: "succeeded"}.get(result.effects)
        kept = may_ask and status == said
    if kept:
        return []
    return [f"{result.effects} effects, {status}, {result.questions} questions"]


def _undone(lane: Lane, errand: Errand, end: dict[str, Any], result: Result) -> list[str]:
    """A mail that was held was never sent, unless a fault used up its time: then it was, once. A
    refund was made once and cancelled once, by an action of its own."""
    if errand.about == "mail":
        result.taken_back = int(end["actions"] == [["mail.send", "cancelled"]])
        kept = not result.effects and not result.questions
        return [] if result.taken_back and kept else _done(errand, end, result)
    result.taken_back = lane.taken_back(errand.mark)
    actions = [["shop.cancel_refund", "succeeded"], ["shop.refund", "succeeded"]]
    told = f"{result.effects} refunds, {result.taken_back} cancelled, {end['actions']}"
    kept = (result.effects, result.taken_back, result.questions) == (1, 1, 0)
    return [] if kept and sorted(end["actions"]) == actions else [told]
