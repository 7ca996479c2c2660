"""The status line under a thread while a turn runs, and Slack's Stop button beside it: best effort,
never in the turn's way."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from urllib.error import URLError

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from graphs.runtime.tables import Turn

log = structlog.get_logger()

#: Slack takes a status line away after two minutes.
REFRESH_S = 90.0
#: A turn that is over sooner shows none: four calls for a flicker.
PATIENCE_S = 0.3
_LONGEST = 50
#: What Slack says to an app that its manifest does not declare as an agent.
_NO_AGENT = frozenset(
    {"not_authorized", "unknown_method", "missing_scope", "not_allowed_token_type"}
)


@dataclass
class _Line:
    """What one thread is to show, and when it is to be shown (again)."""

    text: str
    due: float
    shown: bool = False


class SlackProgress:
    """The `Progress` port: a thread of its own talks to Slack, the newest text per turn wins."""

    def __init__(
        self, web: WebClient, *, patience_s: float = PATIENCE_S, refresh_s: float = REFRESH_S
    ) -> None:
        self._web, self._patience_s, self._refresh_s = web, patience_s, refresh_s
        #: Message places and what they show (None: leave it); None alone to stop the thread.
        self._queue: queue.Queue[tuple[tuple[str, str], str | None] | None] = queue.Queue(1_000)
        self._lines: dict[tuple[str, str], _Line] = {}
        #: False once Slack said that the app is no agent: then its threads have no sessions.
        self._sessions = True
        #: Whether Slack shows its own Stop button in threads: it took a session without a warning.
        self.shows_stop = False
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        self._queue.put(None)
        self._thread.join(timeout_s)

    def set(self, turn: Turn, text: str) -> None:
        """Show this while the turn runs, from a moment on. Never blocks and never raises."""
        self._put(turn, text[:_LONGEST])

    def leave(self, turn: Turn) -> None:
        """Leave what is shown until Slack takes it away: at our next message, or in time."""
        self._put(turn, None)

    def clear(self, turn: Turn) -> None:
        """Show nothing any more."""
        self._put(turn, "")

    def _put(self, turn: Turn, text: str | None) -> None:
        place = (turn.channel, turn.thread_ts or turn.message_ts)
        try:
            self._queue.put_nowait((place, text))
        except queue.Full:
            log.warning("progress_dropped", turn=turn.id)

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=self._left())
            except queue.Empty:
                self._show_due()
                continue
            if item is None:
                return
            self._take(*item)
            self._show_due()

    def _take(self, place: tuple[str, str], text: str | None) -> None:
        now = time.monotonic()
        if text:
            line = self._lines.setdefault(place, _Line(text, now + self._patience_s))
            line.text = text
            if line.shown:
                line.due = now
            return
        before = self._lines.pop(place, None)
        if text is None:
            if before is not None and not before.shown:  # it goes on, maybe elsewhere
                self._begin(place, before.text)
        elif before is None or before.shown:  # another process may have shown it
            self._set_session(place, "active")
            self._show(place, "")

    def _left(self) -> float | None:
        """Seconds until something is due; None while nothing will be."""
        first = min((line.due for line in self._lines.values()), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def _show_due(self) -> None:
        now = time.monotonic()
        for place, line in self._lines.items():
            if line.due > now:
                continue
            if line.shown:
                self._show(place, line.text)
            else:
                self._begin(place, line.text)
            line.shown, line.due = True, time.monotonic() + self._refresh_s

    def _begin(self, place: tuple[str, str], text: str) -> None:
        self._set_session(place, "processing")
        self._show(place, text)

    def _set_session(self, place: tuple[str, str], status: str) -> None:
        """`processing` shows people a Stop button (docs.slack.dev/ai/agent-sessions)."""
        if not self._sessions:
            return
        channel, ts = place
        try:
            answer = self._web.agents_sessions_setStatus(
                channel_id=channel, thread_ts=ts, status=status
            )
            self.shows_stop = not answer.get("warning")
        except SlackApiError as error:
            self._sessions = error.response.get("error") not in _NO_AGENT
            log.debug("session_status_failed", error=error.response.get("error"))
        except (SlackClientError, URLError, OSError) as error:
            log.debug("session_status_failed", error=type(error).__name__)

    def _show(self, place: tuple[str, str], text: str) -> None:
        channel, ts = place
        try:
            self._web.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status=text)
        except (SlackClientError, URLError, OSError) as error:
            log.debug("status_line_failed", error=type(error).__name__)
