"""Connector credentials: one file, opened by the tool worker alone (P1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from core.configfile import ConfigFile, read_config
from core.errors import ConfigError
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
    known = _texts(read_config(path))
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} may be read by others on this machine. Run: chmod 600 {path}")

    def lookup(name: str) -> str:
        if name not in known:
            raise ConfigError(f"{path}: {name} is missing. Add a line `{name}: …`.")
        return known[name]

    return lookup


def _texts(file: ConfigFile) -> Mapping[str, str]:
    if not isinstance(file.values, dict):
        raise file.error((), "there are no names in it", "Write one `NAME: value` per line.")
    for name, value in file.values.items():
        # YAML reads 0123 as 83 and `no` as false: a password would silently be another one.
        if not isinstance(value, str | None):
            raise file.error((str(name),), f"{name} is not a text", "Put it in quotes.")
    return {str(name): value or "" for name, value in file.values.items()}


def require_settings(connectors: Iterable[Connector], lookup: Lookup) -> None:
    """Look every declared setting up once, so that a missing one stops the start by name."""
    for connector in connectors:
        for setting in connector.settings:
            lookup(setting.name)
