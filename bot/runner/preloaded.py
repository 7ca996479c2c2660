"""What our processes import: imported by the fork server (`nursery.py`), and by nothing else."""

import gc
from importlib import import_module

for _module in (
    "bot.commands.serve",
    "bot.graph_jobs",
    "bot.keeping",
    "bot.serving",
    "bot.tool_jobs",
    "bot.workers",
    "celery.apps.worker",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "kombu.transport.redis",
    "llm.client",
    "llm.config",
    "memory.index",
    "memory.notes",
    "sqlalchemy.dialects.sqlite",
):
    import_module(_module)

# What is imported lives as long as the process: its pages stay shared with the children.
gc.collect()
gc.freeze()
