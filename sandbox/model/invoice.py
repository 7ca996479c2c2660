"""What the model was asked, call by call, so that a test can count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sandbox.model.conversation import text_of
from sandbox.model.wire import Completion


@dataclass(frozen=True)
class Line:
    """One request and what it got. `answer` is `text`, `tool_calls`, `cut` or `error`; `took_ms` is
    how long the model itself was at it, reading and writing HTTP apart."""

    n: int
    kind: str
    model: str
    messages: int
    tools: tuple[str, ...]
    request: str
    stream: bool
    prompt_tokens: int
    completion_tokens: int
    answer: str
    status: int
    text: str
    calls: tuple[str, ...]
    took_ms: float = 0.0


class Invoice:
    """Lines in the order they were asked; kept in memory while the server runs."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def chat(
        self,
        body: Mapping[str, object],
        *,
        completion: Completion,
        status: int,
        answer: str,
        took_ms: float = 0.0,
    ) -> None:
        """Write down one chat request."""
        messages, tools = body.get("messages"), body.get("tools")
        listed = messages if isinstance(messages, list) else []
        own = [m for m in listed if isinstance(m, Mapping) and m.get("role") == "user"]
        self._lines.append(
            Line(
                n=len(self._lines) + 1,
                kind="chat",
                model=str(body.get("model")),
                messages=len(listed),
                tools=_names(tools),
                request=text_of(own[-1]) if own else "",
                stream=bool(body.get("stream")),
                prompt_tokens=completion.prompt_tokens,
                completion_tokens=completion.completion_tokens,
                answer=answer,
                status=status,
                text=completion.text,
                calls=tuple(call.name for call in completion.calls),
                took_ms=round(took_ms, 3),
            )
        )

    def embedding(self, model: str, inputs: int, prompt_tokens: int) -> None:
        """Write down one embeddings request."""
        self._lines.append(
            Line(
                n=len(self._lines) + 1,
                kind="embedding",
                model=model,
                messages=inputs,
                tools=(),
                request="",
                stream=False,
                prompt_tokens=prompt_tokens,
                completion_tokens=0,
                answer="vectors",
                status=200,
                text="",
                calls=(),
            )
        )

    def shown(self) -> dict[str, object]:
        """`{"calls": [...], "totals": {...}}`."""
        return {
            "calls": [asdict(line) for line in self._lines],
            "totals": {
                "calls": len(self._lines),
                "chat": sum(line.kind == "chat" for line in self._lines),
                "embeddings": sum(line.kind == "embedding" for line in self._lines),
                "errors": sum(line.status >= 400 for line in self._lines),
                "prompt_tokens": sum(line.prompt_tokens for line in self._lines),
                "completion_tokens": sum(line.completion_tokens for line in self._lines),
            },
        }


def _names(tools: object) -> tuple[str, ...]:
    listed = tools if isinstance(tools, list) else []
    functions = (tool.get("function") for tool in listed if isinstance(tool, Mapping))
    return tuple(str(f.get("name")) for f in functions if isinstance(f, Mapping))
