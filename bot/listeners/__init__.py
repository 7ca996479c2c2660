"""Slack's payloads into our words and back; each module has `register(app, edge)`.

Nothing is decided here: listeners read the payload, call `bot.intake` or `approvals` in one
transaction on a thread, and acknowledge.
"""
