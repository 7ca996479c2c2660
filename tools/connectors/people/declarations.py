"""The people connector: two reads over the `Directory` port."""

from __future__ import annotations

from tools.connectors.people.shapes import (
    Approvers,
    ApproversFound,
    Find,
    PeopleFound,
    PersonFound,
)
from tools.connectors.reading import read
from tools.contract import Call, Connector, Directory, Ports


class Operations:
    """The functions behind the declarations; each docstring of a tool is read by a model."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def find(self, args: Find, _call: Call) -> PeopleFound:
        """Look up who somebody is: full name, mail address and roles.

        Search by a name, a part of one, a mail address, a role or a group. Use it before you
        write to or meet with somebody whose address you were not given.
        """
        found = self._directory.find(args.query)
        return PeopleFound(
            source="people directory", people=tuple(PersonFound.of(person) for person in found)
        )

    def approvers(self, args: Approvers, _call: Call) -> ApproversFound:
        """Say who has to approve a tool's actions, as the policy has it now."""
        return ApproversFound(
            source="approval policy",
            approvers=tuple(self._directory.approvers(args.tool)),
        )


def make(ports: Ports) -> Connector:
    """The people connector over `ports.directory`; it needs no settings."""
    does = Operations(ports.directory)
    return Connector(
        name="people",
        version="1.0.0",
        settings=(),
        tools=(
            read("people.find", Find, PeopleFound, does.find, can="say who is who"),
            read(
                "people.approvers",
                Approvers,
                ApproversFound,
                does.approvers,
                can="say who approves what",
            ),
        ),
    )
