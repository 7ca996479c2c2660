"""Encryption at rest: AES-256-GCM under named keys that can be rotated."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from langgraph.checkpoint.serde.base import CipherProtocol, SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_NONCE = 12  # bytes, NIST SP 800-38D


class CheckpointKeys(CipherProtocol):
    """Name -> key of 32 bytes. The first encrypts; all of them decrypt, by the name stored with the
    value. To rotate, put a new key first; take the old one away once no thread is that old."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys.values()):
            raise ValueError("it takes at least one key, and each of 32 bytes")
        self._current = next(iter(keys))
        self._keys = {name: AESGCM(key) for name, key in keys.items()}

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        nonce, name = secrets.token_bytes(_NONCE), self._current
        return name, nonce + self._keys[name].encrypt(nonce, plaintext, name.encode())

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        """Raises `KeyError` for a key that is not here, `InvalidTag` for changed bytes."""
        nonce, body = ciphertext[:_NONCE], ciphertext[_NONCE:]
        return self._keys[ciphername].decrypt(nonce, body, ciphername.encode())


def encrypted(
    keys: Mapping[str, bytes], serde: SerializerProtocol | None = None
) -> EncryptedSerializer:
    """A serializer that encrypts what `serde` makes; a strict one unless given.

    It also reads what was stored plain, so that encryption can be turned on under live threads.
    """
    return EncryptedSerializer(
        CheckpointKeys(keys), serde or JsonPlusSerializer(allowed_msgpack_modules=None)
    )
