"""Findings and what is not compared yet: in operators' Home, at the terminal, as figures."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web
from sqlmodel import Session, select

from approvals.tables import Action
from bot.commands.findings import print_backlog
from bot.metrics import Gauge, exposition, make_metrics
from core.dead import DeadLetter
from core.outbox import Outbox
from tests.bot.desk import ANA, OLGA, Desk, buttons, dumped
from tools.backlog import Backlog
from tools.findings import settle
from tools.tables import Breaker, Finding

TOLD = "The record of shop shows <!channel> (re_9), but I have “Refund” as failed."


def find(session: Session, desk: Desk, number: int = 1, action_id: str | None = "act_1") -> None:
    session.add(
        Finding(
            id=f"find_{number}",
            workspace_id=desk.deps.identity.team_id,
            tool="shop.refund",
            kind="contrary",
            action_id=action_id,
            reference="re_9",
            told=TOLD,
            found_at=desk.clock.now() + timedelta(seconds=number),
        )
    )


async def found(desk: Desk, *numbers: int) -> None:
    await desk.card()
    with desk.deps.db.transaction() as session:
        for number in numbers or (1,):
            find(session, desk, number)


async def home(desk: Desk, user: str) -> dict[str, Any]:
    await desk.post("home", user=user)
    await desk.at_rest()
    view: dict[str, Any] = (await desk.get(f"views?user={user}"))["home"]
    return view


async def press(desk: Desk, view: dict[str, Any], action_id: str, user: str = OLGA) -> None:
    await desk.post("actions", user=user, view_id=view["id"], action_id=action_id)
    await desk.at_rest()


async def shows(desk: Desk, words: str) -> None:
    """Olga's Home, drawn after the press was answered, has these words."""
    await desk.later.settle()
    assert words in dumped((await desk.get(f"views?user={OLGA}"))["home"])


def row(desk: Desk, finding_id: str = "find_1") -> Finding:
    with desk.deps.db.read() as session:
        return session.get_one(Finding, finding_id)


async def test_operators_see_in_home_what_disagrees_and_nobody_else_does(one_desk: Desk) -> None:
    await found(one_desk, *range(1, 8))

    olgas, anas = await home(one_desk, OLGA), await home(one_desk, ANA)

    assert buttons(olgas)[:3] == ["Compare again", "Explained…", "Story"]
    assert buttons(olgas).count("Explained…") == 5
    assert "and 2 more: signoff findings list" in dumped(olgas)
    # Other systems' words are shown, not acted upon.
    assert olgas["blocks"][1]["text"] == {"type": "plain_text", "text": TOLD, "emoji": False}
    assert "Records that disagree" not in dumped(anas)


async def test_nothing_found_and_nothing_behind_is_said(one_desk: Desk) -> None:
    view = dumped(await home(one_desk, OLGA))

    assert "Nothing was found." in view
    assert "Everything that was done is compared with the systems' records." in view


async def test_compare_again_queues_a_comparison_once_per_press(one_desk: Desk) -> None:
    await found(one_desk)
    view = await home(one_desk, OLGA)

    await press(one_desk, view, "compare")

    with one_desk.deps.db.read() as session:
        jobs = session.exec(select(Outbox).where(Outbox.job == "reconcile")).all()
    assert [job.args for job in jobs] == [{"tool_name": "shop.refund"}]
    await shows(one_desk, "I am comparing again.")


async def test_a_form_that_comes_too_late_is_said_in_home(one_desk: Desk) -> None:
    await found(one_desk)
    payload = {
        "type": "block_actions",
        "team": {"id": one_desk.deps.identity.team_id},
        "user": {"id": OLGA, "team_id": one_desk.deps.identity.team_id},
        "view": await home(one_desk, OLGA),
        "trigger_id": "of.long.ago",
        "actions": [{"type": "button", "action_id": "explain", "value": "find_1", "block_id": "b"}],
    }

    await one_desk.post("deliver", type="interactive", payload=payload)

    await shows(one_desk, "That took me too long. Please press the button again.")


async def test_what_explains_it_closes_it_and_is_kept(one_desk: Desk) -> None:
    await found(one_desk)
    view = await home(one_desk, OLGA)
    await press(one_desk, view, "explain")
    form = (await one_desk.get(f"views?user={OLGA}"))["views"][-1]
    assert TOLD in dumped(form)

    values = {"reason": {"reason": "Finn paid it by hand"}}
    await one_desk.post("views", user=OLGA, view_id=form["id"], values=values)
    await one_desk.at_rest()

    kept = row(one_desk)
    assert (kept.settled_by, kept.reason) == ("olga", "Finn paid it by hand")
    await shows(one_desk, "Nothing was found.")


async def test_a_press_on_what_was_cleared_up_meanwhile_says_so(one_desk: Desk) -> None:
    await found(one_desk)
    view = await home(one_desk, OLGA)
    with one_desk.deps.db.transaction() as session:
        settle(
            session, one_desk.deps.log, "find_1", workspace_id="T0PRACTICE", by="sam",
            reason="by hand", now=one_desk.clock.now(),
        )  # fmt: skip

    await press(one_desk, view, "compare")

    await shows(one_desk, "That was cleared up already.")


async def test_its_story_opens(one_desk: Desk) -> None:
    await found(one_desk)

    await press(one_desk, await home(one_desk, OLGA), "finding_story")

    shown = (await one_desk.get(f"views?user={OLGA}"))["views"][-1]
    assert shown["title"]["text"] == "Story"


async def test_who_is_no_operator_any_more_changes_nothing(one_desk: Desk) -> None:
    await found(one_desk)
    view = await home(one_desk, OLGA)
    await press(one_desk, view, "explain")
    form = (await one_desk.get(f"views?user={OLGA}"))["views"][-1]
    people = one_desk.deps.people
    olga = people.by_slack(OLGA)
    assert olga is not None
    object.__setattr__(olga, "operator", False)

    await press(one_desk, view, "compare")
    values = {"reason": {"reason": "I say so"}}
    await one_desk.post("views", user=OLGA, view_id=form["id"], values=values)

    with one_desk.deps.db.read() as session:
        assert session.exec(select(Outbox).where(Outbox.job == "reconcile")).all() == []
    assert row(one_desk).settled_at is None


def test_the_terminal_says_how_much_is_behind_and_since_when(capsys: Any, clock: Any) -> None:
    now = clock.now()

    print_backlog(
        [
            Backlog("shop.refund", 2, now, None, ""),
            Backlog("mail.send", 0, None, now, "The mailbox cannot be read."),
        ]
    )

    assert capsys.readouterr().out.splitlines() == [
        "shop.refund: 2 not compared yet, the oldest of 2026-11-20 09:00 UTC",
        "mail.send: failing since 2026-11-20 09:00 UTC. The mailbox cannot be read.",
        "2 effects not compared yet.",
    ]


async def metrics(desk: Desk, lengths: Any) -> dict[str, float]:
    """What a monitor reads, by name and labels."""
    runner = web.AppRunner(make_metrics(desk.deps, lengths))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        text = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    await runner.cleanup()
    samples = [line for line in text.splitlines() if not line.startswith("# ")]
    assert all(re.fullmatch(r"[a-z_]+(\{[a-z]+=\"[^\"]*\"\})? [0-9.e+]+", one) for one in samples)
    return {name: float(value) for name, value in (one.rsplit(" ", 1) for one in samples)}


async def test_a_monitor_reads_how_the_installation_stands(any_desk: Desk) -> None:
    await found(any_desk)
    deps, now = any_desk.deps, any_desk.clock.now()
    team = deps.identity.team_id
    with deps.db.transaction() as session:
        session.add(
            Breaker(workspace_id=team, connector="shop", opened_at=now, until=now, why="It is down")
        )
        session.add(
            DeadLetter(
                id="dead_1", workspace_id=team, job="execute", subject="act_1", key="k", args={},
                tries=16, why="JobFailed", died_at=now,
            )
        )  # fmt: skip
        done = session.get_one(Action, "act_1").model_dump() | {
            "id": "act_2", "call": 7, "status": "unknown", "sent_by": now,
        }  # fmt: skip
        session.add(Action(**done))
        for job, later in (("execute", 0), ("undo_changed", 3_600)):
            session.add(
                Outbox(
                    id=f"out_{job}", workspace_id=team, job=job, subject="act_1", key=job, args={},
                    created_at=now - timedelta(seconds=90 if later == 0 else 9_000),
                    next_at=now + timedelta(seconds=later),
                )
            )  # fmt: skip
    any_desk.clock.advance(timedelta(seconds=30))

    read = await metrics(any_desk, lambda: {"tools": 3, "graphs": 0})

    assert read['signoff_jobs_open{job="undo_changed"}'] == 1
    assert read["signoff_job_oldest_seconds"] == 120
    assert read["signoff_dead_letters"] == 1
    assert read["signoff_requests_open"] == 1
    assert read["signoff_outcomes_unknown"] == 1
    assert read['signoff_breaker_open{connector="shop"}'] == 1
    assert read['signoff_breaker_open{connector="mail"}'] == 0
    assert read['signoff_findings_open{kind="contrary"}'] == 1
    assert read['signoff_findings_open{kind="missing"}'] == 0
    assert read['signoff_uncompared_effects{tool="shop.refund"}'] == 1
    assert read['signoff_uncompared_oldest_seconds{tool="shop.refund"}'] == 30
    assert read['signoff_queue_length{queue="tools"}'] == 3
    assert read["signoff_broker_up"] == 1


async def test_a_broker_that_does_not_answer_is_a_figure_too(one_desk: Desk) -> None:
    def gone() -> dict[str, int]:
        raise ConnectionError

    read = await metrics(one_desk, gone)

    assert read["signoff_broker_up"] == 0
    assert not any(name.startswith("signoff_queue_length") for name in read)


def test_labels_cannot_break_out_of_their_line() -> None:
    shown = exposition([Gauge("x", "about", [({"tool": 'a"b\\c\nd'}, 1.0)])])

    assert shown.splitlines()[2:] == ['x{tool="a\\"b\\\\c\\nd"} 1']
