"""Money: integer minor units, read from how people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Money, NotMoney, parse_money


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("100 EUR", 10_000, "EUR"),
        ("EUR 180.00", 18_000, "EUR"),
        ("€1,250.5", 125_050, "EUR"),
        ("1.250,50 EUR", 125_050, "EUR"),
        ("1.250 EUR", 125_000, "EUR"),
        ("1 250 eur", 125_000, "EUR"),
        ("JPY 500", 500, "JPY"),
        ("KWD 1.2345".replace("5", ""), 1234, "KWD"),
        ("$0.99", 99, "USD"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, minor: int, currency: str) -> None:
    assert parse_money(text) == Money(minor, currency)


@pytest.mark.parametrize(
    "text", ["", "100", "EUR", "EUR 1 EUR", "1.005 EURO", "0.001 EUR,", "ten EUR"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotMoney, match=r"100 EUR|currency"):
        parse_money(text)


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(NotMoney, match="more decimals than JPY"):
        parse_money("JPY 1.5")


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert parse_money(str(money)) == money
