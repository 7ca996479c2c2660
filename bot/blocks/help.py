"""What Signoff says about itself."""

from __future__ import annotations

HELP = (
    "Mention me or DM me. status what I'm doing · approvals waiting for you · stop stop my work "
    "(anyone may), or stop all, an automation or a linked conversation · resume let that go on · "
    "why who allowed it · can what I may do for you and who approves · digest · "
    "delegate @sam until 2026-12-01 while you are away · hand @sam what waits for you · "
    "elevate shop:stock 2h for a scope for a time · policy to change it. "
    "I ask before money, outside mail and other people's data."
)
SUBCOMMANDS = (
    "help",
    "status",
    "approvals",
    "stop",
    "resume",
    "why",
    "can",
    "digest",
    "delegate",
    "hand",
    "elevate",
    "policy",
)


def unknown(subcommand: str) -> str:
    """For a word after /signoff that means nothing."""
    shown = subcommand[:40]
    return f"I don't know “{shown}”. After /signoff you can write: {', '.join(SUBCOMMANDS)}."
