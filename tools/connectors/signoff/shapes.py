"""Arguments and results of the tools that change what is permitted."""

from __future__ import annotations

from pydantic import Field

from tools.contract import Amount, Arguments, Result


class AllowAlike(Arguments):
    action_id: str = Field(
        pattern=r"^act_[0-9a-f]{1,32}$", description="The action that others are to be alike to"
    )
    at_most: Amount | None = Field(
        default=None, description="The most that one of them may be worth"
    )
    recipients: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Whom they may go to: addresses, or @domain for everybody there",
    )
    may_differ: tuple[str, ...] = Field(
        default=(), max_length=20, description="Deciding arguments that may be anything"
    )
    uses: int = Field(ge=1, le=1_000, description="How many of them")
    in_all: Amount | None = Field(default=None, description="What they may be worth in all")
    days: int = Field(ge=1, le=90, description="For how many days from its approval")


class Elevate(Arguments):
    scope: str = Field(min_length=1, max_length=100, description="The scope, like shop:write")
    holder: str = Field(
        min_length=1,
        max_length=100,
        description="A person's id, or automation:<name>",
    )
    minutes: int = Field(ge=1, le=480, description="For how long from its approval; 480 at most")


class SetPolicy(Arguments):
    text: str = Field(min_length=1, max_length=100_000, description="The whole policy.yaml")


class AdmitConnector(Arguments):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="The connector, like shop")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="Its version, like 1.0.0")
    tools: tuple[str, ...] = Field(
        min_length=1,
        max_length=200,
        description="Each tool as it is declared: name, version, effect and scopes",
    )


class Changed(Result):
    #: The id of what was made.
    made: str


class Together(Arguments):
    pass


class Noted(Result):
    pass
