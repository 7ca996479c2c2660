"""What was asked of models and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime


class ModelResponse(SQLModel, table=True):
    """One answer of a model, unique on (turn, step): a rebuilt turn reads it instead of asking."""

    __tablename__ = "model_response"
    __table_args__ = (UniqueConstraint("turn_id", "step"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    turn_id: str = Field(index=True)
    step: int
    tier: str
    model: str
    prompt: str
    #: {"content": str | null, "calls": [{"id", "tool", "args"}], "problems": [str]}
    message: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    input_tokens: int
    output_tokens: int
    #: Millionths of a US dollar; null where the model's price is not known.
    cost_micros: int | None = None
    duration_ms: int
    at: datetime = Field(sa_type=UtcDateTime)
