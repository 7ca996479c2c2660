"""Small checks that shapes are made of. Each yields Slack-like sentences with a JSON pointer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

#: (value, pointer) -> what is wrong with it
Check = Callable[[Any, str], Iterator[str]]


def problem(reason: str, pointer: str) -> str:
    return f"[ERROR] {reason} [json-pointer:{pointer}]"


def string(most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", at)
        elif len(value) < least:
            yield problem(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            yield problem(f"must be less than {most + 1} characters", at)

    return check


def boolean(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield problem("must be a boolean", at)


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield problem(f"must be a number from {least} to {most}", at)

    return check


def word(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of: {', '.join(allowed)}", at)

    return check


def items(of: Check, *, most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", at)
        elif len(value) < least:
            yield problem(f"no fewer than {least} items allowed", at)
        elif len(value) > most:
            yield problem(f"no more than {most} items allowed", at)
        else:
            for index, item in enumerate(value):
                yield from of(item, f"{at}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """An object with these keys and no others."""
    known = {**required, **optional}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
            return
        for key in required:
            if value.get(key) is None:
                yield problem(f"missing required field: {key}", at)
        for key, item in value.items():
            if key not in known:
                yield problem(f"invalid additional property: {key}", at)
            elif item is not None:
                yield from known[key](item, f"{at}/{key}")

    return check


def typed(what: str, shapes: Mapping[str, Check]) -> Check:
    """An object whose `type` picks its shape; another type is refused by its name."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
        elif "type" not in value:
            yield problem("missing required field: type", at)
        elif value["type"] not in shapes:
            names = ", ".join(shapes)
            reason = f"unsupported {what} type: {value['type']} (known here: {names})"
            yield problem(reason, f"{at}/type")
        else:
            yield from shapes[value["type"]](value, at)

    return check
