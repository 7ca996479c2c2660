"""`config/models.yaml`: two tiers and an embedding model, with their prices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.configfile import read_config

Tier = Literal["small", "large"]


class Model(BaseModel):
    """One model. Prices are US dollars per million tokens, which is micro-dollars per token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    input: Decimal | None = Field(default=None, ge=0)
    output: Decimal | None = Field(default=None, ge=0)

    @field_validator("input", "output", mode="before")
    @classmethod
    def _no_floats(cls, value: object) -> object:
        # A YAML float has already lost the cents it was written with.
        return str(value) if isinstance(value, float) else value

    def cost_micros(self, input_tokens: int, output_tokens: int) -> int | None:
        """Millionths of a dollar, rounded half up; None where a needed price is not known."""
        if self.input is None or (self.output is None and output_tokens):
            return None
        total = self.input * input_tokens + (self.output or Decimal(0)) * output_tokens
        return int(total.quantize(Decimal(1), rounding=ROUND_HALF_UP))


class ModelsConfig(BaseModel):
    """The models of one profile: `live`, or `rehearsal` where no key is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    small: Model
    large: Model
    embedding: Model
    #: Whether answers are asked for word by word. An endpoint that refuses is asked whole.
    stream: bool = True

    @classmethod
    def load(cls, path: Path, *, profile: Literal["live", "rehearsal"] = "live") -> ModelsConfig:
        """Read one profile. Raises `ConfigError` with file, line and what to mend."""
        return getattr(_File.read(path), profile)  # type: ignore[no-any-return]

    def tier(self, tier: Tier) -> Model:
        return self.small if tier == "small" else self.large


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    live: ModelsConfig
    rehearsal: ModelsConfig

    @classmethod
    def read(cls, path: Path) -> _File:
        return read_config(path).read_as(cls, "Compare with the starter file config/models.yaml.")
