"""Where a value came from. The order is trust, most trusted first."""

from __future__ import annotations

from enum import StrEnum


class Origin(StrEnum):
    #: Typed by the person who asked.
    REQUESTER = "requester"
    #: Typed by somebody who changed the request before it was approved.
    EDITOR = "editor"
    #: From our own systems: shop, calendar, people directory.
    FIRST_PARTY = "first_party"
    #: Another person's words in Slack, or a note they left.
    COLLEAGUE = "colleague"
    #: In somebody's message, but as somebody else's words: quoted, or the hidden end of a link.
    QUOTED = "quoted"
    #: What another system told us of.
    EVENT = "event"
    MAIL = "mail"
    DOCUMENT = "document"
    WEB = "web"
    #: Matches nothing that was read: made up by the model.
    MODEL = "model"

    @property
    def trusted(self) -> bool:
        """Quotations, events, mail, documents, web and the model's own inventions are not."""
        return self in _TRUSTED

    @property
    def words(self) -> str:
        """How a card names it."""
        return _WORDS[self]


_TRUSTED = frozenset({Origin.REQUESTER, Origin.EDITOR, Origin.FIRST_PARTY, Origin.COLLEAGUE})
_WORDS = {
    Origin.REQUESTER: "typed by the asker",
    Origin.EDITOR: "typed by whoever changed it",
    Origin.FIRST_PARTY: "from our own records",
    Origin.COLLEAGUE: "from a colleague's message",
    Origin.QUOTED: "quoted in a message",
    Origin.EVENT: "from another system's event",
    Origin.MAIL: "from a letter",
    Origin.DOCUMENT: "from a document",
    Origin.WEB: "from the web",
    Origin.MODEL: "made up by the model",
}
TRUST_ORDER = tuple(Origin)
