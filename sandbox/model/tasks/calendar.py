"""Meetings: free times, booking, moving, cancelling, the day's list."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import date, datetime, time

from sandbox.model import dates, values
from sandbox.model.results import Result, rows, said
from sandbox.model.scene import Answer, Call, Scene, Task, ask, failed, found, one, unread
from sandbox.model.tasks.people import addresses

_WITH = re.compile(
    r"\b(?:with|invite|for|of|is|are)\s+(?P<who>(?!\d)[\w.@'\u2019+-]+"
    r"(?:(?:\s*,\s*|\s+and\s+|\s*&\s*|\s+)[\w.@'\u2019+-]+)*)",
    re.I,
)
_WHO_ENDS = re.compile(
    r"\s*,?\s*\b(?:and\s+)?(?:on|at|to|from|for|about|called|titled|tomorrow|today|next|this|in|the|a|an|free|available|"
    r"day after|(?:mon|tues|wednes|thurs|fri|satur|sun)day|to discuss|half|min\w*|\d\S*)(?!\w).*$",
    re.I | re.S,
)
_TITLE = re.compile(
    r"\b(?:called|titled|about|to discuss|to talk about|on the subject of|title:?)\s+"
    r"(?:\"(?P<q>[^\"]+)\"|“(?P<s>[^”]+)”|(?P<p>.+?))(?=\s*(?:[.!?]|\bwith\b|\bon\b|\bat\b|\btomorrow\b|\btoday\b|$))",
    re.I,
)
_NAMED = re.compile(
    r"\b(?:the|my|our)\s+(?P<title>[\w -]+?)\s+(?:meeting|call|event|slot|appointment)\b", re.I
)
_KIND = re.compile(r"\b(?P<title>stand-?up|sync|review|catch-?up)\b", re.I)
_NOT_TITLES = {"", "a", "next", "last", "that", "this"}

Listing = Generator[tuple[Call, ...], tuple[Result, ...], dict[str, object] | Answer]


def meeting_create(scene: Scene, request: str) -> Task:
    """Book: needs people, one day, one time and a length; asks for the first that is missing."""
    people = named_people(request)
    if not people:
        return ask("Who is the meeting with?")
    slot = _slot(scene, request)
    if isinstance(slot, Answer):
        return slot
    length = dates.minutes(request)
    if length is None:
        return ask("How long should the meeting be?")
    attendees = yield from addresses(scene, people)
    if isinstance(attendees, Answer):
        return attendees
    # Whoever asks is there anyway.
    attendees = [one for one in attendees if one != scene.conversation.asker.mail]
    title = _title(request) or f"Meeting with {' and '.join(n for n in people if n != 'me')}"
    start = f"{slot[0].isoformat()}T{slot[1]:%H:%M}"
    result = yield from one(
        "meeting_create", title=title, start=start, minutes=length, attendees=attendees
    )
    if result.failure:
        return failed(result)
    booked, minutes = said(result.value, "title") or title, said(result.value, "minutes") or length
    return found(f"Booked “{booked}” on {_when(result, *slot)} for {minutes} minutes.", result)


def meeting_move(scene: Scene, request: str) -> Task:
    """Move: the meeting is found in the calendar of its day, then gets its new start."""
    before, _, after = request.rpartition(" to ")
    if not before:
        return ask("When shall the meeting start instead?")
    new_times = dates.times(after, bare=True)
    if len(new_times) != 1:
        return ask("At what time shall the meeting start instead? For example “to 11:00”.")
    if dates.is_vague(after, new_times[0]):
        return ask(_vague(new_times[0]))
    meeting = yield from _find_meeting(scene, before)
    if isinstance(meeting, Answer):
        return meeting
    new_day = next(iter(dates.days(after, scene.today)), None) or _meeting_day(scene, before)
    start = f"{new_day.isoformat()}T{new_times[0]:%H:%M}"
    result = yield from one("meeting_move", uid=said(meeting, "uid", "id"), start=start)
    if result.failure:
        return failed(result)
    title = said(meeting, "title", "summary")
    return found(f"Moved “{title}” to {_when(result, new_day, new_times[0])}.", result)


def meeting_cancel(scene: Scene, request: str) -> Task:
    """Cancel: the meeting is found in the calendar of its day."""
    meeting = yield from _find_meeting(scene, request)
    if isinstance(meeting, Answer):
        return meeting
    result = yield from one("meeting_cancel", uid=said(meeting, "uid", "id"))
    if result.failure:
        return failed(result)
    return found(f"Cancelled “{said(meeting, 'title', 'summary')}”.", result)


def free_times(scene: Scene, request: str) -> Task:
    """When are these people (or the asker) free on a day?"""
    people = named_people(request) or ("me",)
    if re.search(r"\bwith\b", request, re.I) and scene.conversation.asker.mail:
        people = tuple(dict.fromkeys(("me", *people)))  # a time with Finn is one for both
    day = _day(scene, request)
    if isinstance(day, Answer):
        return day
    attendees = yield from addresses(scene, people)
    if isinstance(attendees, Answer):
        return attendees
    result = yield from one("free_times", people=attendees, day=day.isoformat())
    if result.failure:
        return unread(result)
    slots = [_slot_line(row) for row in rows(result.value)]
    listed = ", ".join(slot for slot in slots if slot) or said(
        result.value, "free", "slots", "times"
    )
    return found(f"Free on {_spoken(day)}: {listed or 'no time'}.", result)


def agenda(scene: Scene, request: str) -> Task:
    """What is on a day; today when none is named."""
    if not scene.has_today:
        return ask("Which day do you mean? Give me a date like 2026-11-20.")
    day = next(iter(dates.days(request, scene.today)), scene.today)
    result = yield from one("meeting_list", day=day.isoformat())
    if result.failure:
        return unread(result)
    lines = [f"- {said(r, 'start')[-5:]} {said(r, 'title', 'summary')}" for r in rows(result.value)]
    begin = f"On {_spoken(day)}:\n" + "\n".join(lines) if lines else f"Nothing on {_spoken(day)}."
    return found(begin, result)


def named_people(request: str) -> tuple[str, ...]:
    """Who is meant by "with Finn and Olga"; addresses count, days and times do not."""
    people: list[str] = []
    for match in _WITH.finditer(request):
        phrase = _WHO_ENDS.sub("", " " + match["who"])
        people += [n for n in values.names(phrase) if n.lower() not in {"i", "we", "there", "any"}]
        if people:
            break
    return tuple("me" if name.lower() in ("me", "myself", "my") else name for name in people)


def _slot(scene: Scene, request: str) -> tuple[date, time] | Answer:
    day = _day(scene, request)
    if isinstance(day, Answer):
        return day
    found_times = dates.times(request)
    if not found_times:
        return ask("At what time? For example “at 10:00”.")
    # "from 10 to 11" names the end too; the first is the start. Two starts are a question.
    if len(found_times) > 1 and dates.minutes(request) is None:
        return ask("Which time do you mean? Tell me one.")
    return (
        ask(_vague(found_times[0]))
        if dates.is_vague(request, found_times[0])
        else (day, found_times[0])
    )


def _day(scene: Scene, request: str) -> date | Answer:
    if not scene.has_today:
        return ask("Which day do you mean? Give me a date like 2026-11-20.")
    named = dates.days(request, scene.today)
    if len(named) != 1:
        return ask("Which day do you mean? Tell me one, like “tomorrow” or 2026-11-20.")
    return named[0]


def _meeting_day(scene: Scene, request: str) -> date:
    return next(iter(dates.days(request, scene.today)), scene.today)


def _find_meeting(scene: Scene, request: str) -> Listing:
    """The one meeting of the day that fits what was said about it; an Answer asks otherwise."""
    if not scene.has_today:
        return ask("Which day is the meeting? Give me a date like 2026-11-20.")
    day = _meeting_day(scene, request)
    listed = yield from one("meeting_list", day=day.isoformat())
    if listed.failure:
        return unread(listed)
    fitting = [row for row in rows(listed.value) if _fits(row, request)]
    if len(fitting) == 1:
        return fitting[0]
    options = "; ".join(f"{said(r, 'start')[-5:]} {said(r, 'title', 'summary')}" for r in fitting)
    if fitting:
        return Answer(f"Which meeting on {_spoken(day)} do you mean: {options}?", False)
    return Answer(
        f"I found no such meeting on {_spoken(day)}. Which day is it, and what is it called?",
        False,
    )


def _fits(row: dict[str, object], request: str) -> bool:
    """Everything said about the meeting must be found in it: people, title, time."""
    about = f"{row}".lower()
    people = [name for name in named_people(request) if name != "me"]
    wanted = [name.split("@")[0].split()[0] for name in people]
    match = _NAMED.search(request) or (None if people else _KIND.search(request))
    title = re.sub(r"\d\S*", "", match["title"]).strip().lower() if match else ""
    if title not in _NOT_TITLES and not dates.days(title, date(2000, 1, 3)):
        wanted.append(title)
    at = [f"{found_time:%H:%M}" for found_time in dates.times(request)]
    return all(word.lower() in about for word in wanted) and all(
        t in said(row, "start") for t in at
    )


def _title(request: str) -> str:
    match = _TITLE.search(request)
    title = str(match["q"] or match["s"] or match["p"]).strip() if match else ""
    return title[:1].upper() + title[1:]


def _vague(at: time) -> str:
    return f"Do you mean {at:%H:%M} or {at.hour + 12}:{at:%M}?"


def _when(result: Result, day: date, at: time) -> str:
    """The start as the calendar has it; what was asked for only where it does not say."""
    try:
        start = datetime.fromisoformat(said(result.value, "start"))
    except ValueError:
        return _spoken(day, at)
    return _spoken(start.date(), start.time())


def _spoken(day: date, at: time | None = None) -> str:
    return f"{day:%A} {day.isoformat()}" + (f" at {at:%H:%M}" if at else "")


def _slot_line(row: dict[str, object]) -> str:
    start, end = said(row, "start", "from"), said(row, "end", "until", "to")
    return f"{start[-5:]} to {end[-5:]}" if start and end else start
