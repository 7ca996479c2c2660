"""`config/models.yaml`: two tiers and an embedding model, with their prices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import ConfigError

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
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read. Restore it from the repository.") from error
        try:
            return cls.model_validate(yaml.safe_load(text))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise ConfigError(
                f"{path}, line {line}: this is not YAML. Check the spelling."
            ) from error
        except ValidationError as error:
            raise ConfigError(_explain(path, text, error)) from error


def _explain(path: Path, text: str, error: ValidationError) -> str:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    where = ".".join(keys) or "the file"
    return f"{path}, line {_line(text, keys)}: {where}: {_mend(first['type'], first['msg'])}"


def _mend(kind: str, message: str) -> str:
    if kind == "missing":
        return "this entry is missing. Add it."
    if kind == "extra_forbidden":
        return "no such setting. Remove it, or check its spelling."
    return f"{message}. Mend this value."


def _line(text: str, keys: list[str]) -> int:
    """Line of the deepest of these keys that the file holds, 1-based."""
    node, line = yaml.compose(text, Loader=yaml.SafeLoader), 1
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            break
        found = [(k, v) for k, v in node.value if k.value == key]
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line
