"""What a rendered text may consist of, checked by a parser that is not ours."""

from html.parser import HTMLParser

ALLOWED = frozenset(
    [
        *(
            "a",
            "blockquote",
            "br",
            "code",
            "div",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
        ),
        *("pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "time", "tr", "ul"),
    ]
)
VOID = frozenset({"br", "hr"})
ATTRIBUTES = frozenset({"class", "href", "rel", "target"})
TARGETS = ("http://", "https://", "mailto:", "/?as=")
CLASSES = frozenset({"mention", "mention mention-all", "unknown", "table-scroll", "end", "middle"})


class Checker(HTMLParser):
    """`problems` names everything that should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.problems.append(f"tag {tag}")
        for name, value in attrs:
            self._attribute(name, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"unbalanced {tag}")

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"instruction {data}")

    def _attribute(self, name: str, value: str) -> None:
        if name not in ATTRIBUTES:
            self.problems.append(f"attribute {name}")
        if name == "class" and value not in CLASSES:
            self.problems.append(f"class {value}")
        if name == "href" and not value.lower().startswith(TARGETS):
            self.problems.append(f"href {value}")


def problems(html: str) -> list[str]:
    """Everything in `html` that no text may cause; empty when it is safe and balanced."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    return checker.problems + [f"never closed {name}" for name in checker.open]
