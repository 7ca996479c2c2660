"""The rehearsal model through the real openai client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from sandbox.ports import free_block
from tests.sandbox.model import office

BOTH = "Check stock of TENT-2 and find order 4711"


async def post(address: str, path: str, body: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=address) as http:
        return await http.post(path, json=body)


async def invoice(address: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=address) as http:
        shown: dict[str, Any] = (await http.get("/invoice")).json()
        return shown


async def ask(client: AsyncOpenAI, request: str, **more: Any) -> Any:
    return await client.chat.completions.create(
        model="rehearsal-small",
        messages=office.opening(request),  # type: ignore[arg-type]
        tools=office.tools(),  # type: ignore[arg-type]
        **more,
    )


async def test_tool_calls_come_in_parallel_with_usage(client: AsyncOpenAI) -> None:
    answer = await ask(client, BOTH)

    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == [
        ("shop__check_stock", {"sku": "TENT-2"}),
        ("shop__find_order", {"order": "4711"}),
    ]
    assert len({call.id for call in calls}) == 2
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.system_fingerprint == "rehearsal-patterns-no-weights"


async def test_a_stream_says_the_same_as_a_whole_answer(client: AsyncOpenAI) -> None:
    whole = await ask(client, "Hello!")
    stream = await ask(client, "Hello!", stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 4
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


async def test_streamed_tool_calls_assemble_to_valid_json(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model="rehearsal-large",
        messages=office.opening("Refund order 4711, EUR 180"),  # type: ignore[arg-type]
        tools=office.tools(),  # type: ignore[arg-type]
    ) as stream:
        final = await stream.get_final_completion()

    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert json.loads(calls[0].function.arguments)["amount"] == {"minor": 18000, "currency": "EUR"}


async def test_the_same_request_gives_the_same_bytes(address: str) -> None:
    body = {
        "model": "rehearsal-small",
        "messages": office.opening(BOTH),
        "tools": office.tools(),
    }

    first = await post(address, "/v1/chat/completions", body)
    second = await post(address, "/v1/chat/completions", body)

    assert first.status_code == 200
    assert first.content == second.content


async def test_one_call_at_a_time_when_parallel_calls_are_off(client: AsyncOpenAI) -> None:
    answer = await ask(client, BOTH, parallel_tool_calls=False)

    assert len(answer.choices[0].message.tool_calls) == 1


async def test_embeddings_are_near_when_words_are_shared(client: AsyncOpenAI) -> None:
    texts = ["Mara Lind prefers mail", "mail is what Mara prefers", "trucks are late"]

    packed = await client.embeddings.create(model="rehearsal-lexical", input=texts)
    floats = await client.embeddings.create(
        model="rehearsal-lexical", input=texts, encoding_format="float"
    )

    a, b, c = (item.embedding for item in packed.data)
    assert len(a) == 256
    assert sum(x * y for x, y in zip(a, b, strict=True)) > 0.5
    assert sum(x * y for x, y in zip(a, c, strict=True)) < 0.3
    assert floats.data[0].embedding == pytest.approx(a, abs=1e-6)


async def test_models_say_that_they_have_no_weights(client: AsyncOpenAI) -> None:
    listed = {model.id: model.owned_by async for model in client.models.list()}

    assert set(listed) == {"rehearsal-small", "rehearsal-large", "rehearsal-lexical"}
    assert "pattern matcher, no weights" in listed["rehearsal-large"]


async def test_an_unknown_model_is_refused_by_name(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"Use rehearsal-small or rehearsal-large"):
        await client.chat.completions.create(
            model="gpt-9", messages=[{"role": "user", "content": "hi"}]
        )


async def test_a_body_that_is_no_json_is_refused(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        answer = await http.post("/v1/chat/completions", content=b"{nope")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("the body is not JSON")


async def test_a_json_schema_is_filled_from_the_input(client: AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "summary": {"type": "string"},
            "lines": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "mood": {"enum": ["calm", "busy"]},
            "refunds": {"type": "integer"},
        },
        "required": ["title", "summary", "lines", "mood", "refunds"],
        "additionalProperties": False,
    }
    answer = await client.chat.completions.create(
        model="rehearsal-small",
        messages=[
            {"role": "user", "content": "A busy day. Refunds: 3.\n- Ana asked\n- Finn agreed"}
        ],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "digest", "schema": schema, "strict": True},
        },
    )

    assert json.loads(answer.choices[0].message.content or "") == {
        "title": "A busy day",
        "summary": "A busy day. Refunds: 3.",
        "lines": ["A busy day. Refunds: 3.", "Ana asked"],
        "mood": "busy",
        "refunds": 3,
    }


async def test_a_script_is_played_in_order_and_then_it_is_exhausted(
    client: AsyncOpenAI, address: str
) -> None:
    turns = [
        {"tool_calls": [{"name": "no__such", "arguments": {"a": 1}}]},
        {"tool_calls": [{"name": "shop__refund", "arguments": '{"order": '}]},
        {"content": "Done."},
    ]
    await post(address, "/script", {"turns": turns})

    unknown = await ask(client, "anything")
    malformed = await ask(client, "anything")
    done = await ask(client, "anything")

    assert unknown.choices[0].message.tool_calls[0].function.name == "no__such"
    assert malformed.choices[0].message.tool_calls[0].function.arguments == '{"order": '
    assert done.choices[0].message.content == "Done."
    with pytest.raises(openai.InternalServerError, match="script exhausted"):
        await ask(client, "anything")


async def test_a_script_with_a_match_leaves_other_requests_to_the_patterns(
    client: AsyncOpenAI, address: str
) -> None:
    script = {"turns": [{"content": "scripted"}], "match": "tents", "then": "patterns"}
    await post(address, "/script", script)

    assert (await ask(client, "Hello!")).choices[0].message.content != "scripted"
    assert (await ask(client, "about tents")).choices[0].message.content == "scripted"
    assert (await ask(client, "about tents")).choices[0].message.content != "scripted"


async def test_a_script_with_an_unknown_key_is_refused(address: str) -> None:
    answer = await post(address, "/script", {"turns": [{"words": "x"}]})

    assert answer.status_code == 400
    assert "turns[0] does not know words" in answer.json()["error"]["message"]


async def test_a_429_carries_retry_after_and_the_client_comes_back(address: str) -> None:
    await post(
        address, "/script", {"turns": [{"status": 429, "retry_after": 0.01}], "then": "patterns"}
    )

    async with AsyncOpenAI(base_url=f"{address}/v1", api_key="x", max_retries=1) as patient:
        answer = await ask(patient, "Hello!")

    assert answer.choices[0].message.content.startswith("Hello, Ana.")
    assert [line["status"] for line in (await invoice(address))["calls"]] == [429, 200]


async def test_a_429_without_retries_names_the_wait(client: AsyncOpenAI, address: str) -> None:
    await post(address, "/faults", {"kind": "rate_limit", "seconds": 7})

    with pytest.raises(openai.RateLimitError) as refused:
        await ask(client, "Hello!")

    assert refused.value.response.headers["Retry-After"] == "7"


async def test_a_cut_stream_ends_in_a_connection_error(client: AsyncOpenAI, address: str) -> None:
    await post(address, "/script", {"turns": [{"content": "one two three four five", "cut": 2}]})

    stream = await ask(client, "Hello!", stream=True)
    got: list[str] = []

    async def collect() -> None:
        async for chunk in stream:
            got.append(chunk.choices[0].delta.content or "")

    with pytest.raises(openai.APIConnectionError):
        await collect()
    assert "".join(got) == "one two three four "


async def test_a_cut_body_ends_in_a_connection_error(client: AsyncOpenAI, address: str) -> None:
    await post(address, "/faults", {"kind": "cut"})

    with pytest.raises(openai.APIConnectionError):
        await ask(client, "Hello!")

    assert (await ask(client, "Hello!")).choices[0].message.content.startswith("Hello, Ana.")


async def test_a_delay_longer_than_the_clients_patience_is_a_timeout(
    client: AsyncOpenAI, address: str
) -> None:
    await post(address, "/script", {"turns": [{"delay": 30, "content": "late"}]})

    with pytest.raises(openai.APITimeoutError):
        await ask(client, "Hello!", timeout=0.2)


async def test_the_invoice_counts_every_call(client: AsyncOpenAI, address: str) -> None:
    first = await ask(client, "Hello!")
    second = await ask(client, BOTH)
    embedded = await client.embeddings.create(model="rehearsal-lexical", input="12345")

    shown = await invoice(address)

    assert [line["answer"] for line in shown["calls"]] == ["text", "tool_calls", "vectors"]
    assert shown["calls"][1]["request"] == BOTH
    assert shown["calls"][1]["calls"] == ["shop__check_stock", "shop__find_order"]
    assert shown["calls"][1]["messages"] == 2
    assert embedded.usage.prompt_tokens == 2
    assert shown["totals"] == {
        "calls": 3,
        "chat": 2,
        "embeddings": 1,
        "errors": 0,
        "prompt_tokens": first.usage.prompt_tokens + second.usage.prompt_tokens + 2,
        "completion_tokens": first.usage.completion_tokens + second.usage.completion_tokens,
    }


def test_the_process_serves_writes_its_pid_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_block()
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "model",
        "--port",
        str(port),
        "--data",
        str(tmp_path),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ})
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        pid = int((tmp_path / "run" / "model.pid").read_text())

        assert "pattern matcher, no weights" in line
        assert httpx.get(f"http://127.0.0.1:{port}/ready").json() == {"ready": True}
        assert pid == process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert not (tmp_path / "run" / "model.pid").exists()
