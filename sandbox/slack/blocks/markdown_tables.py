"""Tables in Markdown: a header row, a row of dashes, body rows."""

import re

_DASHES = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELL_END = re.compile(r"(?<!\\)\|")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")


def is_table(lines: list[str], at: int) -> bool:
    """Line `at` has cells and the line below has dashes for as many."""
    if at + 1 >= len(lines) or "|" not in lines[at] or "|" not in lines[at + 1]:
        return False
    return bool(_DASHES.fullmatch(lines[at + 1])) and len(cells(lines[at])) == len(
        cells(lines[at + 1])
    )


def end_of(lines: list[str], at: int) -> int:
    """The line after the table that starts at line `at`."""
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    return end


def cells(line: str) -> list[str]:
    row = line.strip()
    inner = row.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(inner)]


def fence(line: str) -> str:
    """The mark that begins, and then ends, a block of code; empty on any other line."""
    found = _FENCE.match(line)
    return found[1] if found else ""


def sizes(text: str) -> list[tuple[int, int]]:
    """(rows with the header, columns) of every table outside of code."""
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[tuple[int, int]] = []
    at, code = 0, ""
    while at < len(lines):
        if code:
            code = "" if lines[at].lstrip().startswith(code) else code
        elif is_table(lines, at):
            end = end_of(lines, at)
            found.append((end - at - 1, len(cells(lines[at]))))
            at = end - 1
        else:
            code = fence(lines[at])
        at += 1
    return found
