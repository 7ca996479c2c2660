"""Arguments and results of the people tools."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Arguments, Person, Result


class Find(Arguments):
    query: str = Field(
        min_length=1, max_length=100, description="A name, a mail address, a role or a group"
    )


class Approvers(Arguments):
    tool: str = Field(min_length=1, max_length=100, description="The tool's name, like shop.refund")


class PersonFound(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    email: str | None
    roles: tuple[str, ...]

    @classmethod
    def of(cls, person: Person) -> PersonFound:
        return cls(name=person.name, email=person.email, roles=person.roles)


class PeopleFound(Result):
    people: tuple[PersonFound, ...]


class ApproversFound(Result):
    #: Groups and people in words; empty when nobody is named.
    approvers: tuple[str, ...]
