"""What is remembered of one action and used for others alike never changes what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from approvals.floors import ALLOW_ALIKE, ELEVATE, SET_POLICY
from approvals.groups_then import GroupsThen, note
from approvals.people import People
from approvals.policy.again import Again
from approvals.policy.file import parse_policy
from approvals.policy.history import Directories, Slice, past_actions
from approvals.policy.judge import Verdict
from approvals.policy.trials import try_here
from approvals.policy.trying import Tried, try_policy
from approvals.stages import Stage
from approvals.tables import Action
from core.db import Database
from tests.approvals.conftest import CROWD, NOW, TEAM, said_no

CROWD_THEN = CROWD + "known_addresses: [mara@post.example]\nusergroups: {board: S0BOARD}\n"
#: Every key a rule may ask about, and no two rules alike.
POLICY = """
default_approvers: group:finance
rules:
  - {name: reads, effect: read, allow: true}
  - {name: large, tool: shop.refund, above: 100 EUR, who: group:finance, quorum: 2}
  - {name: small, tool: shop.refund, at_most: 100 EUR, role: support, ask: requester, review: 20 %}
  - {name: by night, tool: shop.*, between: 22:30-06:15, deny: true}
  - {name: weekend, tool: mail.send, weekday: [sat, sun], who: "usergroup:board"}
  - {name: elsewhere, effect: write, untrusted: recipient, known: false, deny: true}
  - {name: named, effect: write, untrusted: recipient, known: true, who: group:board}
  - {name: other, tool: mail.*, untrusted: other, who: "person:olga"}
  - {name: inside, tool: mail.send, outside: false, ask: requester}
  - {name: strangers, tool: mail.send, outside: true, known: false, who: group:finance}
  - {name: first orders, tool: shop.refund, args: {order: "1*"}, who: group:board, four_eyes: false}
  - {name: by Sam, asker: sam, channel: C0SUPPORT, own: false, allow: true}
  - {name: long, tool: mail.send, when: size(args.text) > 3 && minute < 30, who: group:alone}
  - {name: back, undoes: true, ask: requester}
  - {name: digest, automation: digest, who: group:empty}
"""
_TOOLS = ("shop.refund", "shop.refund", "mail.send", "mail.send", ELEVATE, ALLOW_ALIKE, SET_POLICY)
_ORIGINS = ("requester", "first_party", "mail", "model")
_PEOPLE = ("ana", "finn", "olga", "sam")


@pytest.fixture
def people() -> People:
    return People.parse(CROWD_THEN, Path("people.yaml"))


def test_it_comes_out_as_if_each_were_judged_by_itself(db: Database, people: People) -> None:
    with db.transaction() as session:
        session.add_all(history := _history(people, Random(20261122), 400))
        session.flush()
        for action in history[::2]:
            if action.status == "rejected":
                said_no(session, action.id)
        for day, members in ((0, ["U0SAM"]), (9, ["U0ANA", "U0OLGA"])):
            at = NOW + timedelta(days=day)
            note(session, workspace_id=TEAM, group_id="S0BOARD", members=members, now=at)
    policy, part = parse_policy(POLICY, Path("new.yaml")), Slice(TEAM)
    each = Tried()

    with db.read() as session:
        together = try_here(session, policy, people, part)
        groups = GroupsThen.load(session, workspace_id=TEAM)
        # In no order that anybody promised: the same ones are listed.
        for past in reversed(
            list(past_actions(session, part, Directories({people.digest: people})))
        ):
            forgetful = Again(policy, groups, lambda action_id: session.get(Action, action_id))
            each.merge(try_policy(forgetful, [past]))

    assert together == each
    assert len(each.changes) > 40
    assert each.judged > 350
    assert all((each.done_refused.ids, each.rejected_allowed.ids, each.rejected_to_asker.ids))


def _history(people: People, pick: Random, count: int) -> list[Action]:
    return [_action(people, pick, n) for n in range(count)]


def _action(people: People, pick: Random, n: int) -> Action:
    tool, asker = pick.choice(_TOOLS), pick.choice(_PEOPLE)
    at = NOW + timedelta(minutes=pick.randrange(30_000))
    args, recipients, amount = _arguments(tool, pick, n)
    edits = [{"by": pick.choice(_PEOPLE), "at": "", "changed": []}] if n % 9 == 0 else None
    preview = {
        "title": str(n), "amount": amount, "outside": pick.random() < 0.5,
        "own": pick.random() < 0.5, "recipients": recipients, "read_at": at.isoformat(),
        "authority": [name for name in ("order", "amount", "to") if name in args],
    }  # fmt: skip
    return Action(
        id=f"act_{n:04d}", workspace_id=TEAM, principal_id=asker, tool=tool, tool_version="1.0.0",
        channel=pick.choice(("C0SUPPORT", "C0OTHER")), args=args, preview=preview, edits=edits,
        automation="digest" if n % 11 == 0 else "assistant",
        undoes=f"x{n}" if n % 13 == 0 else None,
        origins={at: pick.choice(_ORIGINS) for at in ("/order", "/amount/minor", "/to/0")},
        status=pick.choice(("succeeded", "rejected", "denied", "expired")),
        verdict=_verdict(people, pick).as_json(), created_at=at,
    )  # fmt: skip


def _arguments(tool: str, pick: Random, n: int) -> tuple[dict[str, Any], list[str], Any]:
    if tool == "shop.refund":
        amount = {"minor": pick.randrange(20_000), "currency": pick.choice(("EUR", "EUR", "USD"))}
        return {"order": str(n), "amount": amount}, [], pick.choice((amount, amount, None))
    if tool == "mail.send":
        to = [pick.choice(("ana@lindqvist.example", "mara@post.example", "eve@evil.example"))]
        return {"to": to, "text": "x" * pick.randrange(8)}, to, None
    if tool == ALLOW_ALIKE:
        return {"action_id": f"act_{pick.randrange(99):04d}"}, [], None
    return {"holder": pick.choice(_PEOPLE), "text": ""}, [], None


def _verdict(people: People, pick: Random) -> Verdict:
    who = pick.choice(("requester", "group:finance", "group:board"))
    asked = Verdict(
        kind="ask", reason="then", rules=("then",), stages=(Stage(who),), expires_in_s=3600,
        four_eyes=who != "requester", digests={"policy": "sha256:p", "people": people.digest},
        effect=pick.choice(("read", "reversible", "irreversible")),
        about_people=pick.random() < 0.1,
    )  # fmt: skip
    kind = pick.choice(("ask", "ask", "allow", "deny"))
    return asked if kind == "ask" else replace(asked, kind=kind, stages=())
