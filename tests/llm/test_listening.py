"""An answer heard while it is written: the same answer, and left alone once nobody wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.errors import ModelError
from llm.client import Models
from llm.listening import Abandoned, Listener
from llm.sending import Retries
from tests.llm.rehearsal import Rehearsal
from tests.llm.test_client import ASK, FIND

WORDS = "One two three four five six seven eight nine ten eleven twelve."
#: A model that would write for ten minutes.
SLOW = {"content": " ".join(["word"] * 2_400), "pace": 1.0}


class Ear:
    """Remembers what it heard; hangs up when the text so far satisfies `enough`."""

    def __init__(self, enough: Any = lambda text: False) -> None:
        self.heard: list[str] = []
        self._enough = enough

    def listener(self) -> Listener:
        return Listener(self.heard.append, self.wanted)

    def wanted(self) -> bool:
        return not self._enough(self.heard[-1] if self.heard else "")


def test_the_text_grows_word_by_word_into_the_answer(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script({"content": WORDS, "pace": 0.05})
    ear = Ear()

    answer = models.complete(ASK, [FIND], "small", ear.listener())

    assert answer.content == WORDS
    assert len(ear.heard) > 1
    assert all(WORDS.startswith(text) for text in ear.heard)
    assert sorted(ear.heard, key=len) == ear.heard
    assert rehearsal.calls()[0]["stream"] is True


@pytest.mark.parametrize(
    "turn",
    [
        {"content": WORDS},
        {"content": "Looking.", "tool_calls": [{"name": "shop__find_order", "arguments": "{"}]},
        {
            "tool_calls": [
                {"name": "shop__find_order", "arguments": {"order": number * 20}}
                for number in ("4711", "4712")
            ]
        },
        {"content": "Cut", "finish_reason": "length"},
        {"content": ""},
    ],
)
def test_a_streamed_answer_is_the_answer_asked_for_whole(
    models: Models, rehearsal: Rehearsal, turn: dict[str, Any]
) -> None:
    rehearsal.script(turn, turn)

    whole = models.complete(ASK, [FIND], "small")
    streamed = models.complete(ASK, [FIND], "small", Ear().listener())

    assert [line["stream"] for line in rehearsal.calls()] == [False, True]
    for name in ("content", "problems", "model", "input_tokens", "output_tokens", "cost_micros"):
        assert getattr(streamed, name) == getattr(whole, name)
    assert [(c.tool, c.args) for c in streamed.calls] == [(c.tool, c.args) for c in whole.calls]
    assert len({call.id for call in streamed.calls}) == len(whole.calls)


def test_a_stream_cut_in_the_middle_is_asked_for_again(
    models: Models, rehearsal: Rehearsal
) -> None:
    rehearsal.script({"content": WORDS, "cut": 2}, {"content": WORDS})

    answer = models.complete(ASK, [], "small", Ear().listener())

    assert answer.content == WORDS
    assert [line["answer"] for line in rehearsal.calls()] == ["cut", "text"]


@pytest.mark.parametrize("kind", ["rate_limit", "error", "cut"])
def test_a_lasting_fault_ends_for_a_listener_too(
    models: Models, rehearsal: Rehearsal, kind: str
) -> None:
    rehearsal.fault(kind, times=9)

    with pytest.raises(ModelError):
        models.complete(ASK, [], "small", Ear().listener())

    assert len(rehearsal.calls()) == 3


def test_an_endpoint_that_refuses_to_stream_is_asked_whole_from_then_on(
    models: Models, rehearsal: Rehearsal
) -> None:
    refusal = {"status": 400, "message": "stream is not supported with this model"}
    rehearsal.script(refusal, {"content": "One."}, {"content": "Two."})

    first = models.complete(ASK, [], "small", Ear().listener())
    second = models.complete(ASK, [], "small", Ear().listener())

    assert (first.content, second.content) == ("One.", "Two.")
    assert [line["stream"] for line in rehearsal.calls()] == [True, False, False]


def test_streaming_can_be_switched_off(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script({"content": "Whole."})
    config = models.config.model_copy(update={"stream": False})
    whole = Models(config, api_key="practice", base_url=rehearsal.base_url, timeout_s=5.0)

    answer = whole.complete(ASK, [], "small", Ear().listener())

    assert answer.content == "Whole."
    assert [line["stream"] for line in rehearsal.calls()] == [False]
    whole.close()


def test_an_answer_nobody_wants_any_more_is_left_in_the_middle(
    models: Models, rehearsal: Rehearsal
) -> None:
    rehearsal.script(SLOW)
    ear = Ear(enough=lambda text: text.count("word") >= 4)

    with pytest.raises(Abandoned):
        models.complete(ASK, [], "small", ear.listener())

    assert 4 <= ear.heard[-1].count("word") < 2_400
    assert len(rehearsal.calls()) == 1
    _until_no_thread_asks()


def test_an_answer_that_has_not_begun_is_left_too(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script({"content": "Late.", "delay": 4.0})
    ear = Ear(enough=lambda text: True)

    with pytest.raises(Abandoned):
        models.complete(ASK, [], "small", ear.listener())

    assert ear.heard == []
    assert any(thread.name == "model" for thread in threading.enumerate())
    _until_no_thread_asks()


def test_nobody_is_asked_again_for_who_has_left(rehearsal: Rehearsal, models: Models) -> None:
    rehearsal.script({"status": 429, "retry_after": 3_600}, {"content": "Too late."})
    patient = Models(
        models.config,
        api_key="practice",
        base_url=rehearsal.base_url,
        retries=Retries(attempts=2, base_s=3_600, cap_s=3_600),
    )

    with pytest.raises(Abandoned):
        patient.complete(ASK, [], "small", Ear(enough=lambda text: True).listener())

    _until_no_thread_asks()
    assert len(rehearsal.calls()) == 1
    patient.close()


def test_what_a_listener_raises_comes_out(models: Models, rehearsal: Rehearsal) -> None:
    rehearsal.script(SLOW)

    def wanted() -> bool:
        raise KeyError("no such turn")

    with pytest.raises(KeyError):
        models.complete(ASK, [], "small", Listener(lambda text: None, wanted))


def test_an_endpoint_that_ignores_the_wish_to_stream_is_understood(models: Models) -> None:
    body = json.dumps(_completion("All at once.")).encode()

    with _endpoint(("application/json", body)) as base_url:
        answer = _asked(models, base_url)

    assert (answer.content, answer.input_tokens, answer.output_tokens) == ("All at once.", 7, 3)


def test_an_error_told_within_a_stream_is_tried_again(models: Models) -> None:
    broken = b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'

    with _endpoint(("text/event-stream", broken), ("text/event-stream", _events("Well."))) as url:
        assert _asked(models, url).content == "Well."


def test_a_stream_that_just_ends_is_no_answer(models: Models) -> None:
    half = _events("Half an").split(b'data: {"id": "x", "choices": [{"index": 0, "delta": {}')[0]

    with _endpoint(("text/event-stream", half), ("text/event-stream", _events("Whole."))) as url:
        assert _asked(models, url).content == "Whole."


@pytest.mark.parametrize(
    "piece",
    ["7", '{"choices": 7}', '{"choices": [{"delta": {"content": 7}}]}', '{"usage": {"a": 1}}'],
)
def test_a_piece_of_another_shape_is_asked_for_again(models: Models, piece: str) -> None:
    odd = f"data: {piece}\n\n".encode()

    with _endpoint(("text/event-stream", odd), ("text/event-stream", _events("Well."))) as url:
        assert _asked(models, url).content == "Well."


def test_the_key_is_shown_when_an_answer_is_streamed(models: Models) -> None:
    shown: list[str | None] = []

    with _endpoint(("text/event-stream", _events("Well.")), keys=shown) as url:
        _asked(models, url)

    assert shown == ["Bearer practice"]


def _asked(models: Models, base_url: str) -> Any:
    client = Models(
        models.config,
        api_key="practice",
        base_url=base_url,
        timeout_s=5.0,
        retries=Retries(attempts=2, base_s=0.01),
    )
    try:
        return client.complete(ASK, [], "small", Ear().listener())
    finally:
        client.close()


def _until_no_thread_asks() -> None:
    """Returns once every thread that asked has hung up; its own time-out is 5 s."""
    for thread in threading.enumerate():
        if thread.name == "model":
            thread.join(10)
            assert not thread.is_alive()


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "plain",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def _events(text: str) -> bytes:
    deltas = [({"role": "assistant", "content": text}, None), ({}, "stop")]
    lines = [
        {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        for delta, finish in deltas
    ]
    return b"".join(b"data: " + json.dumps(line).encode() + b"\n\n" for line in lines)


@contextmanager
def _endpoint(*replies: tuple[str, bytes], keys: list[str | None] | None = None) -> Iterator[str]:
    """An endpoint of another make: gives these (content type, body), one per request; notes in
    `keys` what it was shown."""
    left, seen = list(replies), [] if keys is None else keys

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["Authorization"])
            kind, body = left.pop(0)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
