"""Write docs/connectors: a page per connector, made from its declarations and its own refusals.

Run `python -m scripts.connector_pages` after a change of a connector; a test compares.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from approvals.people import People
from approvals.policy.file import load_policy
from bot.bootstrap import declare
from core.clock import SystemClock
from tools.contract import Connector, Effect, Retry, Tool

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "connectors"
_EFFECTS = {
    Effect.READ: "reads, changes nothing",
    Effect.REVERSIBLE: "changes something that can be put back",
    Effect.IRREVERSIBLE: "changes something for good",
}
_FINAL = "final: this call changed nothing"
_AFTER = {
    Retry.IDEMPOTENT: "*same key*: called again under the key of the first call, which the other "
    "side recognises{key_life}",
    Retry.VERIFIABLE: "*looked up*: we look whether it happened before we call again, no sooner "
    "than {settle_s:g} seconds after the last call may have been sent",
    Retry.NEITHER: "*asks you*: the attempt is not repeated; a person looks and says whether it "
    "happened",
}


def main() -> int:
    """Write every page. Returns 0."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


def pages() -> dict[str, str]:
    """Every page's text by its file name."""
    config = ROOT / "config"
    people = People.load(config / "people.yaml")
    registry = declare(people, load_policy(config / "policy.yaml"), SystemClock())
    return {f"{connector.name}.md": _page(connector) for connector in registry.connectors}


def _page(connector: Connector) -> str:
    package = importlib.import_module(f"tools.connectors.{connector.name}")
    parts = [
        f"<!-- Made by `python -m scripts.connector_pages`: change the declarations instead. -->\n"
        f"# {connector.name.capitalize()}",
        inspect.cleandoc(package.__doc__ or ""),
        f"Version {connector.version}. Code: `tools/connectors/{connector.name}`. At most "
        f"{connector.per_minute} calls a minute, all its tools and all workers together.",
        "## Settings",
        _settings(connector),
        "## Tools",
        *(_tool(tool) for tool in connector.tools),
        "## When it does not work",
        _failures(connector.name),
    ]
    return "\n\n".join(parts) + "\n"


def _settings(connector: Connector) -> str:
    if not connector.settings:
        return "None."
    rows = [
        f"| `{s.name}` | {s.about} | {'secret' if s.secret else ''} |" for s in connector.settings
    ]
    return "\n".join(
        [
            "Lines of the file that `SIGNOFF_SECRETS_FILE` names; only the tool worker opens it.",
            "",
            "| name | what it is | |",
            "| --- | --- | --- |",
            *rows,
        ]
    )


def _tool(tool: Tool) -> str:
    rows = [
        ("effect", _EFFECTS[tool.effect]),
        ("scopes", ", ".join(f"`{scope}`" for scope in tool.scopes)),
        ("one call may take", f"{tool.timeout_s:g} seconds"),
        ("calls a minute", str(tool.per_minute)),
        ("what it brings counts as", _yields(tool)),
    ]
    if tool.effect is not Effect.READ:
        rows += [
            ("after a crash or a lost answer", _after(tool)),
            ("undo", _undo(tool)),
            ("compared with its own record", _record(tool)),
            ("decide who or what is hit", ", ".join(f"`{name}`" for name in tool.authority) or "-"),
            *([("decides about a person", "yes: asked each time")] if tool.about_people else []),
            ("can reach outside the company", "yes" if tool.reaches_out else "no"),
        ]
    table = ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    about = inspect.cleandoc(tool.run.__doc__ or "")
    return "\n".join(
        [f"### `{tool.name}`: {tool.can}", "", about, "", *table, "", _arguments(tool)]
    )


def _yields(tool: Tool) -> str:
    trust = "trusted" if tool.yields.trusted else "not trusted"
    varies = "; less where what it found is less trusted" if tool.yields_of else ""
    return f"{tool.yields.words} ({trust}{varies})"


def _after(tool: Tool) -> str:
    days = (tool.key_life_s or 0) / 86_400
    key_life = f" for {days:g} day{'' if days == 1 else 's'}" if days else ""
    return _AFTER[tool.retry].format(key_life=key_life, settle_s=tool.settle_s or 0)


def _record(tool: Tool) -> str:
    if tool.record is None:
        return f"no: {tool.unrecorded}"
    if tool.record.both_ways:
        return "every five minutes, both ways: what we do not know of, and what is not there"
    return f"every five minutes; not compared: {tool.unrecorded}"


def _undo(tool: Tool) -> str:
    held = f"it waits {tool.hold_s} seconds first, and can be taken back until then"
    if tool.undo is None:
        return f"no, but {held}" if tool.hold_s else "no"
    name, _ = tool.undo(_Whatever(), _Whatever())  # type: ignore[arg-type]
    within = f"for {tool.undo_window_s // 60} minutes"
    back = f"yes, {within}: `{name}` puts it back, judged like any other action"
    return f"{back}; {held}" if tool.hold_s else back


class _Whatever:
    """Stands for any arguments and any result: only the name of the undoing tool is wanted."""

    def __getattr__(self, _name: str) -> Any:
        return _Whatever()

    def __getitem__(self, _key: object) -> Any:
        return _Whatever()

    def __neg__(self) -> Any:
        return _Whatever()


def _arguments(tool: Tool) -> str:
    lines = []
    for name, field in tool.args.model_fields.items():
        optional = "" if field.is_required() else " (may be left out)"
        lines.append(f"- `{name}`{optional}: {field.description or ''}".rstrip(": "))
    return "\n".join(["Arguments:", "", *lines])


@dataclass(frozen=True)
class _Failure:
    code: str
    sentence: str
    retried: str


def _failures(connector: str) -> str:
    folder = ROOT / "tools" / "connectors" / connector
    sources = sorted(folder.glob("*.py"))
    if any("connectors.link" in path.read_text() for path in sources):
        sources.append(folder.parent / "link.py")
    # In the shared link, sentences begin with the name of the system that is asked.
    system = f"The {connector} "
    found = {
        failure: failure
        for path in sources
        for failure in _read_failures(path, system if path.name == "link.py" else "… ")
    }
    if not found:
        return "It asks nobody outside and has no failures of its own."
    rows = sorted(found.values(), key=lambda f: (f.retried, f.code, f.sentence))
    return "\n".join(
        [
            "| what is said | code | what follows |",
            "| --- | --- | --- |",
            *(f"| {f.sentence} | {f.code} | {f.retried} |" for f in rows),
        ]
    )


def _read_failures(path: Path, system: str) -> Iterator[_Failure]:
    tree = ast.parse(path.read_text())
    constants = _constants(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "Refused":
                found = _refusals(node, constants)
            elif node.func.id == "Unavailable":
                found = iter([_outage(node, constants)])
            else:
                continue
            for failure in found:
                yield replace(failure, sentence=re.sub(r"^… ", system, failure.sentence))


def _refusals(call: ast.Call, constants: dict[str, Any]) -> Iterator[_Failure]:
    given = {k.arg: k.value for k in call.keywords}
    code = _words(given.get("code"), constants) or "refused"
    sentence = call.args[0]
    if isinstance(sentence, ast.Call):
        # `_SENTENCES.get(code, otherwise)`: every sentence of the table, then the other.
        table = constants[ast.unparse(sentence.func).partition(".")[0]]
        for each, words in table.items():
            yield _Failure(f"`{each}`", words, _FINAL)
        yield _Failure("its own", _words(sentence.args[1], constants), _FINAL)
        return
    yield _Failure(f"`{code}`", _words(sentence, constants), _FINAL)


def _outage(call: ast.Call, constants: dict[str, Any]) -> _Failure:
    given = {k.arg: k.value for k in call.keywords}
    reached = isinstance(given["reached"], ast.Constant) and given["reached"].value is False
    retried = (
        "tried again: this call did not arrive"
        if reached
        else "tried again as said under *after a crash*: this call may have arrived"
    )
    return _Failure("", _words(call.args[0], constants), retried)


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Names given a sentence or a table of sentences anywhere in the module."""
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        if isinstance(node.value, ast.JoinedStr):
            found[node.targets[0].id] = _words(node.value, {})
        elif isinstance(node.value, ast.Dict | ast.Constant):
            with contextlib.suppress(ValueError):
                found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def _words(node: ast.expr | None, constants: dict[str, Any]) -> str:
    """A sentence as the code writes it; what is put in at run time is shown as `…`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    if isinstance(node, ast.Name):
        return str(constants.get(node.id, "…"))
    return ""


if __name__ == "__main__":
    sys.exit(main())
