"""YAML files that say where they are wrong: file, line, and how to mend it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
#: Where a value stands: keys and list indexes from the top.
Place = tuple[str | int, ...]

#: No file a person writes nests deeper; a deeper one would exhaust the stack instead.
_DEEPEST = 40


@dataclass(frozen=True)
class ConfigFile:
    """What a YAML file holds, the line of every key, and the digest of its bytes."""

    path: Path
    values: Any
    lines: Mapping[Place, int] = field(repr=False)
    digest: str

    def line(self, place: Place) -> int:
        """The line of this place, or of the nearest place above it that stands in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, problem: str, mend: str) -> ConfigError:
        """The error to raise for this place: `file, line 12: problem. Mend.`"""
        return ConfigError(f"{self.path}, line {self.line(place)}: {problem}. {mend}")

    def read_as(self, model: type[Model], mend: str) -> Model:
        """The values as `model`. Raises `ConfigError` for the first that does not fit, where it
        stands, with this `mend`."""
        try:
            return model.model_validate(self.values)
        except ValidationError as error:
            raise self._invalid(error, mend) from error

    def _invalid(self, error: ValidationError, mend: str) -> ConfigError:
        first = error.errors()[0]
        place = tuple(first["loc"])
        named = ".".join(str(part) for part in place) or "the file"
        if first["type"] == "extra_forbidden":
            return self.error(place, f"I do not know the key {place[-1]!r}", mend)
        if first["type"] == "missing":
            return self.error(place, f"{named} is missing", mend)
        message = first["msg"].removeprefix("Value error, ")
        return self.error(place, f"{named}: {message}", mend)


def read_config(path: Path) -> ConfigFile:
    """Read a YAML file. Raises `ConfigError` when it is missing, not YAML, or says a key twice."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is missing. Copy the starter file from config/.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: is it a UTF-8 text file?") from error
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> ConfigFile:
    """The same for text that was read already; `path` only names it."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Place, int] = {}
        if node is not None:
            _note_lines(node, (), lines, path)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(_not_yaml(path, error)) from error
    except RecursionError as error:
        raise ConfigError(f"{path} nests too deeply. Is it the right file?") from error
    return ConfigFile(path, values, lines, text_digest(text))


def text_digest(text: str) -> str:
    """What a file with this text is known by: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _note_lines(node: Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    if len(place) > _DEEPEST:
        raise ConfigError(f"{path} nests too deeply. Is it the right file?")
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*place, index), lines, path)
    if isinstance(node, MappingNode):
        for key, item in node.value:
            _note_key(key, place, lines, path)
            _note_lines(item, (*place, key.value), lines, path)


def _note_key(key: Node, place: Place, lines: dict[Place, int], path: Path) -> None:
    line = key.start_mark.line + 1
    if not isinstance(key, ScalarNode):
        raise ConfigError(f"{path}, line {line}: a key must be a word. Write `key: value`.")
    inner = (*place, key.value)
    # YAML's own reader keeps the last of two equal keys and says nothing.
    if inner in lines:
        raise ConfigError(
            f"{path}, line {line}: {key.value!r} stands here for the second time "
            f"(first in line {lines[inner]}). Keep one of them."
        )
    lines[inner] = line


def _not_yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "this is not YAML"
    where = f", line {mark.line + 1}" if mark is not None else ""
    return f"{path}{where}: {problem}. Check the indentation and the colons around there."
