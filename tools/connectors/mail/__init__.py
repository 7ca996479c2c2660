"""Mail: search and read a Maildir, send over SMTP.

Retry class of `mail.send`: *asks you*. SMTP offers neither a key nor a way to look, so a mail whose
fate is unclear is asked about, never sent again.
"""

from tools.connectors.mail.declarations import make

__all__ = ["make"]
