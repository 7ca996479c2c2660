"""Hashing embeddings: words and character trigrams, 256 dimensions, unit length.

Lexical only: texts are near when they share letters, not meaning. The name says so.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections import Counter
from collections.abc import Iterator

DIMENSIONS = 256
_WORD_WEIGHT = 1.0
_TRIGRAM_WEIGHT = 0.35


def embed(text: str) -> list[float]:
    """256 floats of unit length. The same text gives the same vector on every machine."""
    vector = [0.0] * DIMENSIONS
    for (feature, weight), count in Counter(_features(text.lower())).items():
        place, sign = _hashed(feature)
        vector[place] += sign * weight * (1 + math.log(count))
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def packed(vector: list[float]) -> str:
    """Base64 of little-endian 32-bit floats, as the openai client asks for by default."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = re.findall(r"\w+", text) or [text]
    for word in words:
        yield f"w:{word}", _WORD_WEIGHT
        padded = f" {word} "
        for at in range(len(padded) - 2):
            yield f"t:{padded[at : at + 3]}", _TRIGRAM_WEIGHT


def _hashed(feature: str) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=4).digest(), "little")
    return number % DIMENSIONS, 1 if number & 0x80000000 else -1
