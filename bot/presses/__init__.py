"""What people press and fill in on our messages: checked against the rows, then decided, once.

`clicks` and `submitted` tell which press or form it was, and record it in the transaction that acts
on it; beside them a module for each thing that can be pressed, with what its message shows. Slack's
payloads are read in `bot.listeners`; who may do what is decided in `approvals` and `tools`.
"""
