"""One preview and its message in Slack: begun, streamed into, drawn anew, or taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

import structlog
from slack_sdk.errors import SlackApiError

from approvals.people import People
from bot.blocks import preview
from bot.blocks.parts import Block
from bot.posts.channel import Gone, SlackChannel
from bot.posts.finding import Sent
from bot.posts.preview_rows import Begun, PreviewRows
from core.faultpoints import point
from graphs.runtime.preview import Task
from graphs.runtime.tables import Turn

log = structlog.get_logger()

#: Words that begin alike for so many characters are the same.
_SAME = 24


@dataclass
class View:
    """What is known of one turn in this process, and what of it Slack shows.

    `steps` and `tasks` change at any time; `take` puts aside what is to be brought next.
    """

    turn: Turn
    #: What the model said, by step.
    steps: dict[int, str] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    #: Its message, once this process knows it.
    sent: Sent | None = None
    #: Whether it is drawn anew instead of streamed, and whether a stream is to be ended first.
    drawn: bool = False
    streaming: bool = False
    #: Nothing more is shown in this run.
    over: bool = False
    text: str = ""
    task_list: tuple[Task, ...] = ()
    told_text: str = ""
    told_tasks: tuple[Task, ...] = ()

    @property
    def how(self) -> str:
        """Which of Slack's rates the next call is counted under."""
        if self.sent is None:
            return "begin"
        return "draw" if self.drawn else "append"

    def take(self) -> None:
        self.text, self.task_list = preview.safe(self.steps), tuple(self.tasks.values())

    def told(self) -> None:
        self.told_text, self.told_tasks = self.text, self.task_list


class PreviewSlack:
    """`taking` is the client that previews are taken away with, from the thread that sends the
    card; `channel`'s is impatient, because all previews wait for it. `slack_stops` tells whether
    Slack shows a Stop button of its own in threads."""

    def __init__(
        self,
        channel: SlackChannel,
        taking: SlackChannel,
        rows: PreviewRows,
        people: People,
        slack_stops: Callable[[], bool] = lambda: False,
    ) -> None:
        self._channel, self._taking, self._rows, self._people = channel, taking, rows, people
        self._slack_stops = slack_stops

    def bring(self, view: View) -> None:
        """Show what `view.take` put aside. Raises what Slack or the network raises, and `Busy`."""
        if not view.text and not view.task_list:
            return
        if view.sent is None:
            self._begin(view)
        elif view.drawn:
            self._draw(view)
        else:
            self._append(view)

    def remove(self, turn_id: str) -> None:
        """Take the preview of this turn away, if one stands in Slack: it waits for a person now."""
        self._remove(turn_id, self._taking)

    def _remove(self, turn_id: str, channel: SlackChannel) -> None:
        with self._rows.hold_open(turn_id) as begun:
            if begun is None:
                return
            sent = begun.sent or channel.find(begun.post.channel, begun.post)
            if sent is not None:
                channel.remove(sent)
                begun.sent, begun.removed = None, True

    @contextmanager
    def _held(self, view: View) -> Iterator[Begun | None]:
        """The begun post of this turn; without one the view is over."""
        with self._rows.hold(view.turn) as begun:
            view.over = begun is None
            yield begun
        if begun is not None and begun.asked:
            # Whoever sent the card has found our lease.
            view.over = True
            self._remove(view.turn.id, self._channel)

    def _begin(self, view: View) -> None:
        with self._held(view) as begun:
            if begun is None:
                return
            if begun.sent is None and begun.tried:
                begun.sent = self._channel.find(begun.post.channel, begun.post)
            if begun.sent is None:
                begun.again = begun.tried
                self._first(view, begun)
            else:
                self._take_up(view, begun, begun.sent)
            view.sent = begun.sent

    def _first(self, view: View, begun: Begun) -> None:
        try:
            begun.sent = self._streamed(view, begun.post.id) or self._posted(view, begun.post.id)
        except SlackApiError:
            begun.removed = not begun.tried  # Slack says that nothing was sent
            raise
        view.told()
        point("preview:started")

    def _streamed(self, view: View, post_id: str) -> Sent | None:
        """A stream; None where Slack has none: outside threads, or where it refuses."""
        turn, person = view.turn, self._people.by_id(view.turn.principal_id)
        if turn.thread_ts is None or person is None:
            return None
        opening = preview.opening(post_id, turn.id, stop=not self._slack_stops())
        chunks = [opening, *_news(view)]
        try:
            sent = self._channel.start_stream(
                turn.channel, turn.thread_ts, reader=person.slack_id, chunks=chunks
            )
        except SlackApiError as error:
            if error.response.status_code == 429:
                raise
            log.info("preview_not_streamed", error=error.response.get("error"))
            return None
        view.streaming = True
        return sent

    def _posted(self, view: View, post_id: str) -> Sent:
        view.drawn = True
        message = preview.drawn(post_id, view.turn.id, view.text, view.task_list)
        return self._channel.post(view.turn.channel, view.turn.thread_ts, message, post_id)

    def _take_up(self, view: View, begun: Begun, sent: Sent) -> None:
        """Go on with what another run began: at its end, or anew where that run was cut off."""
        if view.turn.thread_ts is not None and not self._says_again(view, sent):
            chunks = preview.added(
                f"\n\n{view.text}" if view.text else "", view.task_list, plan=True
            )
            if self._channel.append(sent, chunks):
                view.streaming = True
                view.told()
                return
        view.drawn, view.streaming = True, view.turn.thread_ts is not None
        self._redraw(view, begun, sent)

    def _says_again(self, view: View, sent: Sent) -> bool:
        """Whether the message shows some of these words: from a run that was cut off in them."""
        if view.turn.tries > 1 or not view.text:
            return view.turn.tries > 1
        message = self._channel.look(sent, view.turn.thread_ts)
        return message is not None and view.text[:_SAME] in str(message.get("text"))

    def _append(self, view: View) -> None:
        assert view.sent is not None
        if view.told_text.startswith(view.text) and view.task_list == view.told_tasks:
            return  # an answer begun anew says again what is shown
        chunks = _news(view)
        if not view.text.startswith(view.told_text):
            view.drawn = True  # what was appended cannot be taken back
        elif chunks and not self._added(view, view.sent, chunks):
            view.drawn = True  # cut off, or ended: which of them, the row knows
        if view.drawn:
            self._draw(view)
        else:
            view.told()

    def _added(self, view: View, sent: Sent, chunks: Sequence[Block]) -> bool:
        try:
            return self._channel.append(sent, chunks)
        except (OSError, HTTPException):
            view.drawn = True  # it may stand there: not to be added twice
            raise

    def _draw(self, view: View) -> None:
        with self._held(view) as begun:
            if begun is not None and begun.sent is not None:
                self._redraw(view, begun, begun.sent)
            else:
                view.over = True

    def _redraw(self, view: View, begun: Begun, sent: Sent) -> None:
        message = preview.drawn(begun.post.id, view.turn.id, view.text, view.task_list)
        try:
            if view.streaming:
                self._channel.end_stream(sent)
                view.streaming = False
            self._channel.update(sent, message, begun.post.id)
        except Gone:
            view.over = True  # somebody deleted it; the answer will be sent anew
        view.told()


def _news(view: View) -> list[Block]:
    """What was not streamed yet."""
    changed = [task for task in view.task_list if task not in view.told_tasks]
    return preview.added(view.text[len(view.told_text) :], changed, plan=not view.told_tasks)
