"""Values in a request: order numbers, amounts, SKUs, addresses, names. Never guessed."""

from __future__ import annotations

import re

from core.errors import SignoffError
from core.money import Money, parse_money

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_UNIT = r"(?:EUR|USD|GBP|CHF|SEK|€|\$|£)"
_NUMBER = r"\d+(?:[.,']\d+)*"
_AMOUNT = re.compile(
    rf"(?<![\w-]){_UNIT}\s*{_NUMBER}(?![\w%])"
    # A number before a unit that has its own number after it ("order 4711 EUR 180") is none.
    rf"|(?<![\w.,#-])(?<!order ){_NUMBER}\s*(?:{_UNIT}(?!\w|\s*\d)|euros?\b|dollars?\b|pounds?\b)",
    re.IGNORECASE,
)
_SPELT = (("euros?", "EUR"), ("dollars?", "USD"), ("pounds?", "GBP"))
_SKU = re.compile(r"\b(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{2,}(?:-[A-Z0-9]+)+\b")
_SAID_SKU = re.compile(r"\bsku:?\s*#?([\w-]+)", re.IGNORECASE)
_DATES = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:T[\d:]+)?\b|\b\d{1,2}\.\d{1,2}\.(?:\d{4})?|\b\d{1,2}:\d{2}\b"
)
_ORDER_WORD = re.compile(r"\border|#\d", re.IGNORECASE)


def amounts(text: str) -> tuple[Money, ...]:
    """Every distinct amount with its currency, in order; a bare number is not an amount."""
    found: dict[Money, None] = {}
    for match in _AMOUNT.finditer(text):
        try:
            found[parse_money(_spelt(match[0]))] = None
        except SignoffError:
            continue
    return tuple(found)


def order_numbers(text: str) -> tuple[str, ...]:
    """Every distinct order number; amounts, dates, times, SKUs and addresses are not one."""
    for other in (_AMOUNT, _DATES, _SKU, ADDRESS):
        text = other.sub(" ", text)
    shortest = 3 if _ORDER_WORD.search(text) else 4
    return tuple(
        dict.fromkeys(re.findall(rf"(?<![\w.,-])#?(\d{{{shortest},8}})(?![\w-]|[.,]\d)", text))
    )


def bare_numbers(text: str) -> tuple[int, ...]:
    """Whole numbers that are neither part of an amount, a SKU, a date nor an order number."""
    for other in (_AMOUNT, _DATES, _SKU, ADDRESS):
        text = other.sub(" ", text)
    return tuple(int(n) for n in re.findall(r"(?<![\w.,#-])(\d{1,6})(?![\w-]|[.,]\d)", text))


def sku(text: str) -> str | None:
    """A product code like TENT-2, or what follows the word SKU; None when there is no one such."""
    said = _SAID_SKU.search(text)
    found = dict.fromkeys(_SKU.findall(text))
    if said:
        return said[1].upper()
    return next(iter(found)) if len(found) == 1 else None


def names(text: str) -> tuple[str, ...]:
    """People and addresses in a phrase like `Finn, Olga and mara@example.com`."""
    parts = re.split(r"\s*(?:,|&|\band\b)\s*", text.strip(" .!?;:"))
    cleaned = (re.sub(r"['\u2019]s$", "", part.strip(" .!?;:\"'“”")) for part in parts)
    return tuple(dict.fromkeys(part for part in cleaned if part))


def _spelt(amount: str) -> str:
    for word, code in _SPELT:
        amount = re.sub(rf"\s*\b{word}\b|(?<=\d){word}\b", f" {code}", amount, flags=re.IGNORECASE)
    return amount
