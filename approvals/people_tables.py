"""What is known of people: who is where, who is away, who is gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.db import UtcDateTime, json_field


class Membership(SQLModel, table=True):
    """What Slack told last of somebody's leaving a channel or coming back: whoever left reads
    nothing there, whatever was known before."""

    workspace_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    slack_id: str = Field(primary_key=True)
    is_in: bool
    #: When it happened, by Slack's clock: what arrives late changes nothing.
    at: datetime = Field(sa_type=UtcDateTime)


class Delegation(SQLModel, table=True):
    """Somebody is away for a time, and who decides in their place meanwhile."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    person_id: str = Field(index=True)
    delegate_id: str
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UserGroup(SQLModel, table=True):
    """Who is in a Slack user group, as Slack last told."""

    #: Slack's id, `S…`.
    id: str = Field(primary_key=True)
    workspace_id: str = Field(primary_key=True)
    #: Slack ids.
    members: list[Any] = json_field()
    #: When Slack last told; None before it ever did.
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    #: Why the last look failed, in words; None when it did not.
    problem: str | None = None


class UserGroupThen(SQLModel, table=True):
    """Who was in a Slack user group from a time on, so that the past can be judged again."""

    __tablename__ = "usergroup_then"

    workspace_id: str = Field(primary_key=True)
    #: Slack's id, `S…`.
    id: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    #: Slack ids; None from when on Slack's word was too old to be believed.
    members: list[Any] | None = json_field(nullable=True)


class Accounts(SQLModel, table=True):
    """Which of those whom policy asks Slack called no active full member when it was last asked."""

    workspace_id: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Ids of people.
    inactive: list[Any] = json_field()


class Gap(SQLModel, table=True):
    """Somebody policy asks who is nobody, as long as it is so; the owner was told when it began."""

    workspace_id: str = Field(primary_key=True)
    #: The sentence that tells it.
    said: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
