"""What we owe Slack, sent: one live message per `posts` row, and previews of answers before that.

`posting` has the poster, `previews` what a turn shows while it runs; the graph worker makes both.
They talk to Slack through `channel`, find what was sent before by `finding`, and ask for what comes
next by `followups`. What a message says is decided in `bot.render`.
"""
