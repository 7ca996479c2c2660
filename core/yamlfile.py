"""YAML files into pydantic models, with the line to look at when one is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def load_model(path: Path, model: type[Model]) -> Model:
    """The file as `model`. Raises `ConfigError`: "config/x.yaml, line 7: …", with the mend."""
    text, value = read_yaml(path)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = line_of(text, first["loc"])
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"{path.name}, line {where}: {place}: {message}. Mend that line."
        ) from error


def read_yaml(path: Path) -> tuple[str, Any]:
    """Text and value of a YAML file. Raises `ConfigError` for a missing or broken one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is missing. Copy it from the repository's config folder."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: is it a UTF-8 text file?") from error
    try:
        return text, yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = mark.line + 1 if mark else 1
        raise ConfigError(
            f"{path.name}, line {where}: this is not YAML ({error.problem}). "
            "Check the indentation and quotes there."
        ) from error


def line_of(text: str, loc: tuple[str | int, ...]) -> int:
    """The 1-based line where the value at `loc` (keys and indexes) or its parent stands."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = node.start_mark.line + 1 if node else 1
    for part in loc:
        found = _child(node, part)
        if found is None:
            break
        node, line = found
    return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line + 1
    return None
