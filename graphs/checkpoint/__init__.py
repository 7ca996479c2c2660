"""Checkpoints on a plain Redis-protocol server, fenced (ADR 0005). Imports only `core`.

LangGraph decides at its import whether stored types are checked, and LangSmith whether it reports
home: this package is imported before either, and says yes and no (CVE-2026-28277).
"""

import os

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["LANGCHAIN_TRACING_V2"] = "false"
