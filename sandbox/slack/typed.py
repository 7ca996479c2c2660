"""What a person types, as Slack sends it to an app."""

import re
from collections.abc import Sequence

from sandbox.slack.people import Group, Person


def as_sent(text: str, people: dict[str, Person], groups: Sequence[Group] = ()) -> str:
    """`<`, `>` and `&` escaped; mentions, addresses and links marked.

    Already written mentions (`<@U0ANA>`, `<#C0SUPPORT>`, `<!subteam^S0FINANCE>`) stay; `@Signoff`,
    `@Ana` and `@finance-team` become them.
    """
    mentions = {person.handle: f"<@{person.id}>" for person in people.values()}
    mentions |= {one.handle: f"<!subteam^{one.id}>" for one in groups if not one.disabled}
    parts = re.split(r"(<(?:[@#]|!subteam\^)[A-Z0-9]+>)", text)
    return "".join(
        part if index % 2 else _mark(_entities(part), mentions) for index, part in enumerate(parts)
    )


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"]")
_MAIL = re.compile(r"(?<![\w.@/:+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _mark(text: str, mentions: dict[str, str]) -> str:
    names = "|".join(map(re.escape, mentions))
    mention = re.compile(rf"(?<![\w@.])@({names})(?![\w.@-]*@)\b", re.IGNORECASE)
    marked: list[str] = []
    for piece in re.split(rf"({_LINK.pattern})", text):
        if _LINK.fullmatch(piece):
            marked.append(f"<{piece}>")
            continue
        said = mention.sub(lambda found: mentions[found[1].lower()], piece)
        marked.append(_MAIL.sub(lambda found: f"<mailto:{found[0]}|{found[0]}>", said))
    return "".join(marked)
