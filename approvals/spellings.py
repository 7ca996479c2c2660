"""The same value in different spellings: amounts, addresses, dates and times, words and numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from core.money import Money, NotMoney, parse_money

_ADDRESS = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")
_NUMBER = r"(?:\d{1,3}(?:[ ']\d{3})+|\d+)(?:[.,]\d+)*"
_SYMBOLS = {"EUR": ("€",), "USD": ("$", "us$"), "GBP": ("£",)}
_NAMES = {
    "EUR": ("euro", "euros"),
    "USD": ("dollar", "dollars"),
    "GBP": ("pound", "pounds"),
}

#: What names a currency beside a number, so that the number is not without one.
_UNITS = (
    r"eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|jpy|cny|cad|aud|inr|try|"
    r"euros?|dollars?|pounds?|francs?|kronor|kr|yen|us\$|[€$£¥]"
)
_BARE = re.compile(
    rf"(?:(?<!\w)(?P<before>{_UNITS}) ?)?(?<![\w.,-])(?P<number>{_NUMBER})(?![\w-]|[.,]\d)"
    rf"(?P<after> ?(?:{_UNITS})(?!\w))?"
)


#: Beside these a number counts or dates something, and is no amount.
_BEFORE = re.compile(
    r"(?:\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?|\border|\binvoice|\bticket|"
    r"\bcustomer|\bpage|\broom|\bno\.?|\bnr\.?|\bnumber|\bversion|#) ?#?$"
)
_AFTER = re.compile(
    r"(?:st|[nr]d|th)\b|\.? ?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|:\d|"
    r" ?(?:%|percent\b|times\b|pieces\b|pcs\b|people\b|days?\b|weeks?\b|months?\b|years?\b|"
    r"hours?\b|h\b|min(?:utes?)?\b|am\b|pm\b|o'clock\b|uhr\b)"
)


class Spelled:
    """One text (or the values of one result), normalised once and asked often. Of `whole` values
    none is looked for within another, and only `amounts` are amounts."""

    def __init__(self, *texts: str, amounts: Sequence[Money] = (), whole: bool = False) -> None:
        # No normalised value holds a line break, so values never run together into a phrase.
        self._text = "\n".join(normal(text) for text in texts)
        self._values = frozenset(self._text.split("\n")) if whole else None
        self._amounts = frozenset(amounts)
        self._moneys: dict[str, frozenset[int]] = {}

    def has(self, value: str) -> bool:
        """Whether it holds this word, number or phrase, whole: 47 is not in 4711 nor in 47.50."""
        wanted = normal(value)
        if self._values is not None:
            return wanted in self._values
        before, after = r"(?<!\w)", r"(?!\w)"
        if wanted[:1].isdigit():
            before = r"(?<![\w-])(?<!\d[.,])"
        if wanted[-1:].isdigit():
            after = r"(?![\w-])(?![.,]\d)"
        return re.search(before + re.escape(wanted) + after, self._text) is not None

    def has_address(self, address: str) -> bool:
        return normal(address) in (self._addresses if self._values is None else self._values)

    def has_money(self, money: Money) -> bool:
        """Whether this very amount stands in it, in any spelling that names its currency."""
        if money in self._amounts or self._values is not None:
            return money in self._amounts
        if money.currency not in self._moneys:
            self._moneys[money.currency] = frozenset(_amounts(self._text, money.currency))
        return money.minor in self._moneys[money.currency]

    def has_bare_amount(self, money: Money, taken: set[str]) -> bool:
        """Whether the amount stands there without a currency. A number that another argument
        holds (an order number, say) is not taken for an amount."""
        return self._values is None and any(
            _minor(match["number"], money.currency) == money.minor
            for match in _BARE.finditer(self._text)
            if not match["before"] and not match["after"] and match["number"] not in taken
            if not self._counts(match)
        )

    def _counts(self, match: re.Match[str]) -> bool:
        """Whether this number stands there as something else than an amount."""
        before = self._text[max(0, match.start() - 16) : match.start()]
        return bool(_BEFORE.search(before) or _AFTER.match(self._text, match.end("number")))

    @cached_property
    def _addresses(self) -> frozenset[str]:
        return frozenset(match.rstrip(".-'") for match in _ADDRESS.findall(self._text))


def normal(text: str) -> str:
    """NFKC, without case, invisible characters and differences of white space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def is_address(value: str) -> bool:
    return _ADDRESS.fullmatch(normal(value)) is not None


def is_moment(value: str) -> bool:
    """`2026-11-24` or `2026-11-24T10:00`."""
    return _MOMENT.fullmatch(value.strip()) is not None


def moment_spellings(value: str) -> list[list[str]]:
    """The ways people write the date and, where there is one, the time of an ISO moment.

    Days named by their distance ("tomorrow") are not among them.
    """
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return [[value]]
    halves = [_day_spellings(at)]
    if len(value.strip()) > len("2026-11-24"):
        halves.append(_time_spellings(at))
    return halves


def _day_spellings(at: datetime) -> list[str]:
    day, year = at.day, at.year
    spellings = [
        f"{at:%Y-%m-%d}",
        f"{day}.{at.month}.{year}",
        f"{day:02}.{at.month:02}.{year}",
        f"{day}/{at.month}/{year}",
        f"{day:02}/{at.month:02}/{year}",
    ]
    for month in (_MONTHS[at.month - 1], _MONTHS[at.month - 1][:3]):
        spellings += [f"{day} {month}", f"{day}. {month}", f"{month} {day}", f"{day}th {month}"]
    return spellings


def _time_spellings(at: datetime) -> list[str]:
    half = "am" if at.hour < 12 else "pm"
    hour12 = at.hour % 12 or 12
    spellings = [f"{at:%H:%M}", f"{at.hour}:{at.minute:02}", f"{at.hour}.{at.minute:02}"]
    spellings += [f"{hour12}:{at.minute:02} {half}", f"{hour12}:{at.minute:02}{half}"]
    if at.minute == 0:
        spellings += [f"at {at.hour}", f"{hour12} {half}", f"{hour12}{half}"]
        spellings += [f"{at.hour} o'clock", f"{at.hour} h"]
    return spellings


def _amounts(text: str, currency: str) -> set[int]:
    """Minor units of every amount of this currency in a normalised text."""
    words = (currency.casefold(), *_NAMES.get(currency, ()), *_SYMBOLS.get(currency, ()))
    units = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    found: set[int] = set()
    for pattern in (
        rf"(?<!\w)(?:{units}) ?({_NUMBER})(?!\w|[.,]\d)",
        rf"(?<![\w.,-])({_NUMBER}) ?(?:{units})(?!\w)",
    ):
        for match in re.finditer(pattern, text):
            minor = _minor(match[1], currency)
            if minor is not None:
                found.add(minor)
    return found


def _minor(number: str, currency: str) -> int | None:
    try:
        return parse_money(f"{number} {currency}").minor
    except (NotMoney, ArithmeticError, ValueError):
        return None


_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
