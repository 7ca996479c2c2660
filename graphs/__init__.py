"""Thinking: the assistant and digest graphs, the Redis checkpointer, the runtime of turns.

The only room that imports `langgraph`. Must not hold: Slack, connectors' code, or a decision about
what is allowed.
"""

import os

# LangGraph decides at its import whether stored types are checked (CVE-2026-28277), and LangSmith
# whether it reports home: here is the last place before either.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"
