"""Arguments and results of the mail tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tools.contract import Arguments, Result

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = rf"^{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
#: No character that ends a line for any reader: a header takes none of them.
_ONE_LINE = r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$"
Address = Annotated[str, Field(pattern=_PLAIN, max_length=254)]


class Search(Arguments):
    query: str = Field(
        min_length=1, max_length=200, description="Words to find: a sender, or what it is about"
    )
    limit: int = Field(default=10, ge=1, le=50, description="How many letters at most")


class Read(Arguments):
    message_id: str = Field(
        pattern=r"^m_[0-9a-f]{16}$", description="The letter's id, as mail.search gave it"
    )


class Send(Arguments):
    to: tuple[Address, ...] = Field(
        min_length=1, max_length=20, description="Mail addresses of all who get it"
    )
    subject: str = Field(min_length=1, max_length=200, pattern=_ONE_LINE, description="One line")
    body: str = Field(min_length=1, max_length=50_000, description="The whole text of the mail")

    @field_validator("to")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len({address.lower() for address in value}) != len(value):
            raise ValueError("an address is named twice")
        return value


class LetterShort(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str
    sender: str
    subject: str
    #: ISO 8601 in UTC, as the letter says; empty when it says nothing usable.
    date: str
    box: str


class LettersFound(Result):
    messages: tuple[LetterShort, ...]


class LetterRead(Result):
    message_id: str
    sender: str
    to: str
    subject: str
    date: str
    text: str
    #: The text goes on, but no further was read.
    truncated: bool
    attachments: tuple[str, ...]


class Sent(Result):
    to: tuple[str, ...]
    subject: str
    #: The Message-ID header it went out with.
    message_id: str
