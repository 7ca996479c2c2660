"""Ports that tools are given, made from the rooms tools must not import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from approvals.people import People, Principal
from approvals.policy.judge import Policy
from bot.credentials import NoCredentialsHere
from core.origins import Origin
from tools.contract import Person


class PeopleDirectory:
    """`tools.contract.Directory` over people.yaml and the policy."""

    def __init__(self, people: People, policy: Policy) -> None:
        self._people, self._policy = people, policy

    def find(self, query: str) -> Sequence[Person]:
        return [_person(principal) for principal in self._people.find(query)]

    def approvers(self, tool: str) -> Sequence[str]:
        return list(self._policy.approvers(tool))

    def is_inside(self, address: str) -> bool:
        return self._people.is_inside(address)

    def knows(self, address: str) -> bool:
        return self._people.knows(address)


class NoNotesHere:
    """`tools.contract.Notes` where tools are declared only: nothing can be kept or recalled."""

    def remember(
        self, *, text: str, author: str, key: str, origin: Origin, now: datetime
    ) -> NoReturn:
        raise NoCredentialsHere()

    def recall(self, *, query: str, limit: int, now: datetime) -> NoReturn:
        raise NoCredentialsHere()

    def forget(self, *, note_id: str, key: str, now: datetime) -> NoReturn:
        raise NoCredentialsHere()

    def get(self, note_id: str) -> NoReturn:
        raise NoCredentialsHere()

    def find_by_key(self, key: str) -> NoReturn:
        raise NoCredentialsHere()

    def kept_since(self, since: datetime) -> NoReturn:
        raise NoCredentialsHere()

    def forgotten_since(self, since: datetime) -> NoReturn:
        raise NoCredentialsHere()


class NoPermissionsHere:
    """`tools.contract.Permissions` where tools are declared only."""

    def look(self, what: str, args: Mapping[str, Any], *, caller_id: str) -> NoReturn:
        raise NoCredentialsHere()

    def change(
        self, what: str, args: Mapping[str, Any], *, action_id: str, now: datetime
    ) -> NoReturn:
        raise NoCredentialsHere()

    def made_since(self, what: str, since: datetime) -> NoReturn:
        raise NoCredentialsHere()


def _person(principal: Principal) -> Person:
    return Person(principal.id, principal.name, principal.email, principal.roles)
