"""The smallest tool that changes something: what its call costs is nothing, so what is measured
is the executor. Used by `benchmarks.executor` and its worker alike."""

from __future__ import annotations

from pathlib import Path

from approvals.origins import Labelled
from approvals.people import People
from approvals.policy.file import parse_policy
from audit.keys import KeyRing
from audit.log import Log
from core.clock import SystemClock
from core.db import open_database
from core.origins import Origin
from tools.contract import Arguments, Call, Connector, Effect, Preview, Result, Retry, Tool
from tools.deps import Deps
from tools.limits import Limits
from tools.registry import Registry

TEAM, ASKER, TOOL = "T0PRACTICE", "ana", "bench.note"
_PEOPLE = f"""
workspace: {TEAM}
people: [{{id: {ASKER}, name: Ana Berg, slack_id: U0ANA, email: ana@lindqvist.example}}]
groups: {{operations: [{ASKER}]}}
domains: [lindqvist.example]
"""
_POLICY = f"""
default_approvers: group:operations
expires: 3 days
rules: [{{name: notes, tool: {TOOL}, allow: true, why: it is measured}}]
"""


class Note(Arguments):
    number: int


class Noted(Result):
    number: int


def deps(url: str) -> Deps:
    """What the executor needs, over this database. Facts are not read again: they are nothing."""
    people = People.parse(_PEOPLE, Path("people.yaml"))
    return Deps(
        db=open_database(url),
        log=Log(keys=KeyRing(bytes(32))),
        registry=Registry.of([_connector()]),
        people=people,
        policy=parse_policy(_POLICY, Path("policy.yaml")),
        clock=SystemClock(),
        evidence=lambda _session, _action: [Labelled(Origin.REQUESTER, "number")],
        limits=Limits(facts_age_s=86_400),
    )


def _connector() -> Connector:
    def note(args: Note, _call: Call) -> Noted:
        """Note a number."""
        return Noted(source="bench", number=args.number)

    tool = Tool(
        name=TOOL,
        version="1.0.0",
        args=Note,
        result=Noted,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.IDEMPOTENT,
        key_life_s=86_400,
        run=note,
        preview=lambda args, _call: Preview(f"Note {args.number}", "note"),
        authority=("number",),
        scopes=("bench:write",),
        yields=Origin.FIRST_PARTY,
        can="note a number",
        per_minute=1_000_000,
        unrecorded="anything; it is noted nowhere",
    )
    return Connector("bench", "1.0.0", (), (tool,), per_minute=1_000_000)
