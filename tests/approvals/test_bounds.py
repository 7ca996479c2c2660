"""What a yes in advance covers is compared as it is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.bounds import bounds_like, outside_of
from approvals.policy.cases import Subject
from core.origins import Origin
from tests.approvals.test_policy import PEOPLE, refund


def about(value: Any) -> Subject:
    pointers = ["/flags", "/flags/0", "/flags/0/on"]
    origins = dict.fromkeys(pointers, Origin.REQUESTER)
    return refund(None, args={"flags": value}, authority=("flags",), origins=origins)


@pytest.mark.parametrize(("given", "other"), [([1], [True]), ([{"on": 0}], [{"on": False}])])
def test_true_is_not_one_for_a_yes_in_advance(given: Any, other: Any) -> None:
    bounds = bounds_like(about(given), "1.0.0", at_most=None, recipients=(), free=())

    assert outside_of(bounds, about(given), PEOPLE, "1.0.0") is None
    assert outside_of(bounds, about(other), PEOPLE, "1.0.0") == "it is about something else"
