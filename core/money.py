"""Money: integer minor units and a currency, never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from core.errors import SignoffError

#: ISO 4217 minor-unit digits where they are not two.
_DIGITS = {"JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "BHD": 3, "TND": 3}
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP"}
_AMOUNT = re.compile(
    r"^\s*(?:(?P<before>[A-Za-z]{3}|[€$£])\s*)?(?P<number>\d[\d.,' ]*)"
    r"\s*(?P<after>[A-Za-z]{3}|[€$£])?\s*$"
)


class NotMoney(SignoffError):
    """This is not an amount with a currency, like 100 EUR."""


@dataclass(frozen=True, order=True)
class Money:
    """`minor` counts the currency's smallest unit: EUR 180.00 is Money(18000, "EUR")."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise NotMoney(f"{self.currency!r} is not a currency code like EUR")

    def __str__(self) -> str:
        digits = _DIGITS.get(self.currency, 2)
        sign = "-" if self.minor < 0 else ""
        whole, rest = divmod(abs(self.minor), 10**digits)
        fraction = f".{rest:0{digits}d}" if digits else ""
        return f"{self.currency} {sign}{whole:,}{fraction}"


def parse_money(text: str) -> Money:
    """`100 EUR`, `EUR 180.00`, `€1,250.5` or `1.250,50 EUR` as Money.

    A lone separator followed by exactly three digits groups thousands; otherwise the last
    separator is the decimal one. Raises `NotMoney` for anything else.
    """
    match = _AMOUNT.match(text)
    if not match or bool(match["before"]) == bool(match["after"]):
        raise NotMoney(f"{text!r} is not an amount with a currency, like 100 EUR")
    unit = match["before"] or match["after"]
    currency = _SYMBOLS.get(unit, unit.upper())
    digits = _DIGITS.get(currency, 2)
    try:
        scaled = _number(match["number"], digits).scaleb(digits)
    except InvalidOperation as error:
        raise NotMoney(f"{text!r} is not an amount with a currency, like 100 EUR") from error
    if scaled != scaled.to_integral_value():
        raise NotMoney(f"{text!r} has more decimals than {currency} has")
    return Money(int(scaled), currency)


def _number(text: str, digits: int) -> Decimal:
    text = text.strip().replace(" ", "").replace("'", "")
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return Decimal(text)
    separator, tail = text[last], text[last + 1 :]
    other = "," if separator == "." else "."
    # KWD 1.234 has three decimals; everywhere else 1.234 groups thousands.
    grouped = len(tail) == 3 and other not in text and not (digits == 3 and separator == ".")
    if grouped or text.count(separator) > 1:
        return Decimal(text.replace(",", "").replace(".", ""))
    return Decimal(text[:last].replace(",", "").replace(".", "") + "." + tail)
