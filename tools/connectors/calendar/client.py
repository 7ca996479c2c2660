"""CalDAV (RFC 4791), as far as it is needed. Each person's calendar lies at
`<address>/calendar/` below CALENDAR_URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from tools.connectors.calendar.times import Span
from tools.connectors.link import Link, Reply
from tools.contract import Refused, Unavailable

_NAMES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}
_QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/>
<D:getlastmodified/>{data}</D:prop><C:filter><C:comp-filter name="VCALENDAR">
<C:comp-filter name="VEVENT">{filter}</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
_LIST = """<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>"""
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_ICAL = {"Content-Type": "text/calendar; charset=utf-8"}
_CHANGED = 412


@dataclass(frozen=True)
class Held:
    """An event's file: where it lies, which version, its text, and when it was last written as
    the server says, where it does."""

    path: str
    etag: str
    text: str
    written: datetime | None = None


class Changed(Exception):
    """The precondition of a write did not hold: nothing was written."""


class CalendarClient:
    """Raises `Refused` and `Unavailable`; writes with a precondition raise `Changed` too."""

    def __init__(self, url: str, login: tuple[str, str], timeout_s: float) -> None:
        self._prefix = urlsplit(url).path.rstrip("/")
        self._link = Link("The calendar", url, timeout_s, login=login if login[0] else None)

    def addresses(self) -> list[str]:
        """Whose calendars there are."""
        found = self._link.ask("PROPFIND", "/", content=_LIST, headers={"Depth": "1", **_XML})
        names = (unquote(path).strip("/") for path, _ in self._parts(found))
        return sorted(name.lower() for name in names if "@" in name)

    def between(self, address: str, span: Span) -> list[str]:
        """Texts of what happens in this time; series as their single dates."""
        times = f'start="{_stamp(span[0])}" end="{_stamp(span[1])}"'
        data = f"<C:calendar-data><C:expand {times}/></C:calendar-data>"
        return [held.text for held in self._query(address, data, f"<C:time-range {times}/>")]

    def with_uid(self, address: str, uid: str) -> list[Held]:
        """Events of one person's calendar whose UID contains this text (CalDAV matches parts)."""
        match = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
        wanted = f'<C:prop-filter name="UID">{match}</C:prop-filter>'
        return list(self._query(address, "<C:calendar-data/>", wanted))

    def with_property(self, address: str, name: str) -> list[Held]:
        """Events of one person's calendar that have a property of this name."""
        return list(self._query(address, "<C:calendar-data/>", f'<C:prop-filter name="{name}"/>'))

    def get(self, path: str) -> Held | None:
        reply = self._link.ask("GET", quote(path))
        if reply.status in (404, 410):
            return None
        self._fine(reply)
        return Held(path, reply.headers.get("etag", ""), reply.text)

    def create(self, path: str, text: str) -> None:
        """Raises `Changed` when something lies there already."""
        self._write("PUT", path, text, {"If-None-Match": "*", **_ICAL})

    def replace(self, path: str, text: str, etag: str) -> None:
        """Raises `Changed` when it is not this version any more."""
        self._write("PUT", path, text, {"If-Match": etag, **_ICAL})

    def delete(self, path: str, etag: str) -> None:
        """Raises `Changed` when it is not this version any more, or gone."""
        self._write("DELETE", path, None, {"If-Match": etag})

    def _write(self, method: str, path: str, text: str | None, headers: dict[str, str]) -> None:
        reply = self._link.ask(method, quote(path), content=text, headers=headers)
        if reply.status in (404, 409, 410, _CHANGED):
            raise Changed
        if "html" in reply.headers.get("content-type", ""):
            raise Unavailable("The calendar gave no answer of its own.", reached=True)
        self._fine(reply)

    def _query(self, address: str, data: str, wanted: str) -> Iterator[Held]:
        body = _QUERY.format(data=data, filter=wanted)
        path = quote(home(address))
        reply = self._link.ask("REPORT", path, content=body, headers={"Depth": "1", **_XML})
        if reply.status == 404:
            return
        for place, prop in self._parts(reply):
            text = prop.findtext("C:calendar-data", "", _NAMES)
            if text:
                etag = prop.findtext("D:getetag", "", _NAMES)
                written = prop.findtext("D:getlastmodified", "", _NAMES)
                yield Held(place, etag, text, _http_date(written))

    def _parts(self, reply: Reply) -> Iterator[tuple[str, Xml.Element]]:
        """Paths below our address and properties of a multistatus answer."""
        self._fine(reply)
        try:
            if b"<!DOCTYPE" in reply.body:
                raise ValueError("a document type is never needed here")
            root = Xml.fromstring(reply.body)  # noqa: S314 - without a document type no entities
        except (Xml.ParseError, ValueError) as error:
            raise Refused(
                "The calendar answered in a form that is not understood.", code="not_understood"
            ) from error
        for response in root.iterfind("D:response", _NAMES):
            href = unquote(urlsplit(response.findtext("D:href", "", _NAMES)).path)
            prop = response.find("D:propstat/D:prop", _NAMES)
            yield href.removeprefix(self._prefix), prop if prop is not None else Xml.Element("x")

    def _fine(self, reply: Reply) -> None:
        if not 200 <= reply.status < 300:
            raise Refused(f"The calendar refused this (status {reply.status}).")


def home(address: str) -> str:
    """Where somebody's calendar lies."""
    return f"/{address.lower()}/calendar/"


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
