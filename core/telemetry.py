"""Structured logs on standard error, one JSON line each, with secrets masked (R187, R194)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEY = re.compile(r"(^|_)token$|secret|password|authorization|api_key|signing|cookie", re.I)
_SECRET_VALUE = re.compile(
    r"(xox[a-z]-|xapp-|sk-)[A-Za-z0-9-]{4,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|Bearer\s+\S+"
)
MASK = "•••"


def mask(value: Any) -> Any:
    """The value with anything that looks like a credential replaced by `•••`."""
    if isinstance(value, str):
        return _SECRET_VALUE.sub(MASK, value)
    if isinstance(value, dict):
        return {k: MASK if _SECRET_KEY.search(str(k)) else mask(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item) for item in value]
    return value


def _mask_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key in list(event):
        event[key] = MASK if _SECRET_KEY.search(key) else mask(event[key])
    return event


def configure_logs(process: str, level: str = "INFO") -> None:
    """Send structlog's and the standard library's records to standard error as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)
