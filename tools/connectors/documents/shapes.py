"""Arguments and results of the documents tools."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Arguments, Result


class Search(Arguments):
    query: str = Field(min_length=1, max_length=200, description="Words to find")
    limit: int = Field(default=5, ge=1, le=20, description="How many documents at most")


class Read(Arguments):
    name: str = Field(
        min_length=1,
        max_length=300,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The document's name, as documents.search gave it",
    )
    page: int | None = Field(
        default=None, ge=1, le=10_000, description="One page of it; all pages when left out"
    )


class Hit(BaseModel):
    """The best page of one document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    page: int
    snippet: str


class DocumentsFound(Result):
    hits: tuple[Hit, ...]


class DocumentRead(Result):
    name: str
    text: str
    #: The page that was asked for, or None for all of them.
    page: int | None
    pages: int
    #: The text goes on: ask for single pages.
    truncated: bool
