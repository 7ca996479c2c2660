"""The index over meanings: one Chroma collection per workspace and embedding model.

Every failure is a `RecallError`: callers go on with words alone. Nothing phones home, and no call
waits longer than `timeout_s` (the client's own default is for ever).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

import chromadb
import httpx
from chromadb.config import Settings

from core.errors import ConfigError, RecallError

#: Texts -> one vector each. Made by `llm`; tests give a small deterministic one.
Embed = Callable[[list[str]], list[list[float]]]

#: Recall@10 at 100k entries: 0.75 with Chroma's default of 100, 0.96 with this.
_EF_SEARCH = 800


@dataclass(frozen=True)
class Hit:
    """A note's id and its cosine similarity to the query, at most 1.0."""

    id: str
    score: float


class Index:
    """Adds, finds and deletes note ids by meaning. Connects at first use; safe between threads."""

    def __init__(
        self, url: str, *, workspace_id: str, embed: Embed, model: str, timeout_s: float = 5.0
    ) -> None:
        """`model` names the embedding: vectors of different models never meet in one collection."""
        self.model = model
        self._host, self._port, self._ssl = _address(url)
        self._name = _collection_name(workspace_id, model)
        self._embed = embed
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._collection: Any = None

    def add(self, note_id: str, text: str) -> None:
        """Put a note in, or in anew. Raises `RecallError`."""
        vector = self._vector(text)
        self._ask(lambda found: found.upsert(ids=[note_id], embeddings=[vector]))

    def search(self, query: str, *, limit: int) -> list[Hit]:
        """The nearest notes, best first. Raises `RecallError`."""
        vector = self._vector(query)
        answer = self._ask(
            lambda found: found.query(
                query_embeddings=[vector], n_results=limit, include=["distances"]
            )
        )
        pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
        return [Hit(note_id, 1.0 - float(distance)) for note_id, distance in pairs]

    def delete(self, note_id: str) -> None:
        """Take a note out; taking out what is not there changes nothing. Raises `RecallError`."""
        self._ask(lambda found: found.delete(ids=[note_id]))

    def ids(self) -> set[str]:
        """Every note it holds. Raises `RecallError`."""
        return set(self._ask(lambda found: found.get(include=[]))["ids"])

    def _vector(self, text: str) -> list[float]:
        try:
            return self._embed([text])[0]
        except Exception as error:
            raise RecallError("What a note means cannot be worked out right now.") from error

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        try:
            return question(self._connected())
        except RecallError:
            raise
        except Exception as error:
            with self._lock:
                self._collection = None  # a restarted or emptied server is asked anew
            raise RecallError() from error

    def _connected(self) -> Any:
        with self._lock:
            if self._collection is None:
                self._collection = self._connect()
            return self._collection

    def _connect(self) -> Any:
        # The client's constructor asks the server without any time limit: ask first, with one.
        scheme = "https" if self._ssl else "http"
        heartbeat = f"{scheme}://{self._host}:{self._port}/api/v2/heartbeat"
        httpx.get(heartbeat, timeout=self._timeout_s).raise_for_status()
        client = chromadb.HttpClient(
            host=self._host,
            port=self._port,
            ssl=self._ssl,
            settings=Settings(anonymized_telemetry=False),
        )
        session: httpx.Client = client._server._session  # type: ignore[attr-defined]
        session.timeout = httpx.Timeout(self._timeout_s)
        return client.get_or_create_collection(
            self._name,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}},
            metadata={"model": self.model},
        )


def _address(url: str) -> tuple[str, int, bool]:
    parsed = urlparse(url)
    if parsed.scheme not in ("http", "https") or not parsed.hostname:
        raise ConfigError(f"CHROMA_URL is {url!r}: write it like http://127.0.0.1:8306")
    secure = parsed.scheme == "https"
    return parsed.hostname, parsed.port or (443 if secure else 80), secure


def _collection_name(workspace_id: str, model: str) -> str:
    tag = hashlib.sha256(f"{workspace_id}\x1f{model}".encode()).hexdigest()[:32]
    return f"notes-{tag}"
