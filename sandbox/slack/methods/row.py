"""One row of the method table, and how a row is written down.

Arguments are words `name`, `name:kind` (bool, int, list, object; else a string) or `name=code`, the
error code Slack gives when it is missing (else `invalid_arguments`). Of `scopes` any one is enough;
`{kind}` is `channels`, `groups` or `im`, by the channel.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Arg:
    """`missing` is the error code when a required argument is absent."""

    name: str
    kind: str = "string"
    missing: str = "invalid_arguments"


@dataclass(frozen=True)
class Method:
    """One row. `takes` says which token: the `bot` token, the `app` token, or `none`."""

    name: str
    required: tuple[Arg, ...]
    optional: tuple[Arg, ...]
    scopes: tuple[str, ...]
    per_minute: int
    errors: tuple[str, ...]
    takes: str = "bot"
    by_name: dict[str, Arg] = field(default_factory=dict, compare=False)


def row(
    name: str,
    per_minute: int,
    *,
    required: str = "",
    optional: str = "",
    scopes: str = "",
    errors: str = "",
    takes: str = "bot",
) -> Method:
    needed, others = _args(required), _args(optional)
    return Method(
        name=name,
        required=needed,
        optional=others,
        scopes=tuple(scopes.split()),
        per_minute=per_minute,
        errors=tuple(errors.split()),
        takes=takes,
        by_name={arg.name: arg for arg in (*needed, *others)},
    )


def _args(words: str) -> tuple[Arg, ...]:
    args = []
    for word in words.split():
        declared, _, missing = word.partition("=")
        name, _, kind = declared.partition(":")
        args.append(Arg(name, kind or "string", missing or "invalid_arguments"))
    return tuple(args)
