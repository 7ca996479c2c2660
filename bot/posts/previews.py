"""Turns while they run, in Slack: words and tools' progress as they come (ADR 0011).

One thread per worker process talks to Slack about all of them, at Slack's rates; what comes faster
is put together. It begins a message only for a turn that goes on for a moment, streams into it, and
where that cannot be (cut off after five minutes, a direct message outside threads, words taken
back) draws it anew. Whatever Slack refuses costs the preview, never the turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.posts.preview_rows import Busy
from bot.posts.preview_slack import PreviewSlack, View
from core.errors import SignoffError
from graphs.runtime.preview import Task
from graphs.runtime.tables import Turn

log = structlog.get_logger()

#: Turns shown at once by one process; the others are answered without a preview.
_MOST = 500


@dataclass(frozen=True)
class Pace:
    """Seconds, by Slack's rates for a workspace: 20 begun, 100 appended, 50 drawn a minute."""

    #: A turn that is over sooner is one ordinary post.
    patience: float = 0.7
    begin: float = 1.0
    append: float = 0.6
    draw: float = 3.0
    #: After Slack did not answer.
    trouble: float = 5.0

    def of(self, how: str) -> float:
        return {"begin": self.begin, "append": self.append, "draw": self.draw}[how]


@dataclass
class _Show:
    view: View
    due: float
    #: Whether there is something that was not sent yet.
    news: bool = True
    #: Whether the run has ended: what is left to say is said, then this is forgotten.
    resting: bool = False


class Previews:
    """The `Preview` port. Safe to share between threads."""

    def __init__(self, slack: PreviewSlack, pace: Pace | None = None) -> None:
        self._slack, self._pace = slack, pace or Pace()
        self._shows: dict[str, _Show] = {}
        #: When the next call of this kind may be made.
        self._free = {"begin": 0.0, "append": 0.0, "draw": 0.0}
        self._changed = threading.Condition()
        self._stopping = self._at_work = False
        self._thread = threading.Thread(target=self._run, name="previews", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)

    @property
    def idle(self) -> bool:
        """Whether everything that can be shown now has been."""
        with self._changed:
            waiting = any(show.news and not show.view.over for show in self._shows.values())
            return not waiting and not self._at_work

    def words(self, turn: Turn, step: int, text: str) -> None:
        with self._changed:
            show = self._show(turn)
            if show is not None:
                show.view.steps[step] = text
                self._tell(show)

    def tasks(self, turn: Turn, tasks: Sequence[Task]) -> None:
        with self._changed:
            show = self._show(turn)
            if show is not None:
                show.view.tasks.update((task.id, task) for task in tasks)
                self._tell(show)

    def rest(self, turn_id: str) -> None:
        """This run is over and the turn goes on later, maybe elsewhere: its message stays open."""
        with self._changed:
            show = self._shows.get(turn_id)
            if show is not None:
                show.resting = True
                self._drop_done(show)

    def end(self, turn_id: str) -> None:
        """The turn has ended: what was not shown of it is not shown any more."""
        with self._changed:
            self._shows.pop(turn_id, None)

    def make_room(self, turn_id: str) -> None:
        """The turn waits for a person: its preview is taken away, the card stands for it."""
        self.end(turn_id)
        try:
            self._slack.remove(turn_id)
        except (SlackClientError, OSError, HTTPException, SignoffError) as error:
            # The card is not held up; who is writing the preview now takes it away afterwards.
            log.info("preview_not_removed", turn=turn_id, error=type(error).__name__)

    def _show(self, turn: Turn) -> _Show | None:
        show = self._shows.get(turn.id)
        if show is None and len(self._shows) < _MOST:
            show = _Show(View(turn), time.monotonic() + self._pace.patience)
            self._shows[turn.id] = show
        return show

    def _tell(self, show: _Show) -> None:
        show.news, show.resting = True, False
        self._changed.notify()

    def _drop_done(self, show: _Show) -> None:
        if show.resting and (show.view.over or not show.news):
            self._shows.pop(show.view.turn.id, None)

    def _run(self) -> None:
        while (show := self._next()) is not None:
            try:
                self._bring(show)
            except Exception as error:  # noqa: BLE001 - a preview is dropped, the others go on
                log.warning("preview_failed", turn=show.view.turn.id, error=type(error).__name__)
                show.view.over = True
            with self._changed:
                self._at_work = False
                self._drop_done(show)

    def _next(self) -> _Show | None:
        """The turn whose news has waited longest, when its time has come; None at the end."""
        with self._changed:
            while not self._stopping:
                waiting = [s for s in self._shows.values() if s.news and not s.view.over]
                first = min(waiting, key=self._time, default=None)
                left = self._time(first) - time.monotonic() if first else None
                if first is not None and left is not None and left <= 0:
                    first.news, self._at_work = False, True
                    first.view.take()
                    return first
                self._changed.wait(left)
            return None

    def _time(self, show: _Show) -> float:
        return max(show.due, self._free[show.view.how])

    def _bring(self, show: _Show) -> None:
        how, pause = show.view.how, self._pace.of(show.view.how)
        try:
            self._slack.bring(show.view)
        except SlackApiError as error:
            if error.response.status_code != 429:
                raise
            pause = float(error.response.headers.get("Retry-After", self._pace.trouble))
            show.news = True
        except (OSError, HTTPException, Busy) as error:
            log.info("preview_later", turn=show.view.turn.id, error=type(error).__name__)
            pause = self._pace.trouble
            show.news = True
        except SignoffError as error:
            log.info("preview_over", turn=show.view.turn.id, error=type(error).__name__)
            show.view.over = True
        self._free[how] = time.monotonic() + pause
        show.due = time.monotonic() + self._pace.of(show.view.how)
