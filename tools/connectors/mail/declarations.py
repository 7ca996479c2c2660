"""The mail connector's declarations."""

from __future__ import annotations

from core.origins import Origin
from tools.connectors.mail.operations import Operations
from tools.connectors.mail.shapes import LetterRead, LettersFound, Read, Search, Send, Sent
from tools.connectors.reading import read
from tools.contract import Connector, Effect, Ports, Record, Retry, Setting, Tool

_VERSION = "1.0.0"
#: How long a mail server may still be taking over what it was handed when the line broke.
_SETTLE_S = 20.0
_SETTINGS = (
    Setting("MAIL_SMTP", secret=False, about="host:port of the server that mail is sent by"),
    Setting("MAIL_PASSWORD", secret=True, about="password of MAIL_FROM there; empty for no login"),
    Setting("MAIL_FROM", secret=False, about="the address that mail is sent from"),
    Setting("MAIL_BOX", secret=False, about="folder with a Maildir for each address"),
    Setting("MAIL_SHARED", secret=False, about="addresses whose mail everybody served may read"),
)


def make(ports: Ports) -> Connector:
    """The mail connector; it reads its settings when a tool runs."""
    does = Operations(ports.setting, ports.directory)
    return Connector(
        name="mail",
        version=_VERSION,
        settings=_SETTINGS,
        tools=(
            read(
                "mail.search",
                Search,
                LettersFound,
                does.search,
                yields=Origin.MAIL,
                can="search your mail",
            ),
            read("mail.read", Read, LetterRead, does.read, yields=Origin.MAIL, can="read a letter"),
            _send(does),
        ),
    )


def _send(does: Operations) -> Tool:
    return Tool(
        name="mail.send",
        version=_VERSION,
        args=Send,
        result=Sent,
        effect=Effect.IRREVERSIBLE,
        retry=Retry.NEITHER,
        settle_s=_SETTLE_S,
        run=does.send,
        record=Record(does.sent_recorded),
        unrecorded="a mail that lies in no box of ours; people delete letters, and what left the "
        "company is not there",
        preview=does.preview_send,
        done=lambda _args, result: f"Mail sent to {', '.join(result.to)}",
        scopes=("mail:send",),
        authority=("to",),
        editable=("to", "subject", "body"),
        reaches_out=True,
        yields=Origin.FIRST_PARTY,
        can="send a mail",
        timeout_s=15.0,
        per_minute=20,
        hold_s=20,
    )
