"""The HTTP edge: OpenAI's routes, and invoice, script and faults for tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from sandbox.guard import guard
from sandbox.model import wire
from sandbox.model.answers import Body, check, complete, request_of
from sandbox.model.catalogue import EMBEDDER, NAMES
from sandbox.model.embeddings import DIMENSIONS, embed, packed
from sandbox.model.invoice import Invoice
from sandbox.model.script import Scripts, Turn

_MAX_BODY = 32 * 2**20
_INVOICE: web.AppKey[Invoice] = web.AppKey("invoice", Invoice)
_SCRIPTS: web.AppKey[Scripts] = web.AppKey("scripts", Scripts)
_KINDS = {
    429: ("rate_limit_exceeded", "requests"),
    404: ("model_not_found", "invalid_request_error"),
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app() -> web.Application:
    """A rehearsal model with an empty invoice and no script."""
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[guard, _refusals])
    app[_INVOICE] = Invoice()
    app[_SCRIPTS] = Scripts()
    app.add_routes(
        [
            web.post("/v1/chat/completions", _chat),
            web.post("/v1/embeddings", _embeddings),
            web.get("/v1/models", _models),
            web.get("/v1/models/{name}", _model),
            web.get("/invoice", _show_invoice),
            web.post("/script", _set_script),
            web.post("/faults", _set_fault),
            web.get("/ready", _ready),
        ]
    )
    return app


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except wire.BadRequest as bad:
        return _error(bad.status, bad.message, bad.param)


async def _chat(request: web.Request) -> web.StreamResponse:
    started = time.perf_counter()
    body = check(await _json(request))
    invoice = request.app[_INVOICE]
    turn = request.app[_SCRIPTS].next(request_of(body))
    if turn and turn.delay:
        await asyncio.sleep(turn.delay)
    if turn and turn.status is not None and turn.status >= 400:
        invoice.chat(body, completion=wire.Completion(), status=turn.status, answer="error")
        return _scripted_error(turn)
    answer = complete(body, turn)
    cut = turn.cut if turn else None
    kind = "cut" if cut is not None else "tool_calls" if answer.calls else "text"
    took_ms = (time.perf_counter() - started) * 1000
    invoice.chat(body, completion=answer, status=200, answer=kind, took_ms=took_ms)
    if body.get("stream"):
        return await _stream(request, body, answer, cut, turn.pace if turn else 0.0)
    whole = json.dumps(wire.completion(body, answer)).encode()
    if cut is not None:
        return await _cut_body(request, whole)
    return web.Response(body=whole, content_type="application/json")


async def _stream(
    request: web.Request, body: Body, answer: wire.Completion, cut: int | None, pace: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for index, chunk in enumerate(wire.chunks(body, answer)):
        if index == cut:
            return _hung_up(request, response)
        if index and pace:
            await asyncio.sleep(pace)
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    if cut is not None:
        return _hung_up(request, response)
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _cut_body(request: web.Request, whole: bytes) -> web.StreamResponse:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(whole))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    return _hung_up(request, response)


def _hung_up(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """End the connection in the middle of the body: what was written arrives, the rest never."""
    if request.transport:
        request.transport.close()
    response.force_close()
    return response


async def _embeddings(request: web.Request) -> web.Response:
    body = await _json(request)
    inputs = _inputs(body)
    count = sum(wire.tokens(text) for text in inputs)
    request.app[_INVOICE].embedding(EMBEDDER, len(inputs), count)
    shape = packed if body.get("encoding_format") == "base64" else list
    return web.json_response(
        {
            "object": "list",
            "model": EMBEDDER,
            "data": [
                {"object": "embedding", "index": index, "embedding": shape(embed(text))}
                for index, text in enumerate(inputs)
            ],
            "usage": {"prompt_tokens": count, "total_tokens": count},
        }
    )


def _inputs(body: Mapping[str, object]) -> list[str]:
    if body.get("model") != EMBEDDER:
        raise wire.BadRequest(
            f"there is no embedding model {body.get('model')!r} here: use {EMBEDDER}",
            param="model",
            status=404,
        )
    if body.get("dimensions") not in (None, DIMENSIONS):
        raise wire.BadRequest(f"{EMBEDDER} has {DIMENSIONS} dimensions", param="dimensions")
    given = body.get("input")
    inputs = [given] if isinstance(given, str) else given
    if (
        not isinstance(inputs, list)
        or not inputs
        or not all(isinstance(t, str) and t for t in inputs)
    ):
        raise wire.BadRequest("input must be text, or a list of texts, none empty", param="input")
    return inputs


async def _models(request: web.Request) -> web.Response:
    listed = [_described(name) for name in (*NAMES, EMBEDDER)]
    return web.json_response({"object": "list", "data": listed})


async def _model(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in (*NAMES, EMBEDDER):
        raise wire.BadRequest(f"there is no model {name!r} here", param="model", status=404)
    return web.json_response(_described(name))


def _described(name: str) -> dict[str, object]:
    about = "hashed words, no meaning" if name == EMBEDDER else "pattern matcher, no weights"
    return {
        "id": name,
        "object": "model",
        "created": wire.CREATED,
        "owned_by": f"signoff practice workspace ({about})",
        "description": about,
    }


async def _show_invoice(request: web.Request) -> web.Response:
    return web.json_response(request.app[_INVOICE].shown())


async def _set_script(request: web.Request) -> web.Response:
    turns = request.app[_SCRIPTS].set(await _json(request))
    return web.json_response({"ok": True, "turns": turns})


async def _set_fault(request: web.Request) -> web.Response:
    waiting = request.app[_SCRIPTS].fault(await _json(request))
    return web.json_response({"ok": True, "waiting": waiting})


async def _ready(request: web.Request) -> web.Response:
    return web.json_response({"ready": True})


async def _json(request: web.Request) -> Mapping[str, object]:
    try:
        body = await request.json()
    except ValueError as error:
        raise wire.BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(body, Mapping):
        raise wire.BadRequest("send a JSON object")
    return body


def _scripted_error(turn: Turn) -> web.Response:
    response = _error(turn.status or 500, turn.message, None)
    if turn.retry_after is not None:
        response.headers["Retry-After"] = f"{turn.retry_after:g}"
    return response


def _error(status: int, message: str, param: str | None) -> web.Response:
    code, kind = _KINDS.get(
        status, (None, "server_error" if status >= 500 else "invalid_request_error")
    )
    return web.json_response(wire.error(message, kind=kind, code=code, param=param), status=status)
