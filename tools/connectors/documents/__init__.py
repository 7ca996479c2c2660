"""Documents: search and read a folder of text files and PDFs. Reads only."""

from tools.connectors.documents.declarations import make

__all__ = ["make"]
