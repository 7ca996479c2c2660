"""`/signoff`: every subcommand, answered to the asker alone."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from bot.blocks.help import SUBCOMMANDS
from bot.tables import ScheduleRun
from core.dead import DeadLetter
from core.outbox import Outbox
from tests.bot.desk import ANA, FINN, GENERAL, GITA, OLGA, SAM, SUPPORT, Desk, propose_refund
from tools.tables import Breaker, Compared, Finding

TEAM = "T0PRACTICE"


async def test_help_says_what_it_is_and_every_command_on_a_line(desk: Desk) -> None:
    told = await desk.command(ANA, "help")

    assert await desk.command(ANA, "") == told
    first, *rest = told.split("\n")
    assert first.startswith("Mention me or write me a message.")
    assert [line.split("`")[1].split()[1] for line in rest] == list(SUBCOMMANDS)
    assert "• `/signoff hand @sam`: hands what waits for you to somebody else" in rest
    assert [row.kind for row in desk.inbound()] == ["command", "command"]


async def test_an_unknown_word_says_what_exists(one_desk: Desk) -> None:
    assert await one_desk.command(ANA, "make coffee <!channel>") == (
        "I don't know “make”. After /signoff you can write: "
        "help, status, approvals, stop, back, resume, why, can, digest, delegate, hand, elevate, "
        "policy, connector."
    )
    assert "&lt;!channel&gt;" in await one_desk.command(ANA, "<!channel>")


async def test_a_command_with_the_word_payload_is_a_command_like_any_other(desk: Desk) -> None:
    assert "I don't know “payload”" in await desk.command(ANA, "payload of it")


async def test_status_tells_what_is_being_done(one_desk: Desk) -> None:
    assert await one_desk.command(ANA, "status") == (
        "I am doing nothing for you or in this channel right now."
    )
    await one_desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")

    assert await one_desk.command(FINN, "status") == (
        "• Ana asked: “Where is order 4711?” (not begun yet)"
    )


async def test_status_tells_everybody_what_does_not_answer_and_operators_what_needs_them(
    one_desk: Desk,
) -> None:
    now = one_desk.deps.clock.now()
    with one_desk.deps.db.transaction() as session:
        soon = now + timedelta(minutes=5)
        why = "The shop does not answer."
        session.add(
            Breaker(workspace_id=TEAM, connector="shop", opened_at=now, until=soon, why=why)
        )
        session.add(
            Compared(workspace_id=TEAM, tool="shop.refund", until=now, failing_since=now, why=why)
        )
        about = {"tool": "shop.refund", "told": "The shop shows <something>.", "found_at": now}
        session.add(Finding(id="find_1", workspace_id=TEAM, kind="unasked", **about))
        left = {"args": {}, "tries": 16, "why": "RecallError", "died_at": now}
        session.add(
            DeadLetter(id="d", workspace_id=TEAM, job="prepare", subject="a", key="a", **left)
        )

    down = "shop: The shop does not answer. Left alone since 10:00; I try again from 10:05."
    nothing = "I am doing nothing for you or in this channel right now."
    assert await one_desk.command(SAM, "status") == f"{down}\n{nothing}"
    assert (await one_desk.command(OLGA, "status")).split("\n") == [
        down,
        "shop.refund: 0 not compared with its system's record; failing since 10:00: "
        "The shop does not answer.",
        "1 job was given up, see signoff dead list.",
        "1 finding is open, see signoff findings list. Newest:",
        "The shop shows &lt;something&gt;.",
        nothing,
    ]


async def test_approvals_lists_what_waits_for_the_asker_with_a_link_to_the_card(
    one_desk: Desk,
) -> None:
    card = await one_desk.card()

    waiting = await one_desk.command(FINN, "approvals")

    link = f"{one_desk.deps.identity.url}archives/{SUPPORT}/p{card['ts'].replace('.', '')}"
    assert waiting == (
        f"• <{link}|Refund EUR 180.00 to Mara Lind> · asked by Ana in Slack · expires Mon 10:00"
    )
    assert await one_desk.command(ANA, "approvals") == "Nothing waits for you."


async def test_anyone_may_stop_what_is_done_in_a_channel(one_desk: Desk) -> None:
    """R105."""
    await one_desk.say(ANA, SUPPORT, "@Signoff Where is order 4711?")

    told = await one_desk.command(SAM, "stop")

    assert told.startswith("Stopped 1 piece of work.")
    assert [turn.status for turn in one_desk.turns()] == ["stopped"]
    assert (await one_desk.command(SAM, "stop")).startswith("There is nothing to stop")


async def test_only_an_operator_stops_everything_and_releases_it(one_desk: Desk) -> None:
    """R7."""
    assert (await one_desk.command(ANA, "stop all")).startswith("Only an operator")

    await one_desk.command(OLGA, "stop all")

    assert "Stopped: Olga stopped everything." in await one_desk.command(ANA, "status")
    assert (await one_desk.command(ANA, "resume all")).startswith("You cannot let this go on.")
    assert await one_desk.command(OLGA, "resume all") == "Going on: everything."
    assert "Stopped" not in await one_desk.command(ANA, "status")


async def test_why_tells_the_story_of_the_last_action(one_desk: Desk) -> None:
    assert (await one_desk.command(ANA, "why")).startswith("There is nothing to tell")
    card = await one_desk.card()
    await one_desk.click(FINN, card["ts"], "approve")

    story = await one_desk.command(ANA, "why")

    lines = story.splitlines()
    assert lines[0] == "*Refund EUR 180.00 to Mara Lind*"
    assert "10:00  Finn approved" in lines
    assert lines[-1] == "To read it again: `/signoff why act_1`"
    assert await one_desk.command(ANA, "why act_1") == story


async def test_why_tells_nothing_of_what_others_did_elsewhere(one_desk: Desk) -> None:
    """R7."""
    await one_desk.card()

    told = await one_desk.command(SAM, "why act_1", channel=GENERAL)

    assert told.startswith("I know no action “act_1” that you may see.")


async def test_can_prints_the_policy_in_sentences(one_desk: Desk) -> None:
    """R110."""
    told = await one_desk.command(ANA, "can")

    assert told.startswith("• ")
    assert all(line.startswith("• ") for line in told.splitlines())


async def test_a_digest_asked_for_by_hand_is_one_run_of_today(one_desk: Desk) -> None:
    """R93."""
    told = await one_desk.command(ANA, "digest")

    assert told == "I am writing today's digest; it comes into this channel in a moment."
    with one_desk.deps.db.read() as session:
        [run] = session.exec(select(ScheduleRun)).all()
        [job] = session.exec(select(Outbox).where(Outbox.job == "run_digest")).all()
    now = one_desk.clock.now()
    assert (run.due_at, run.since) == (now, now - timedelta(hours=10))
    assert job.args == {"run_id": run.id}


async def test_a_guest_is_refused(one_desk: Desk) -> None:
    assert "full members" in await one_desk.command(GITA, "can", channel=GENERAL)


async def test_home_shows_what_waits_and_what_was_done(desk: Desk) -> None:
    await desk.card()
    with desk.deps.db.transaction() as session:
        done = propose_refund(session, desk.deps, action_id="act_2", principal="finn")
        done.status, done.settled_at = "succeeded", desk.clock.now()

    await desk.post("home", user=FINN)
    await desk.at_rest()

    home = (await desk.get(f"views?user={FINN}"))["home"]
    texts = [b["text"]["text"] for b in home["blocks"] if "text" in b]
    assert texts[0] == "Waiting for you"
    assert "|Refund EUR 180.00 to Mara Lind> · asked by Ana in Slack" in texts[1]
    assert any("Refund EUR 180.00 to Mara Lind* · done · 10:00" in text for text in texts)


async def test_home_of_a_guest_is_the_refusal(one_desk: Desk) -> None:
    await one_desk.post("home", user=GITA)
    await one_desk.at_rest()

    home = (await one_desk.get(f"views?user={GITA}"))["home"]
    assert "full members" in home["blocks"][0]["text"]["text"]
