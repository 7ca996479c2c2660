"""Connector credentials: one file, opened by the tool worker alone (P1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from core.errors import ConfigError
from core.yamlfile import read_yaml
from tools.contract import Connector, Setting

Lookup = Callable[[str], str]


class NoCredentialsHere(ConfigError):
    """This process holds no connector credentials: only the tool worker does."""


def refuse_leaked(environ: Mapping[str, str], settings: Iterable[Setting]) -> None:
    """Raise `ConfigError` when a credential that a connector declares lies in the environment."""
    leaked = sorted(s.name for s in settings if s.secret and environ.get(s.name))
    if leaked:
        raise ConfigError(
            f"{', '.join(leaked)} must not be in the environment or .env: every process would "
            "hold it. Move it to the file that SIGNOFF_SECRETS_FILE names; only the tool worker "
            "opens that."
        )


def nothing_here(_name: str) -> str:
    """The lookup of every process but the tool worker."""
    raise NoCredentialsHere()


def open_secrets(path: Path | None) -> Lookup:
    """The tool worker's lookup. Raises `ConfigError` for a missing file or one others may read."""
    if path is None:
        raise ConfigError(
            "SIGNOFF_SECRETS_FILE is missing: the tool worker needs it. Copy "
            "config/secrets.sample.yaml, fill it in, and name it there."
        )
    _text, value = read_yaml(path)
    if not isinstance(value, dict):
        raise ConfigError(f"{path.name}, line 1: write one `NAME: value` per line.")
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} may be read by others on this machine. Run: chmod 600 {path}")
    known = {str(name): "" if item is None else str(item) for name, item in value.items()}

    def lookup(name: str) -> str:
        if name not in known:
            raise ConfigError(f"{path.name}: {name} is missing. Add a line `{name}: …`.")
        return known[name]

    return lookup


def require_settings(connectors: Iterable[Connector], lookup: Lookup) -> None:
    """Look every declared setting up once, so that a missing one stops the start by name."""
    for connector in connectors:
        for setting in connector.settings:
            lookup(setting.name)
