"""Whether what is promised was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults import comparing, going_back
from tests.faults.errands import COMPARING, GOING_BACK, Errand
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
    if errand.flow == COMPARING:
        broken += _compared(errand, end, result)
    elif errand.flow == GOING_BACK:
        broken += _gone_back(lane, errand, end, result)
    else:
        broken += (
            _undone(lane, errand, end, result) if errand.undone else _done(errand, end, result)
        )
        broken += _worked(end, kinds, turns=1, asked=len(end["actions"]))
    if end["open"]:
        broken.append(f"{end['open']} things are queued still")
    if not end["log"].startswith("intact"):
        broken.append(end["log"])
    standing = lane.standing(errand, end["posts"])
    owed = {post[1]: 1 for post in end["posts"]}
    if standing != owed:
        broken.append(f"live messages {standing} for posts {owed}")


def _worked(end: dict[str, Any], kinds: list[str], *, turns: int, asked: int) -> Iterator[str]:
    """Every turn answered once, every action permitted once, every question put once."""
    wanted = {
        "turns": ["answered"] * turns,
        "grants": len(end["actions"]),
        "steps": [0, 1],
    }
    yield from (
        f"{what} is {end[what]}, not {value}"
        for what, value in wanted.items()
        if end[what] != value
    )
    if kinds.count("answer") != 1 or kinds.count("card") != asked:
        yield f"messages: {kinds}"


def _compared(errand: Errand, end: dict[str, Any], result: Result) -> Iterator[str]:
    """Every disagreement found and told once, nothing else, and nothing done outside."""
    findings = end["compared"]["findings"]
    result.found, result.miscounted = len(findings), findings != comparing.wanted(errand.mark)
    yield from comparing.judged(errand.mark, end["compared"])
    notices = [post[0] for post in end["posts"]]
    if notices != ["notice"] * len(comparing.wanted(errand.mark)):
        yield f"messages: {notices}"
    if result.effects:
        yield f"{result.effects} effects of comparing"


def _gone_back(lane: Lane, errand: Errand, end: dict[str, Any], result: Result) -> Iterator[str]:
    """Both steps taken back, the last first, each once; then the run went on, once."""
    moved = lane.moved(errand.mark)
    result.taken_back = sum(quantity < 0 for quantity in moved)
    result.miscounted = moved != going_back.WANTED
    if moved != going_back.WANTED or end["back"] != ["done"]:
        yield f"on the shelf {moved}, going back {end['back']}"
    actions = [["shop.restock", "succeeded"]] * (len(going_back.DONE) + len(going_back.WANTED))
    if end["actions"] != actions:
        yield f"actions: {end['actions']}"
    kinds = [post[0] for post in end["posts"]]
    yield from _worked(end, kinds, turns=2, asked=len(going_back.WANTED))
    if kinds.count("compensation") != 1 or kinds.count("notice") != 1:
        yield f"messages: {kinds}"


def _done(errand: Errand, end: dict[str, Any], result: Result) -> list[str]:
    """One action, and its effect exactly once; of what can neither be repeated nor looked up, once
    or not, where it was cut off in the middle: then a person was asked, once, and has looked."""
    result.miscounted = result.effects > 1
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
