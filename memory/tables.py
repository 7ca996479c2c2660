"""What is remembered. Chroma's index can be lost and made again from these rows."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.db import UtcDateTime


class Note(SQLModel, table=True):
    """A sentence somebody asked us to remember, with where it came from and how long it holds."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: Makes remembering happen once: the key of the call that asked for it.
    key: str = Field(unique=True)
    #: Empty once forgotten.
    text: str
    #: The text as it is searched: NFKC, case folded. Empty once forgotten.
    folded: str
    #: The person's name, as recall shows it.
    author: str
    #: What an answer cites, like `note by Ana Berg`.
    source: str
    #: Where its words came from (`core.origins.Origin`): what a letter says stays a letter's.
    origin: str
    #: When it was true: it may be corrected by a later note, never overwritten.
    valid_at: datetime = Field(sa_type=UtcDateTime)
    #: From here on it is marked as past its time; from `expires_at` on it is not recalled.
    stale_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    #: note | policy | preference: how long its kind is kept.
    retention: str = "note"
    schema_version: int = 1
    #: Which embedding its index entry was made with; null while it is not indexed.
    indexed_with: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    forgotten_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    #: The key of the call that asked for it to be forgotten.
    forgotten_by: str | None = None
