"""Digests: the same JSON has one spelling, and nothing loose gets in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import NotCanonical, canonical, digest

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_key_order_does_not_change_a_digest() -> None:
    assert digest({"a": 1, "b": [True, None]}) == digest({"b": [True, None], "a": 1})
    assert canonical({"b": 1, "a": "€"}) == '{"a":"€","b":1}'.encode()


@pytest.mark.parametrize(
    "loose", [1.5, Decimal("1.5"), datetime(2026, 1, 1, tzinfo=UTC), b"x", {1: 2}]
)
def test_loose_values_are_refused_by_place(loose: object) -> None:
    with pytest.raises(NotCanonical, match=r"\$\.amount"):
        canonical({"amount": loose})


def test_integers_beyond_what_json_carries_are_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical({"n": 2**53 + 1})


@given(_JSON, _JSON)
def test_different_values_have_different_bytes(one: object, other: object) -> None:
    # True == 1 in Python, yet not in JSON: compare what they are, not only that they are equal.
    assert (canonical(one) == canonical(other)) == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
