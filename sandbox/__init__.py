"""The practice workspace: local counterparts of what Signoff talks to.

A Slack-compatible server with a web page, the offline rehearsal model, and a small office (shop,
mailbox, calendar, documents). Each is a process of its own, started with `python -m sandbox NAME`.

Must not hold: product logic. Nothing of the product imports this package; tests may.
"""
