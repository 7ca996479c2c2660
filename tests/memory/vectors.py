"""A small deterministic embedding."""

from __future__ import annotations

import zlib


def embed(texts: list[str]) -> list[list[float]]:
    """Words hashed into 64 buckets; `holiday` and `vacation` mean the same."""
    return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    vector = [0.001] * 64
    for word in text.casefold().replace("vacation", "holiday").split():
        vector[zlib.crc32(word.strip(".,?!").encode()) % 64] += 1.0
    return vector
