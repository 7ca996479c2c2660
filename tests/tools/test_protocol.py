"""The pure protocol under an exhaustive search: loss, crashes, lateness and zombies in any order.

The model plays the real decisions (`following`, `after_absent`) against a counterpart that may
apply a call at once, later, or never, while answers are lost and workers die.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from till_tools import connector

from tools.contract import Retry, Tool
from tools.limits import Limits
from tools.protocol import Next, Standing, Step, after_absent, following

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIMITS = Limits(max_attempts=3, max_looks=2)
TOOLS = {tool.retry: tool for tool in connector("http://127.0.0.1:9").tools if tool.preview}


@dataclass(frozen=True)
class World:
    """One reachable state: what we know, and what is true at the counterpart."""

    at: Standing
    now: datetime
    applied: int
    #: A call was received and is not worked on yet.
    pending: bool
    step: Next


def first(tool: Tool) -> World:
    at = Standing(1, False, False, START, START + timedelta(seconds=tool.timeout_s))
    return World(at, START, 0, False, Next(Step.CALL, START))


def outcomes(tool: Tool, world: World) -> list[tuple[str | None, World]]:
    """Every way the next step may go: (final status, world) or (None, world that goes on)."""
    if world.step.step is Step.FAILED:
        return [("failed", world)]
    if world.step.step is Step.UNKNOWN:
        return [("unknown", world)]
    now = max(world.now, world.step.due)
    settled = replace(world, now=now)
    if world.pending and now >= world.at.sent_by + timedelta(seconds=tool.settle_s or 0):
        settled = apply(tool, settled)  # it is bound to be done by then
    if world.step.step is Step.LOOK:
        assert tool.verify is not None
        return looked(tool, settled)
    return called(tool, settled)


def apply(tool: Tool, world: World) -> World:
    same_key = tool.retry is Retry.IDEMPOTENT and world.applied
    return replace(world, applied=world.applied + (0 if same_key else 1), pending=False)


def called(tool: Tool, world: World) -> list[tuple[str | None, World]]:
    ends = world.now + timedelta(seconds=tool.timeout_s)
    sent = replace(world, at=replace(world.at, sent_by=ends), now=ends)
    done, late = apply(tool, sent), replace(sent, pending=True)
    found: list[tuple[str | None, World]] = [("succeeded", done)]
    found += [(None, unclear(tool, arrived)) for arrived in (done, late, sent)]  # answer lost
    if not world.at.tainted:
        found.append(("failed", sent))  # a clean refusal
        found.append((None, plan(tool, sent)))  # surely not received
    else:
        found.append((None, plan(tool, replace(sent, at=replace(sent.at, refused=True)))))
    return found


def looked(tool: Tool, world: World) -> list[tuple[str | None, World]]:
    found: list[tuple[str | None, World]] = [(None, plan(tool, world))]  # the look got no answer
    if world.applied:
        return [*found, ("succeeded", world)]
    step = after_absent(tool, LIMITS, world.at, now=world.now)
    at = world.at
    if step.step is Step.CALL:
        at = replace(at, attempt=at.attempt + 1)
    return [*found, (None, replace(world, step=step, at=at))]


def unclear(tool: Tool, world: World) -> World:
    return plan(tool, replace(world, at=replace(world.at, tainted=True)))


def plan(tool: Tool, world: World) -> World:
    step = following(tool, LIMITS, world.at, now=world.now)
    at = world.at
    if step.step in (Step.CALL, Step.LOOK):
        at = replace(at, attempt=at.attempt + 1)
    return replace(world, step=step, at=at)


@pytest.mark.parametrize("retry", list(Retry))
def test_no_order_of_accidents_breaks_the_promise(retry: Retry) -> None:
    tool = TOOLS[retry]
    seen: set[World] = set()
    open_worlds, ends = [first(tool)], set()
    while open_worlds:
        world = open_worlds.pop()
        if world in seen:
            continue
        seen.add(world)
        for status, after in outcomes(tool, world):
            assert after.applied <= 1
            if status is None:
                open_worlds.append(after)
                continue
            ends.add(status)
            assert status != "succeeded" or after.applied == 1
            assert status != "failed" or (after.applied == 0 and not after.pending)

    assert ends == {"succeeded", "failed", "unknown"}
