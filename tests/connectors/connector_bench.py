"""A connector's tools over a running practice office, called as the executor calls them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from approvals.people import People
from approvals.policy.file import load_policy
from bot.ports import PeopleDirectory
from core.clock import HeldClock
from sandbox.office.testing import Office
from tools.connectors import calendar, documents, mail, shop
from tools.contract import Call, Caller, Notes, Permissions, Ports, Preview, Result
from tools.registry import Registry

CONFIG = Path(__file__).resolve().parents[2] / "config"
#: A Friday; the practice office of these tests was made on it.
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Bench:
    office: Office
    registry: Registry
    settings: dict[str, str]

    def run(self, tool: str, args: dict[str, Any], **call: Any) -> Any:
        """What `run` gave, checked against the declared result."""
        declared = self.tool(tool)
        result = declared.run(declared.args.model_validate(args), self.call(**call))
        assert isinstance(result, declared.result)
        return result

    def preview(self, tool: str, args: dict[str, Any], **call: Any) -> Preview:
        declared = self.tool(tool)
        assert declared.preview is not None
        return declared.preview(declared.args.model_validate(args), self.call(**call))

    def verify(self, tool: str, args: dict[str, Any], **call: Any) -> Result | None:
        declared = self.tool(tool)
        assert declared.verify is not None
        return declared.verify(declared.args.model_validate(args), self.call(**call))

    def undo(self, tool: str, args: dict[str, Any], result: Result) -> tuple[str, dict[str, Any]]:
        declared = self.tool(tool)
        assert declared.undo is not None
        return declared.undo(args, result.model_dump(mode="json"))

    def tool(self, name: str) -> Any:
        return self.registry.tool(name)

    def call(
        self,
        action: str = "act_1",
        person: str = "ana",
        facts: dict[str, Any] | None = None,
        timeout_s: float = 10.0,
    ) -> Call:
        return Call(
            action_id=action,
            key=hashlib.sha256(action.encode()).hexdigest(),
            caller=PEOPLE_CALLING[person],
            now=NOW,
            timeout_s=timeout_s,
            facts=facts or {},
        )


PEOPLE_CALLING = {
    "ana": Caller("ana", "Ana Berg", "ana@lindqvist.example"),
    "finn": Caller("finn", "Finn Aalto", "finn@lindqvist.example"),
    "olga": Caller("olga", "Olga Reyes", "olga@lindqvist.example"),
    "nobody": Caller("nobody", "No Body", None),
}


def make_bench(office: Office, **settings: str) -> Bench:
    """Real ports; `settings` replace some of the office's own."""
    known = {**office.secrets, **settings}
    people = People.load(CONFIG / "people.yaml")
    ports = Ports(
        setting=known.__getitem__,
        clock=HeldClock(NOW),
        directory=PeopleDirectory(people, load_policy(CONFIG / "policy.yaml")),
        notes=cast(Notes, None),
        permissions=cast(Permissions, None),
    )
    made = [room.make(ports) for room in (shop, mail, calendar, documents)]
    return Bench(office, Registry.of(made), known)
