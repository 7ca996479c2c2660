"""Letters in the mailboxes: complaints, meeting requests, notes inside, and Kappel's letter."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox.office.seeds.names import mail_of, somebody

BOXES = ("support", "ana", "finn", "olga", "sam", "signoff")
_DOMAIN = "lindqvist.example"
_FILE = Path(__file__).with_name("letters.yaml")


@dataclass(frozen=True)
class Letter:
    """`days` before the office was made it came to `box`."""

    box: str
    sender: str
    subject: str
    text: str
    days: int
    html: str = ""


def write_mailboxes(root: Path, *, seed: int, today: date) -> None:
    """A Maildir for each address of the company, and the empty `outside`."""
    for name in (*(f"{box}@{_DOMAIN}" for box in BOXES), "outside"):
        for part in ("cur", "new", "tmp"):
            (root / name / part).mkdir(parents=True)
    for number, letter in enumerate(letters(seed), 1):
        came = datetime(today.year, today.month, today.day, 7, tzinfo=UTC)
        came += timedelta(minutes=(number * 37) % 600) - timedelta(days=letter.days)
        message = _message(letter, number, came)
        name = f"{int(came.timestamp())}.P{number:03d}.practice"
        path = root / f"{letter.box}@{_DOMAIN}" / "new" / name
        path.write_bytes(message.as_bytes())


def letters(seed: int) -> list[Letter]:
    """About forty, in a fixed order for the same seed."""
    chance = random.Random(f"{seed}:letters")
    known = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    told = [Letter(**fields) for fields in known["letters"]]
    complaints = [_complaint(chance, one) for one in known["complaints"] for _ in range(2)]
    return told + complaints + [_request(chance, one) for one in known["requests"]]


def _complaint(chance: random.Random, told: dict[str, Any]) -> Letter:
    name, order = somebody(chance), chance.randint(4_300, 4_700)
    return Letter(
        box="support",
        sender=f"{name} <{mail_of(name)}>",
        subject=f"{told['subject']} ({order})",
        text=told["text"].format(order=order, name=name),
        days=chance.randint(1, 20),
    )


def _request(chance: random.Random, told: dict[str, Any]) -> Letter:
    name = somebody(chance)
    return Letter(
        box=told["box"],
        sender=f"{name} <{mail_of(name, told['firm'] + '.example')}>",
        subject=f"Meeting with {told['firm'].replace('-', ' ').title()}",
        text=told["text"].format(name=name),
        days=chance.randint(1, 12),
    )


def _message(letter: Letter, number: int, came: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = letter.sender
    message["To"] = f"{letter.box}@{_DOMAIN}"
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(came)
    message["Message-ID"] = f"<practice-{number:03d}@post.example>"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
        message.set_boundary(f"practice-{number:03d}")
    return message
