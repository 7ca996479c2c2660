"""A Slack-compatible server for one practice workspace, and the control API that moves it.

Real slack_sdk and slack_bolt talk to it as they talk to Slack: Web API, Socket Mode, signed HTTP
delivery. Must not hold: any knowledge of what the connected app does.
"""
