"""Invented people."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("names.yaml")


def customers(chance: random.Random, count: int) -> list[dict[str, str]]:
    """`id`, `name`, `email`, `city` each; every name once. The first is Mara Lind, the second
    Jon Dahl."""
    known = _known()
    pairs = [f"{first} {last}" for first in known["first"] for last in known["last"]]
    names = ["Mara Lind", "Jon Dahl", *chance.sample(pairs, count - 2)]
    return [
        {
            "id": f"c_{number:04d}",
            "name": name,
            "email": mail_of(name),
            "city": chance.choice(known["cities"]),
        }
        for number, name in enumerate(names, 1001)
    ]


def somebody(chance: random.Random) -> str:
    """A name, as likely as any other."""
    return f"{chance.choice(_known()['first'])} {chance.choice(_known()['last'])}"


def mail_of(name: str, domain: str = "post.example") -> str:
    return f"{name.lower().replace(' ', '.')}@{domain}"


@cache
def _known() -> dict[str, list[str]]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
