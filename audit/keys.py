"""The key file, and the wrapping of each person's data key by it (AES-256-GCM).

The master key lies outside the database: a copied database alone opens nothing, and a person's
bodies are erased by destroying the one row that holds their wrapped key.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import AuditError, ConfigError

KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True)
class KeyRing:
    """The 32-byte master key that wraps data keys. Never logged, never in the database."""

    master: bytes = field(repr=False)

    @classmethod
    def load_or_create(cls, path: Path) -> KeyRing:
        """The key in this file (64 hex digits), made with mode 0600 when there is none yet.

        Raises `ConfigError` when the file is not such a key or others may read it.
        """
        _create(path)
        try:
            text = path.read_text("ascii").strip()
            master = bytes.fromhex(text)
        except (OSError, ValueError) as error:
            raise ConfigError(_broken(path)) from error
        if len(master) != KEY_BYTES:
            raise ConfigError(_broken(path))
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others may read this key. Run: chmod 600 {path}")
        return cls(master)

    def number(self, text: str) -> int:
        """From 0 to 99, the same for the same text; nobody without the key can tell it."""
        drawn = hmac.digest(self.master, b"draw:" + text.encode(), "sha256")
        return int.from_bytes(drawn[:8]) % 100

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """nonce || ciphertext of a data key, bound to its id."""
        return seal(self.master, key, context=key_id)

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """The data key. Raises `AuditError` under another master key or for changed bytes."""
        return unseal(self.master, wrapped, context=key_id)


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, *, context: str) -> bytes:
    """nonce || AES-256-GCM ciphertext; `context` must be the same to open it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """What `seal` was given. Raises `AuditError` for another key, context or changed bytes."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise AuditError(
            "This part of the log cannot be opened: the key file is another one, "
            "or the stored bytes were changed."
        ) from error


def _create(path: Path) -> None:
    """Write a new key unless the file stands; two processes starting at once agree on one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(new_key().hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _broken(path: Path) -> str:
    return (
        f"{path}: this is not a key of 64 hex digits. Put the right file back "
        "(without it what is logged stays closed), or name another in SIGNOFF_KEY_FILE."
    )
