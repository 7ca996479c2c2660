"""What holds until somebody changes it: switches, policies, connectors let in, permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime, json_field


class Switch(SQLModel, table=True):
    """A stop somebody pressed: on one turn, one conversation, one automation, or everything."""

    #: `turn:<id>` | `conversation:<id>` | `automation:<name>` | `all`
    scope: str = Field(primary_key=True)
    workspace_id: str = Field(primary_key=True)
    stopped_by: str
    stopped_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConfigText(SQLModel, table=True):
    """policy.yaml and people.yaml as they once were: what a verdict's digests stand for."""

    workspace_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    #: policy | people
    kind: str
    text: str
    kept_at: datetime = Field(sa_type=UtcDateTime)


class PolicyVersion(SQLModel, table=True):
    """A policy that came into force; the highest number counts."""

    __tablename__ = "policy_version"

    workspace_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    #: Of its text in ConfigText.
    digest: str
    #: `file`, or the id of the action that brought it.
    source: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class AdmittedConnector(SQLModel, table=True):
    """A connector somebody let into this installation; see `approvals.connectors`."""

    __tablename__ = "admitted_connector"

    workspace_id: str = Field(primary_key=True)
    #: `release:<name>`, or the id of the action that brought it.
    source: str = Field(primary_key=True)
    name: str
    version: str
    #: Its tools with version, effect and scopes, as they were declared then.
    tools: list[Any] = json_field()
    at: datetime = Field(sa_type=UtcDateTime)


class StandingPermission(SQLModel, table=True):
    """Somebody's bounded yes in advance: alike actions of one person are not asked about again."""

    __tablename__ = "standing_permission"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: The action that asked for it; those who approved that one gave it.
    action_id: str = Field(unique=True)
    principal_id: str = Field(index=True)
    tool: str = Field(index=True)
    #: approvals.bounds.Bounds as plain JSON.
    bounds: dict[str, Any] = json_field()
    uses: int
    used: int = 0
    #: Minor units of the bounds' currency, in all; None where it is not about money.
    in_all: int | None = Field(default=None, sa_type=BigInteger)
    spent: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None


class Elevation(SQLModel, table=True):
    """A scope that a person or an automation has for a time."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: The action that asked for it.
    action_id: str = Field(unique=True)
    #: A person's id, or `automation:<name>`.
    holder: str = Field(index=True)
    scope: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = None
