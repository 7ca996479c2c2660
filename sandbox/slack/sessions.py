"""Agent sessions: one for each thread in which the app works, with the status that people see.

https://docs.slack.dev/ai/agent-sessions
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from sandbox.slack.messages import Channel
from sandbox.slack.shapes import Json

STATUSES = ("active", "processing", "suspended", "closed")
MAX_TITLE = 200
#: How long a session is `processing` when the app does not say so again (seconds).
TIMES_OUT = 3600.0


@dataclass(frozen=True)
class Session:
    """`since`: when the status was set (seconds since 1970). `stopped_by`: who pressed Stop while
    it was `processing`; Slack leaves the status to the app."""

    status: str
    title: str = ""
    initiator: str = ""
    since: float = 0.0
    stopped_by: str = ""


class Sessions:
    """All sessions of one workspace. `changed` is called with channel id, thread and session."""

    def __init__(self, now: Callable[[], float], changed: Callable[[str, str, Json], None]) -> None:
        self._now = now
        self._changed = changed
        self._known: dict[tuple[str, str], Session] = {}

    def find(self, channel: Channel, thread_ts: str) -> Session | None:
        """The session of this thread, with the status of this moment."""
        session = self._known.get((channel.id, thread_ts))
        if session is None or session.status != "processing":
            return session
        over = self._now() > session.since + TIMES_OUT or self._cut_off(channel, thread_ts, session)
        return replace(session, status="active", stopped_by="") if over else session

    def all(self) -> list[tuple[str, str]]:
        """(channel id, thread) of every session."""
        return list(self._known)

    def set(
        self, channel: Channel, thread_ts: str, status: str, *, title: str = "", initiator: str = ""
    ) -> Session:
        """The new status; title and initiator count only when this begins the session."""
        known = self._known.get((channel.id, thread_ts)) or Session("", title, initiator)
        return self._put(
            channel, thread_ts, replace(known, status=status, since=self._now(), stopped_by="")
        )

    def rename(self, channel: Channel, thread_ts: str, session: Session, title: str) -> Session:
        return self._put(channel, thread_ts, replace(session, title=title))

    def pressed_stop(self, channel: Channel, thread_ts: str, session: Session, user: str) -> None:
        self._put(channel, thread_ts, replace(session, stopped_by=user))

    def restore(self, key: str, value: Json) -> None:
        """Takes back what `changed` was told under `CHANNEL:THREAD`."""
        channel, _, thread_ts = key.partition(":")
        self._known[channel, thread_ts] = Session(**value)

    def _put(self, channel: Channel, thread_ts: str, session: Session) -> Session:
        self._known[channel.id, thread_ts] = session
        self._changed(channel.id, thread_ts, asdict(session))
        return session

    def _cut_off(self, channel: Channel, thread_ts: str, session: Session) -> bool:
        """Whether a stream ran out of time since the status was set: that makes it active."""
        streams = [reply.stream for reply in channel.replies(thread_ts) if reply.stream]
        now = self._now()
        return any(s.state_at(now) == "cut_off" and s.until >= session.since for s in streams)
