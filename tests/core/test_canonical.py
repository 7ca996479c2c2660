"""Digests: the same JSON has one spelling, and nothing loose gets in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from core.canonical import NotCanonical, canonical, digest
from core.origins import Origin

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


@given(_JSON)
@example({"\U0001f600": 1, "\ufb01": 2})
@example("".join(map(chr, [*range(0x30), 0x7F, 0x85, 0x2028, 0xFFFF, 0x10FFFF])))
@example({"a": [True, 1, -(2**53) + 1, {}, [], (1, "x")], "": "", "B": Origin.MODEL})
def test_it_is_spelled_as_rfc_8785_says(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ["\ud800", ["\udfff"], {"\ud800": 1}, {"a": "\ud800"}])
def test_text_that_is_not_unicode_is_refused(odd: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(odd)


@given(_JSON, _JSON)
def test_different_values_have_different_bytes(one: object, other: object) -> None:
    # True == 1 in Python, yet not in JSON: compare what they are, not only that they are equal.
    assert (canonical(one) == canonical(other)) == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
