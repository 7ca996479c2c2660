"""What a person types, as Slack sends it to an app."""

import re

from sandbox.slack.people import Person


def as_sent(text: str, people: dict[str, Person]) -> str:
    """`<`, `>` and `&` escaped; mentions, addresses and links marked.

    Already written mentions (`<@U0ANA>`, `<#C0SUPPORT>`) stay; `@Signoff` and `@Ana` become them.
    """
    parts = re.split(r"(<[@#][A-Z0-9]+>)", text)
    return "".join(
        part if index % 2 else _mark(_entities(part), people) for index, part in enumerate(parts)
    )


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"]")
_MAIL = re.compile(r"(?<![\w.@/:+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _mark(text: str, people: dict[str, Person]) -> str:
    names = {p.handle: p.id for p in people.values()}
    mention = re.compile(rf"(?<![\w@.])@({'|'.join(names)})(?![\w.@-]*@)\b", re.IGNORECASE)
    marked: list[str] = []
    for piece in re.split(rf"({_LINK.pattern})", text):
        if _LINK.fullmatch(piece):
            marked.append(f"<{piece}>")
            continue
        said = mention.sub(lambda found: f"<@{names[found[1].lower()]}>", piece)
        marked.append(_MAIL.sub(lambda found: f"<mailto:{found[0]}|{found[0]}>", said))
    return "".join(marked)
