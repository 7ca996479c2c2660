"""The files of the modelled installation in every form they may take, and what the checks go by."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.policy.judge import Policy

TEAM = "T0PRACTICE"
#: Who is in which group, in every form the file has: what the checks go by, not the product.
GROUPS: tuple[dict[str, tuple[str, ...]], ...] = (
    {"finance": ("finn", "gita", "ana"), "board": ("olga",), "nobody": ()},
    {"finance": ("gita", "olga"), "board": ("olga",), "nobody": ()},
    {"finance": ("finn", "ana"), "board": ("finn",), "nobody": ()},
)
#: What everybody may use by the file: `other:ship` is given for a time, or not at all.
SCOPES = frozenset({"other:use", "signoff:standing", "signoff:elevate"})
OPERATORS = frozenset({"olga"})
CLICKERS = ("ana", "finn", "gita", "olga", "mara", None)
#: To whom a question may be handed on, beside those who may answer anyway; by tool.
HAND_TO = {"other.pay": "board"}
#: Seconds that must pass between the permission and the beginning; by tool.
HOLD_S = {"other.letter": 30.0, "other.note": 30.0}
_PEOPLE = """
workspace: T0PRACTICE
people:
  - {{id: ana, name: Ana Berg, slack_id: U0ANA}}
  - {{id: finn, name: Finn Aalto, slack_id: U0FINN}}
  - {{id: gita, name: Gita Rao, slack_id: U0GITA}}
  - {{id: mara, name: Mara Lind, slack_id: U0MARA}}
  - {{id: olga, name: Olga Reyes, slack_id: U0OLGA, operator: true}}
groups: {groups}
scopes: {{everyone: [{scopes}]}}
"""
_RULES = """
default_approvers: group:finance
expires: 2 h
rules:
  - {name: reads, tool: other.read, allow: true}
  - {name: orders, tool: other.order, allow: true}
  - {name: transfers, tool: other.transfer, allow: true}
  - {name: pays, tool: other.pay, who: group:finance, hand_to: group:board, standing: true}
  - {name: ships, tool: other.ship, who: group:finance}
  - {name: books, tool: other.book, ask: [{who: "group:finance"}, {who: "group:board"}]}
  - {name: letters, tool: other.letter, ask: requester, hold: 30 s}
  - {name: notes, tool: other.note, allow: true, hold: 30 s}
  - {name: gifts, tool: other.gift, who: group:nobody}
"""
RULES = (
    _RULES,
    _RULES + "  - {name: closed, tool: [other.pay, other.order], deny: true}\n",
    _RULES.replace("tool: other.pay, who: group:finance", "tool: other.pay, who: person:olga"),
    _RULES.replace("other.pay, who: group:finance", "other.pay, who: group:finance, quorum: 2"),
    _RULES + "  - {name: foreign, tool: foreign.tool, deny: true}\n",
)

#: The form of the rules by which two people must approve a payment.
TWO_MUST = 3


@cache
def people_text(groups: int) -> str:
    shown = "{" + ", ".join(f"{n}: [{', '.join(m)}]" for n, m in GROUPS[groups].items()) + "}"
    return _PEOPLE.format(groups=shown, scopes=", ".join(f'"{s}"' for s in sorted(SCOPES)))


@cache
def people(groups: int) -> People:
    return People.parse(people_text(groups), Path("people.yaml"))


@cache
def policy(rules: int) -> Policy:
    return parse_policy(RULES[rules], Path("policy.yaml"))
