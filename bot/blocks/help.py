"""What Signoff says about itself, in mrkdwn that needs no escaping."""

from __future__ import annotations

#: What stands after `/signoff`: the word, an example of what follows it, what it does.
COMMANDS = (
    ("help", "", "these lines"),
    ("status", "", "what I am doing for you and in this channel"),
    ("approvals", "", "what waits for you"),
    (
        "stop",
        "",
        "ends my work for you and in this channel; after it may stand `all`, an automation's "
        "name, or a link to a conversation",
    ),
    ("back", "LINK", "undoes what I did since the card or message it links to, and tries again"),
    ("resume", "all", "lets what was stopped go on"),
    ("why", "", "who allowed my last action here, and why"),
    ("can", "", "what I may do by myself, and who approves the rest"),
    ("digest", "", "writes today's digest into this channel"),
    ("delegate", "@sam until 2026-12-01", "somebody decides for you while you are away"),
    ("hand", "@sam", "hands what waits for you to somebody else"),
    ("elevate", "shop:stock 2h", "asks that you may use something for some hours"),
    ("policy", "", "proposes a change of the rules"),
    ("connector", "", "which connectors are new here, and asks to let one in"),
)

SUBCOMMANDS = tuple(word for word, _, _ in COMMANDS)

HELP = "\n".join(
    [
        "Mention me or write me a message. I read and answer with my sources, and I ask before "
        "money, outside mail and other people's data.",
        *(
            f"• `{' '.join(filter(None, ('/signoff', word, example)))}`: {does}"
            for word, example, does in COMMANDS
        ),
    ]
)


def unknown(subcommand: str) -> str:
    """For a word after /signoff that means nothing."""
    shown = subcommand[:40]
    return f"I don't know “{shown}”. After /signoff you can write: {', '.join(SUBCOMMANDS)}."
