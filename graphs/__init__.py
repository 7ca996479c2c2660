"""Thinking: the assistant and digest graphs, the Redis checkpointer, the runtime of turns.

The only room that imports `langgraph`. Must not hold: Slack, connectors' code, or a decision about
what is allowed.
"""
