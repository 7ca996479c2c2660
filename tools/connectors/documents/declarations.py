"""The documents connector's declarations."""

from __future__ import annotations

from core.origins import Origin
from tools.connectors.documents.operations import Operations
from tools.connectors.documents.shapes import DocumentRead, DocumentsFound, Read, Search
from tools.connectors.reading import read
from tools.contract import Connector, Ports, Setting

_VERSION = "1.0.0"
_TIMEOUT_S = 20.0
_SETTINGS = (Setting("DOCUMENTS_DIR", secret=False, about="folder of the documents to be read"),)


def make(ports: Ports) -> Connector:
    """The documents connector; it reads its settings when a tool runs."""
    does = Operations(ports.setting)
    return Connector(
        name="documents",
        version=_VERSION,
        settings=_SETTINGS,
        tools=(
            read(
                "documents.search",
                Search,
                DocumentsFound,
                does.search,
                yields=Origin.DOCUMENT,
                can="search documents",
                timeout_s=_TIMEOUT_S,
            ),
            read(
                "documents.read",
                Read,
                DocumentRead,
                does.read,
                yields=Origin.DOCUMENT,
                can="read a document",
                timeout_s=_TIMEOUT_S,
            ),
        ),
    )
