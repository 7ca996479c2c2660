"""One mail over SMTP, telling apart what was certainly not sent from what may have been."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import NoReturn

from tools.contract import Refused, Unavailable

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Server:
    """`password` may be empty: then nobody logs in."""

    host: str
    port: int
    user: str
    password: str

    @classmethod
    def at(cls, address: str, user: str, password: str) -> Server:
        """From `host:port`. Raises `Refused` for anything else."""
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise Refused("MAIL_SMTP is not like mail.example:587.", code="misconfigured")
        return cls(host, int(port), user, password)


def send(
    server: Server, message: EmailMessage, sender: str, to: Sequence[str], timeout_s: float
) -> None:
    """All recipients or none. Raises `Refused`, or `Unavailable` saying whether it may be out."""
    try:
        link = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable("The mail server does not answer.", reached=False) from error
    try:
        _address(link, server, sender, to)
        _hand_over(link, message)
    finally:
        _part(link)


def _address(link: smtplib.SMTP, server: Server, sender: str, to: Sequence[str]) -> None:
    """Everything before the letter itself: nothing is sent yet, whatever happens."""
    try:
        link.ehlo_or_helo_if_needed()
        _secure(link, server)
        _expect(link.mail(sender), 250, "")
        for address in to:
            _expect(link.rcpt(address), 250, f" for {address}")
        _expect(link.docmd("DATA"), 354, "")
    except smtplib.SMTPAuthenticationError as error:
        raise Refused("The mail server did not accept our login.", code="not_accepted") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable("The mail server broke off.", reached=False) from error


def _secure(link: smtplib.SMTP, server: Server) -> None:
    if link.has_extn("starttls") and server.host not in _LOOPBACK:
        link.starttls(context=ssl.create_default_context())
        link.ehlo()
    if server.password:
        link.login(server.user, server.password)


def _hand_over(link: smtplib.SMTP, message: EmailMessage) -> None:
    """The letter. From its last line on only the server's answer tells whether it is out."""
    content = re.sub(rb"(?m)^\.", b"..", message.as_bytes(policy=SMTP))
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    try:
        link.send(content + b".\r\n")
        answer = link.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(
            "The mail server broke off before it said whether the mail is out.", reached=True
        ) from error
    code, text = answer
    if code // 100 in (4, 5):
        _refuse(code, text.decode("utf-8", errors="replace"), "")
    if code // 100 != 2:  # whatever said this is no mail server's yes or no
        raise Unavailable("The mail server did not say whether the mail is out.", reached=True)


def _expect(answer: tuple[int, bytes], wanted: int, about: str) -> None:
    code, text = answer
    if code not in (wanted, 251):
        _refuse(code, text.decode("utf-8", errors="replace"), about)


def _refuse(code: int, text: str, about: str) -> NoReturn:
    if 400 <= code < 500:
        raise Unavailable(f"The mail server cannot take it now{about} ({code}).", reached=False)
    said = " ".join(text.split())[:200]
    raise Refused(f"The mail server refused it{about}: {said} ({code}).", code="mail_refused")


def _part(link: smtplib.SMTP) -> None:
    """Close without waiting for a word: all that matters was said."""
    try:
        link.docmd("QUIT")
    except (OSError, smtplib.SMTPException):
        link.close()
    else:
        link.close()
