"""Working time over weekends, holidays and nights in which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.hours import Hours, read_days, read_hours
from approvals.spans import Span, read_span

BERLIN = Hours("Europe/Berlin")
#: Works through the hours in which clocks change, in zones that change by one hour and by half.
NIGHTS = Hours("Europe/Berlin", 0, 24 * 60, frozenset(range(7)))
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20 09:00", 4, "2026-11-20 13:00"),  # Friday 10:00 in Berlin
        ("2026-11-20 09:00", 8, "2026-11-23 09:00"),  # over the weekend
        ("2026-11-20 20:00", 1, "2026-11-23 09:00"),  # asked in the evening
        ("2026-11-21 12:00", 8, "2026-11-23 16:00"),  # asked on a Saturday: to Monday's end
        ("2026-12-24 15:00", 2, "2026-12-28 09:00"),  # Christmas Day is off, then a weekend
    ],
)
def test_a_span_is_counted_in_working_hours(start: str, hours: int, due: str) -> None:
    worker = Hours("Europe/Berlin", holidays=frozenset({date(2026, 12, 25)}))

    assert worker.after(utc(start), hours * 3600) == utc(due)


def test_the_end_of_the_day_is_no_working_time_and_its_beginning_is() -> None:
    assert BERLIN.is_working(utc("2026-11-20 08:00"))
    assert not BERLIN.is_working(utc("2026-11-20 16:00"))
    assert BERLIN.next_working(utc("2026-11-20 16:00")) == utc("2026-11-23 08:00")
    assert BERLIN.next_working(utc("2026-11-20 10:00")) == utc("2026-11-20 10:00")


def test_clocks_that_change_at_night_move_the_day_not_its_length() -> None:
    before, after = utc("2026-10-23 12:00"), utc("2026-10-26 12:00")

    assert BERLIN.next_working(utc("2026-10-23 20:00")) == utc("2026-10-26 08:00")
    assert BERLIN.worked(before, after) == (3 + 4) * 3600


def test_whoever_works_through_the_change_works_the_hours_there_are() -> None:
    spring = (utc("2026-03-28 23:00"), utc("2026-03-29 22:00"))
    autumn = (utc("2026-10-24 22:00"), utc("2026-10-25 23:00"))

    assert [NIGHTS.worked(*day) // 3600 for day in (spring, autumn)] == [23, 25]


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    begin = draw(st.integers(0, 1380))
    return Hours(
        draw(st.sampled_from(ZONES)),
        begin,
        draw(st.integers(begin + 60, 1440)),
        frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        frozenset(draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5))),
    )


moments = st.integers(1_767_225_600, 1_798_675_200).map(lambda at: datetime.fromtimestamp(at, UTC))


@settings(deadline=None)
@given(hours(), moments, st.integers(0, 200_000))
def test_what_was_added_is_what_was_worked(worker: Hours, start: datetime, seconds: int) -> None:
    due = worker.after(start, seconds)

    assert worker.worked(start, due) == seconds
    assert due >= start
    if seconds:
        assert worker.is_working(due - timedelta(seconds=1))


@settings(deadline=None)
@given(hours(), st.lists(moments, min_size=3, max_size=3))
def test_time_worked_adds_up(worker: Hours, points: list[datetime]) -> None:
    first, *_, last = sorted(points)

    parts = [worker.worked(one, two) for one, two in pairwise(sorted(points))]

    assert sum(parts) == worker.worked(first, last)
    assert worker.worked(last, first) == 0


@given(hours(), moments)
def test_the_next_working_moment_is_the_first(worker: Hours, at: datetime) -> None:
    following = worker.next_working(at)

    assert worker.is_working(following)
    assert worker.worked(at, following) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("09:00-17:00", (540, 1020)),
        ("9:30 - 24:00", (570, 1440)),
        ("22:00-06:00", (1320, 360)),
        ("9-17", None),
        ("09:00", None),
        ("09:60-10:00", None),
        ("25:00-26:00", None),
        ("10:00-10:00", None),
    ],
)
def test_hours_are_read(text: str, found: tuple[int, int] | None) -> None:
    assert read_hours(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("Sat", {5}),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon-wed, fri", {0, 1, 2, 4}),
        ("monday", None),
        ("mon-", None),
        ("", None),
    ],
)
def test_days_are_read(text: str, found: set[int] | None) -> None:
    assert read_days(text) == found


@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("3 days", Span(3 * 86_400), "3 days"),
        ("30 min", Span(1800), "30 minutes"),
        ("1 h", Span(3600), "1 hour"),
        ("4 working hours", Span(4 * 3600, working=True), "4 working hours"),
        ("1 working day", Span(8 * 3600, working=True), "1 working day"),
        ("90 m", Span(5400), "90 minutes"),
        ("0 h", None, ""),
        ("soon", None, ""),
    ],
)
def test_spans_are_read_and_said(text: str, span: Span | None, words: str) -> None:
    assert read_span(text) == span
    if span is not None:
        assert span.words == words
