"""The edges and the wiring: settings, bootstrap, Bolt app, listeners, Celery jobs, posts, commands.

The only room that imports slack_bolt, slack_sdk or celery (the sandbox apart). Must not hold:
decisions; those live in `approvals`, `tools` and `graphs`.
"""
